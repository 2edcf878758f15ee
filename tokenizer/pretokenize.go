package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// preTokenizer cuts a piece into smaller ones, and may rewrite them.
type preTokenizer interface {
	split(p piece, emit func(piece))
}

// sequence runs each pre-tokenizer on what the one before emits.
type sequence []preTokenizer

func (s sequence) split(p piece, emit func(piece)) {
	switch len(s) {
	case 0:
		emit(p)
	case 1:
		s[0].split(p, emit)
	default:
		s[0].split(p, func(q piece) { s[1:].split(q, emit) })
	}
}

// behavior says which pieces a splitter makes of matches and of the text between.
type behavior int

const (
	isolated behavior = iota // each match is a piece
	removed                  // matches are left out
	mergedWithPrevious
	mergedWithNext
	contiguous // neighbouring matches are one piece
)

// splitter cuts at a pattern's matches.
type splitter struct {
	pattern  pattern
	behavior behavior
	invert   bool // what lies between the matches counts as the matches
}

func (s splitter) split(p piece, emit func(piece)) {
	emitPart := func(start, end int) {
		if start < end {
			emit(p.slice(start, end))
		}
	}
	if scan, ok := s.pattern.(scanned); ok && s.behavior == isolated { // matches without gaps need no parts
		for i := 0; i < len(p.text); {
			j := scan.next(p.text, i)
			emit(p.slice(i, j))
			i = j
		}
		return
	}
	switch s.behavior {
	case isolated, removed:
		s.parts(p.text, func(start, end int, match bool) {
			if !match || s.behavior == isolated {
				emitPart(start, end)
			}
		})
	case contiguous:
		from, to, before := 0, 0, false
		s.parts(p.text, func(start, end int, match bool) {
			if match != before {
				emitPart(from, to)
				from = start
			}
			to, before = end, match
		})
		emitPart(from, to)
	case mergedWithPrevious:
		from, to, before := 0, 0, false
		s.parts(p.text, func(start, end int, match bool) {
			if !match || before {
				emitPart(from, to)
				from = start
			}
			to, before = end, match
		})
		emitPart(from, to)
	case mergedWithNext:
		from, open := 0, false // open: the piece that begins at from is a match
		s.parts(p.text, func(start, end int, match bool) {
			if match && open {
				emitPart(from, start)
				from = start
			}
			open = match
			if !match {
				emitPart(from, end)
				from = end
			}
		})
		emitPart(from, len(p.text))
	}
}

// parts calls part with each match and with the text between matches, in order.
func (s splitter) parts(text string, part func(start, end int, match bool)) {
	done := 0
	s.pattern.find(text, func(start, end int) {
		if done < start {
			part(done, start, s.invert)
		}
		if start < end {
			part(start, end, !s.invert)
		}
		done = end
	})
	if done < len(text) {
		part(done, len(text), s.invert)
	}
}

// digits finds numeric characters one by one.
type digits struct{}

func (digits) find(s string, found func(start, end int)) {
	for i := 0; i < len(s); {
		if b := s[i]; b < utf8.RuneSelf {
			if '0' <= b && b <= '9' {
				found(i, i+1)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if isNumeric(r) {
			found(i, i+n)
		}
		i += n
	}
}

// byteLevel comes before a byte-level model, which looks up bytes itself, so that
// text needn't be rewritten. It adds a space before the text and cuts the text
// into words, if the file says so.
type byteLevel struct{ prefixSpace, words bool }

func (b byteLevel) split(p piece, emit func(piece)) {
	if b.prefixSpace && !strings.HasPrefix(p.text, " ") {
		p = p.prepend(" ")
	}
	if b.words {
		splitter{pattern: scanned{gpt2Scanner{}}}.split(p, emit)
		return
	}
	emit(p)
}

// prefixScheme says which pieces of a text get a Metaspace mark before them.
type prefixScheme int

const (
	prefixAlways prefixScheme = iota
	prefixFirst               // only the piece that begins the text
	prefixNever
)

// metaspace replaces spaces by a mark, as SentencePiece does, and cuts the text
// before each mark.
type metaspace struct {
	mark   string
	prefix prefixScheme
	cut    bool // false: the text isn't cut
}

func (m metaspace) split(p piece, emit func(piece)) {
	p = replaceNormalizer{literal(" "), m.mark}.normalize(p)
	if m.prefix == prefixAlways || m.prefix == prefixFirst && p.offset() == 0 {
		if !strings.HasPrefix(p.text, m.mark) {
			p = p.prepend(m.mark)
		}
	}
	if m.cut {
		splitter{pattern: literal(m.mark), behavior: mergedWithNext}.split(p, emit)
		return
	}
	emit(p)
}
