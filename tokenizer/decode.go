package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// A decoder is a chain of steps. Each step gets tokens one by one from the step
// before it, and emits text as soon as that text can't change any more. A step
// that joins the tokens (Fuse, ByteLevel) emits parts of one long token; the steps
// behind it must treat the parts as one.
type step interface {
	push(token string, emit func(string))
	// flush emits what is left when the last token was pushed.
	flush(emit func(string))
	// inner returns the bytes that a token adds to a text with other tokens
	// before and behind it.
	inner(token string) string
}

// newStep returns a step that no token was pushed to.
type newStep func() step

// spaceStep is the decoder of files that name none: it puts spaces between tokens.
type spaceStep struct{ started bool }

func (s *spaceStep) push(token string, emit func(string)) {
	if s.started {
		token = " " + token
	}
	s.started = true
	emit(token)
}

func (s *spaceStep) flush(func(string)) {}

func (s *spaceStep) inner(token string) string { return " " + token }

// fuseStep joins all tokens to one.
type fuseStep struct{}

func (fuseStep) push(token string, emit func(string)) { emit(token) }
func (fuseStep) flush(func(string))                   {}
func (fuseStep) inner(token string) string            { return token }

// byteLevelStep turns tokens into bytes and the bytes into text.
type byteLevelStep struct{ pending []byte }

func (s *byteLevelStep) push(token string, emit func(string)) {
	s.pending = append(s.pending, s.inner(token)...)
	s.out(emit, false)
}

func (s *byteLevelStep) flush(emit func(string)) { s.out(emit, true) }

func (s *byteLevelStep) inner(token string) string {
	if raw, ok := tokenBytes(token); ok {
		return string(raw)
	}
	return token
}

// out emits the pending bytes that more bytes can't change: whole characters, and
// one U+FFFD for each longest run of bytes that begins a character but isn't
// followed by the rest of it. At the end of the text it emits all.
func (s *byteLevelStep) out(emit func(string), end bool) {
	var text strings.Builder
	b := s.pending
	for len(b) > 0 {
		if r, n := utf8.DecodeRune(b); r != utf8.RuneError || n > 1 {
			text.Write(b[:n])
			b = b[n:]
			continue
		}
		n, open := invalidPrefix(b)
		if open && !end {
			break
		}
		text.WriteRune(utf8.RuneError)
		b = b[n:]
	}
	s.pending = append(s.pending[:0], b...)
	if text.Len() > 0 {
		emit(text.String())
	}
}

// invalidPrefix returns the length n of the longest beginning of b that is also
// the beginning of a character, or 1 if there is none. b doesn't begin with a
// whole character. open is true if b ends before the character does.
func invalidPrefix(b []byte) (n int, open bool) {
	lo, hi := byte(0x80), byte(0xbf) // the range of the character's second byte
	size := 0
	switch c := b[0]; {
	case 0xc2 <= c && c <= 0xdf:
		size = 2
	case 0xe0 <= c && c <= 0xef:
		size = 3
		if c == 0xe0 {
			lo = 0xa0
		} else if c == 0xed {
			hi = 0x9f
		}
	case 0xf0 <= c && c <= 0xf4:
		size = 4
		if c == 0xf0 {
			lo = 0x90
		} else if c == 0xf4 {
			hi = 0x8f
		}
	default:
		return 1, false
	}
	for n = 1; n < size; n++ {
		if n == len(b) {
			return n, true
		}
		if b[n] < lo || hi < b[n] {
			break
		}
		lo, hi = 0x80, 0xbf
	}
	return n, false
}

// byteFallbackStep joins neighbouring tokens of the form <0xXX>: to text if their
// bytes are valid UTF-8, otherwise to one U+FFFD each.
type byteFallbackStep struct{ pending []byte }

func (s *byteFallbackStep) push(token string, emit func(string)) {
	if b, ok := fallbackByte(token); ok {
		s.pending = append(s.pending, b)
		return
	}
	s.flush(emit)
	emit(token)
}

