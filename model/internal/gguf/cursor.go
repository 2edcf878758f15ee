package gguf

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
)

// cursor reads a file from front to back. The first error is kept in err; after it
// every value read is zero.
type cursor struct {
	file string
	data []byte
	pos  int
	err  error
}

func (c *cursor) fail(field, found, want string) {
	if c.err == nil {
		c.err = badinput.New(c.file, field, found, want)
	}
}

// take returns the next n bytes. If fewer are left it fails and returns nil. field
// names them in the error.
func (c *cursor) take(field string, n uint64) []byte {
	if c.err != nil {
		return nil
	}
	if left := uint64(len(c.data) - c.pos); n > left {
		c.fail(field, fmt.Sprintf("the end of the file after %d bytes", left), strconv.FormatUint(n, 10)+" bytes")
		return nil
	}
	b := c.data[c.pos : c.pos+int(n)]
	c.pos += int(n)
	return b
}

func (c *cursor) u32(field string) uint32 {
	if b := c.take(field, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64(field string) uint64 {
	if b := c.take(field, 8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// name reads a name: its length, from 1 to limit bytes, and its bytes.
func (c *cursor) name(field string, limit uint64) string {
	n := c.u64(field + ": length")
	if c.err == nil && (n == 0 || n > limit) {
		c.fail(field+": length", strconv.FormatUint(n, 10), fmt.Sprintf("a number from 1 to %d", limit))
	}
	b := c.take(field, n)
	if !utf8.Valid(b) {
		c.fail(field, strconv.Quote(string(b[:min(len(b), 64)])), "UTF-8")
	}
	return string(b)
}

// count reads a number of items, each of which takes at least size bytes of the file.
// It is refused if the rest of the file can't hold so many, or if it exceeds limit.
func (c *cursor) count(field string, limit, size uint64) int {
	n := c.u64(field)
	if left := uint64(len(c.data) - c.pos); c.err == nil && n > min(limit, left/size) {
		c.fail(field, strconv.FormatUint(n, 10), fmt.Sprintf("at most %d, or as many as the file's %d bytes hold", limit, left))
	}
	if c.err != nil {
		return 0
	}
	return int(n)
}
