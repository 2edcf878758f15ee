package document

import (
	"sort"
	"unicode/utf8"
)

// Index converts offsets in one text between code points and bytes. It takes an
// eighth of the text's memory at most, and none for ASCII. It may be used by
// several goroutines at once.
type Index struct {
	text string
	// starts has the byte offsets of the code points 0, stride, 2·stride, …;
	// nil for ASCII, where both offsets are the same.
	starts []int
	length int // in code points
}

const stride = 64

// NewIndex makes the index of a text, which must be valid UTF-8, in one pass.
func NewIndex(text string) *Index {
	x := &Index{text: text, length: utf8.RuneCountInString(text)}
	if x.length == len(text) {
		return x
	}
	x.starts = make([]int, 0, x.length/stride+1)
	n := 0
	for i := range text {
		if n%stride == 0 {
			x.starts = append(x.starts, i)
		}
		n++
	}
	return x
}

// Len returns the text's length in code points.
func (x *Index) Len() int { return x.length }

// Byte returns the byte offset of code point n; n is from 0 to [Index.Len].
func (x *Index) Byte(n int) int {
	if x.starts == nil {
		return n
	}
	if n >= x.length {
		return len(x.text)
	}
	b := x.starts[n/stride]
	for range n % stride {
		_, size := utf8.DecodeRuneInString(x.text[b:])
		b += size
	}
	return b
}

// CodePoint returns how many code points start before byte b, and whether a
// code point starts, or the text ends, at b. It returns 0 and false where b lies
// outside the text.
func (x *Index) CodePoint(b int) (n int, boundary bool) {
	if b < 0 || b > len(x.text) {
		return 0, false
	}
	if x.starts == nil {
		return b, true
	}
	i := max(sort.SearchInts(x.starts, b+1)-1, 0)
	n, at := i*stride, x.starts[i]
	for at < b {
		_, size := utf8.DecodeRuneInString(x.text[at:])
		at += size
		n++
	}
	return n, at == b
}

// Slice returns the text of a span, and whether the span lies within the text.
func (x *Index) Slice(s Span) (string, bool) {
	if s.Start < 0 || s.End < s.Start || s.End > x.length {
		return "", false
	}
	return x.text[x.Byte(s.Start):x.Byte(s.End)], true
}
