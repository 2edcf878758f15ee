package document

import (
	"sort"
	"unicode/utf8"
)

// Index converts between code points and bytes of one text. Building it takes
// one pass; for ASCII it holds nothing.
type Index struct {
	text string
	// starts holds the byte offset of every stride-th code point; nil for ASCII.
	starts []int
	length int
}

const stride = 64

// NewIndex indexes text, which is valid UTF-8.
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

// Len is the text's length in code points.
func (x *Index) Len() int { return x.length }

// Byte returns where in bytes code point n starts, 0 <= n <= Len().
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

// CodePoint returns the number of code points before byte b, and whether a
// code point starts (or the text ends) there.
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

// Slice returns the text of a span, and whether the span lies in the text.
func (x *Index) Slice(s Span) (string, bool) {
	if s.Start < 0 || s.End < s.Start || s.End > x.length {
		return "", false
	}
	return x.text[x.Byte(s.Start):x.Byte(s.End)], true
}
