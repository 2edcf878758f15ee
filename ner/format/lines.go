package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// errLongLine is a line over the limit; it has been skipped.
var errLongLine = errors.New("line too long")

// lines delivers the lines of a file, each at most max bytes.
type lines struct {
	in     *bufio.Reader
	max    int
	number int // of the line delivered last, from 1
	buf    []byte
	again  bool
	err    error // what the last call returned
}

func newLines(in *bufio.Reader, max int) *lines { return &lines{in: in, max: max} }

// next returns the next line without its "\n" or "\r\n"; it is valid until the
// call after.
func (l *lines) next() ([]byte, error) {
	if l.again {
		l.again = false
		return l.buf, l.err
	}
	l.buf, l.err = l.read()
	if l.err == nil || errors.Is(l.err, errLongLine) {
		l.number++
	}
	return l.buf, l.err
}

// unread makes next deliver the same line again.
func (l *lines) unread() { l.again = true }

func (l *lines) read() ([]byte, error) {
	buf, long := l.buf[:0], false
	for {
		part, err := l.in.ReadSlice('\n')
		if len(buf)+len(part) > l.max {
			long = true
			buf = buf[:0]
		}
		if !long {
			buf = append(buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(buf) == 0 && !long: //nolint:errorlint // bufio returns it bare
			return buf, io.EOF
		case err != nil && err != io.EOF: //nolint:errorlint // bufio returns it bare
			return buf, err
		case long:
			return buf, errLongLine
		}
		buf = bytes.TrimSuffix(buf, []byte("\n"))
		return bytes.TrimSuffix(buf, []byte("\r")), nil
	}
}

// badText says what makes b no text, or "".
func badText(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return fmt.Sprintf("a NUL byte at byte %d", i)
	}
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size <= 1 {
			return fmt.Sprintf("invalid UTF-8 at byte %d", i)
		}
		i += size
	}
	return ""
}

// quote shows a piece of input in a message, shortened.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most]
		for len(s) > 0 && !utf8.ValidString(s) && len(s) > most-utf8.UTFMax {
			s = s[:len(s)-1]
		}
		s += "…"
	}
	return fmt.Sprintf("%q", s)
}

// place names a line and, where it is known, a document.
func place(line int, doc string, more ...string) string {
	s := fmt.Sprintf("line %d", line)
	if doc != "" {
		s += " (document " + strings.Trim(quote(doc), `"`) + ")"
	}
	for _, m := range more {
		s += ": " + m
	}
	return s
}