func (s *byteFallbackStep) flush(emit func(string)) {
	if len(s.pending) == 0 {
		return
	}
	if utf8.Valid(s.pending) {
		emit(string(s.pending))
	} else {
		for range s.pending {
			emit(string(utf8.RuneError))
		}
	}
	s.pending = s.pending[:0]
}

func (s *byteFallbackStep) inner(token string) string {
	if b, ok := fallbackByte(token); ok {
		return string([]byte{b})
	}
	return token
}

// fallbackByte returns the byte that a token of the form <0xXX> stands for.
func fallbackByte(token string) (byte, bool) {
	if len(token) != len("<0x00>") || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	value := 0
	for _, c := range []byte(token[3:5]) {
		switch {
		case '0' <= c && c <= '9':
			value = value<<4 | int(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			value = value<<4 | int(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return byte(value), true
}

// replaceStep replaces from by to inside each token or, if joined, in all tokens
// as one text.
type replaceStep struct {
	from, to string
	joined   bool
	pending  string // if joined: the end of the text, which may begin a match
}

func (s *replaceStep) push(token string, emit func(string)) {
	if !s.joined {
		emit(strings.ReplaceAll(token, s.from, s.to))
		return
	}
	text := s.pending + token
	var out strings.Builder
	for {
		i := strings.Index(text, s.from)
		if i < 0 {
			break
		}
		out.WriteString(text[:i] + s.to)
		text = text[i+len(s.from):]
	}
	keep := min(len(s.from)-1, len(text))
	for keep > 0 && !strings.HasPrefix(s.from, text[len(text)-keep:]) {
		keep--
	}
	out.WriteString(text[:len(text)-keep])
	s.pending = text[len(text)-keep:]
	if out.Len() > 0 {
		emit(out.String())
	}
}

func (s *replaceStep) flush(emit func(string)) {
	if s.pending != "" {
		emit(s.pending)
		s.pending = ""
	}
}

func (s *replaceStep) inner(token string) string { return strings.ReplaceAll(token, s.from, s.to) }

// stripStep removes content up to start times from the beginning and up to stop
// times from the end of each token or, if joined, of all tokens as one text.
type stripStep struct {
	content     string
	start, stop int
	joined      bool
	taken       int  // if joined: how often content was removed from the beginning
	inside      bool // if joined: other text than content was seen
	pending     int  // if joined: how often content stands at the end, not emitted yet
}

func (s *stripStep) push(token string, emit func(string)) {
	if !s.joined {
		for i := 0; i < s.start && strings.HasPrefix(token, s.content); i++ {
			token = token[len(s.content):]
		}
		for i := 0; i < s.stop && strings.HasSuffix(token, s.content); i++ {
			token = token[:len(token)-len(s.content)]
		}
		emit(token)
		return
	}
	for !s.inside && s.taken < s.start && strings.HasPrefix(token, s.content) {
		token = token[len(s.content):]
		s.taken++
	}
	if token == "" {
		return
	}
	s.inside = true
	token = strings.Repeat(s.content, s.pending) + token
	s.pending = 0
	for s.pending < s.stop && strings.HasSuffix(token, s.content) {
		token = token[:len(token)-len(s.content)]
		s.pending++
	}
	if token != "" {
		emit(token)
	}
}

func (s *stripStep) flush(func(string)) {}

func (s *stripStep) inner(token string) string {
	if !s.joined {
		s.push(token, func(t string) { token = t })
	}
	return token
}

// metaspaceStep replaces each mark by a space. If drop is true, marks of the first
// token, or of all tokens if joined, are removed: the pre-tokenizer added one.
type metaspaceStep struct {
	mark    string
	drop    bool
	joined  bool
	started bool
}

func (s *metaspaceStep) push(token string, emit func(string)) {
	to := " "
	if s.drop && (s.joined || !s.started) {
		to = ""
	}
	s.started = true
	emit(strings.ReplaceAll(token, s.mark, to))
}

func (s *metaspaceStep) flush(func(string)) {}

func (s *metaspaceStep) inner(token string) string { return strings.ReplaceAll(token, s.mark, " ") }
