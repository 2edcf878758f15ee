package format

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
)

// utf16Reader makes UTF-8 of UTF-16. A surrogate without its partner is an error.
type utf16Reader struct {
	name   string
	in     *bufio.Reader
	big    bool   // the high byte of each unit comes first
	at     int64  // bytes read
	ready  []byte // UTF-8 that is not delivered yet
	buffer [4096]byte
	err    error // what comes behind ready
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	if len(u.ready) == 0 {
		u.fill()
	}
	if len(u.ready) == 0 {
		return 0, u.err
	}
	n := copy(p, u.ready)
	u.ready = u.ready[n:]
	return n, nil
}

// fill decodes characters until the buffer is full or there are no more.
func (u *utf16Reader) fill() {
	out := u.buffer[:0]
	for u.err == nil && len(out) <= len(u.buffer)-utf8.UTFMax {
		var r rune
		if r, u.err = u.character(); u.err == nil {
			out = utf8.AppendRune(out, r)
		}
	}
	u.ready = out
}

// character reads a character of one or two units.
func (u *utf16Reader) character() (rune, error) {
	first, err := u.unit()
	if err != nil || !utf16.IsSurrogate(first) {
		return first, err
	}
	second, err := u.unit()
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
		return r, nil
	}
	return 0, badinput.New(u.name, fmt.Sprintf("byte %d", u.at), "a surrogate without its partner", "UTF-16")
}

// unit reads a unit of two bytes.
func (u *utf16Reader) unit() (rune, error) {
	var b [2]byte
	n, err := io.ReadFull(u.in, b[:])
	u.at += int64(n)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && n == 1:
		return 0, badinput.New(u.name, fmt.Sprintf("byte %d", u.at), "an odd number of bytes", "UTF-16")
	case err != nil:
		return 0, err
	case u.big:
		return rune(b[0])<<8 | rune(b[1]), nil
	}
	return rune(b[1])<<8 | rune(b[0]), nil
}
