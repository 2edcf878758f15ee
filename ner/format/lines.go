package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/medner/medner/internal/jsontext"
)

// errLongLine says that a line was longer than the limit. The line is skipped.
var errLongLine = errors.New("line too long")

// lines reads a file line by line.
type lines struct {
	in     *bufio.Reader
	max    int    // bytes of a line
	number int    // of the line that next returned last, from 1
	buf    []byte // what next returned last
	err    error  // and with which error
	again  bool   // next returns both once more
}

func newLines(in *bufio.Reader, max int) *lines { return &lines{in: in, max: max} }

// next returns the next line without its "\n" or "\r\n". The bytes are valid until
// the next call.
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

// unread makes next return the same line again.
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
		case err == io.EOF && len(buf) == 0 && !long:
			return buf, io.EOF
		case err != nil && err != io.EOF:
			return buf, err
		case long:
			return buf, errLongLine
		}
		buf = bytes.TrimSuffix(buf, []byte("\n"))
		buf = bytes.TrimSuffix(buf, []byte("\r"))
		// A file may be several others, one after another, each with its mark.
		return bytes.TrimPrefix(buf, byteOrderMark), nil
	}
}

// textWanted returns what is expected in place of what badText found. Text in
// another encoding is mostly Windows's.
func textWanted(bad string) string {
	if strings.HasPrefix(bad, `\u`) {
		return jsontext.Wanted
	}
	if strings.HasPrefix(bad, invalidUTF8) {
		return "UTF-8 text (iconv -f WINDOWS-1252 -t UTF-8 makes it of most Windows files)"
	}
	return "UTF-8 text"
}

const invalidUTF8 = "invalid UTF-8"

// badJSONText returns what keeps the strings of JSON from being text; "" if they are.
func badJSONText(raw []byte) string {
	if bad := badText(raw); bad != "" {
		return bad
	}
	if escape, at := jsontext.LoneSurrogate(raw); escape != "" {
		return fmt.Sprintf("%s, at byte %d", jsontext.Found(escape), at)
	}
	return ""
}

// badText returns what keeps b from being UTF-8 text; "" if it is.
func badText(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return fmt.Sprintf("a NUL byte at byte %d", i)
	}
	if utf8.Valid(b) {
		return ""
	}
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size <= 1 {
			return fmt.Sprintf(invalidUTF8+" at byte %d", i)
		}
		i += size
	}
	return ""
}
