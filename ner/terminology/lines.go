package terminology

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxLine bounds the bytes of a line of a source.
const maxLine = 4 << 20

// nextLine returns the next line without its line end, and io.EOF after the last.
// The bytes are valid until the next call.
func (p *parser) nextLine() ([]byte, error) {
	line, err := p.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		long := append([]byte(nil), line...)
		for errors.Is(err, bufio.ErrBufferFull) && len(long) <= maxLine {
			line, err = p.in.ReadSlice('\n')
			long = append(long, line...)
		}
		line = long
	}
	p.line++
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return nil, io.EOF
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull):
		return nil, err
	case len(line) > maxLine:
		return nil, p.bad("", fmt.Sprintf("more than %d bytes", maxLine), "a line")
	case !utf8.Valid(line):
		return nil, p.bad("", "invalid UTF-8", "UTF-8 text")
	}
	return bytes.TrimRight(line, "\r\n"), p.tick()
}
