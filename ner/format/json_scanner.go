package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// jsonScanner cuts JSON into values by matching brackets and quotes, without
// parsing them, so that a value which is malformed inside spoils no other.
type jsonScanner struct {
	in   *bufio.Reader
	max  int // bytes of a value
	line int // of the next byte, from 1
}

var errDeepJSON = fmt.Errorf("values nested over %d deep", maxDepth)

// peek returns the next byte that is not white space.
func (s *jsonScanner) peek() (byte, error) {
	for {
		c, err := s.in.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return c, s.in.UnreadByte()
		}
	}
}

// skip drops the byte that peek returned.
func (s *jsonScanner) skip() { _, _ = s.in.ReadByte() }

// value reads one value, and a malformed one up to where its brackets close. A
// value that is too large or too deep is read to its end too, and then refused. If the file can't be read on, the error is final.
func (s *jsonScanner) value() ([]byte, error) {
	var buf []byte
	depth, inString, escaped := 0, false, false
	var refused error
	for {
		c, err := s.in.ReadByte()
		if err != nil {
			if errors.Is(err, io.EOF) && depth == 0 && !inString && len(buf) > 0 {
				return bytes.TrimSpace(buf), refused
			}
			if !errors.Is(err, io.EOF) {
				err = final{err}
			}
			return buf, err
		}
		if !inString && depth == 0 && (c == ',' || c == ':' || c == ']' || c == '}') {
			return bytes.TrimSpace(buf), errors.Join(refused, s.in.UnreadByte())
		}
		if len(buf) < s.max {
			buf = append(buf, c)
		} else if refused == nil {
			refused = fmt.Errorf("a value of more than %d bytes", s.max)
		}
		switch {
		case c == '\n':
			s.line++
			inString, escaped = false, false // no string goes on over a line's end
		case escaped:
			escaped = false
		case inString:
			escaped = c == '\\'
			if c == '"' {
				inString = false
				if depth == 0 {
					return bytes.TrimSpace(buf), refused
				}
			}
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth && refused == nil {
				refused = errDeepJSON
			}
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return bytes.TrimSpace(buf), refused
			}
		}
	}
}
