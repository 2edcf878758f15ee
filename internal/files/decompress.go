package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/medner/medner/badinput"
)

// A compressed stream is taken for a decompression bomb if it has given more than
// expandFreely bytes and more than maxRatio times as many as it took: text
// compresses to a tenth, and seldom to a fiftieth.
const (
	maxRatio     = 200
	expandFreely = 16 << 20
)

// maxWindow bounds the window of a zstd stream, which has to be held in memory, in
// bytes. The zstd program reads no more either, unless it is told to.
const maxWindow = 128 << 20

// peekSize is how many bytes of what Decompress returns can be peeked at.
const peekSize = 64 << 10

// Decompress returns what r delivers, decompressed where it begins as a gzip or a
// zstd stream does; whatever the name of the file, which stands in errors. Of the
// reader that it returns, 64 KiB can be peeked at. The closer frees memory; it
// doesn't close r.
//
// A stream may have several members (gzip) or frames (zstd), one after another.
// What is damaged, cut off, or unpacks to more than 200 times its size gives a
// *badinput.Error with its place in the file, after all bytes before that place.
func Decompress(name string, r io.Reader) (*bufio.Reader, io.Closer, error) {
	raw := &tallyReader{r: r}
	in := bufio.NewReaderSize(raw, peekSize)
	u := &unpacker{name: name, raw: raw, in: in}
	magic, err := in.Peek(4)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	case bytes.HasPrefix(magic, gzipMagic):
		u.kind, u.stream = "gzip", &members{in: in}
	case isZstd(magic):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, badinput.Wrap(name, "zstd", err)
		}
		u.kind, u.stream, u.free = "zstd", z, z.Close
	default:
		return in, u, nil
	}
	return bufio.NewReaderSize(u, peekSize), u, nil
}

var gzipMagic = []byte{0x1f, 0x8b}

// isZstd tells whether a frame of zstd begins with head. Frames that are to be
// skipped stand before and behind others.
func isZstd(head []byte) bool {
	return len(head) >= 4 && (bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")) || head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte("\x2a\x4d\x18")))
}

// Compressed names the compression that Decompress knows in which a file is, by its
// first bytes; "" for none.
func Compressed(head []byte) string {
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		return "gzip"
	case isZstd(head):
		return "zstd"
	}
	return ""
}

// tallyReader counts the bytes read, and keeps the error that ended them.
type tallyReader struct {
	r   io.Reader
	n   int64
	err error // nil at the end of the file
}

func (t *tallyReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}

// unpacker reads a stream as long as it is no bomb, and makes errors of
// decompression *badinput.Error. The first error stays.
type unpacker struct {
	name   string
	kind   string // of compression
	raw    *tallyReader
	in     *bufio.Reader // of raw
	stream io.Reader
	free   func() // nil if there is nothing to free
	out    int64  // bytes decompressed
	err    error
}

func (u *unpacker) Read(p []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	n, err := u.stream.Read(p)
	u.out += int64(n)
	switch {
	case u.out > expandFreely && u.out/maxRatio > u.raw.n:
		u.err = badinput.New(u.name, u.kind, fmt.Sprintf("%d bytes out of %d", u.out, u.raw.n), fmt.Sprintf("at most %d times as many", maxRatio))
	case err == nil, err == io.EOF:
		u.err = err
	default:
		u.err = u.bad(err)
	}
	return n, u.err
}

var errBehind = errors.New("other bytes behind the compressed data")

// bad returns the error for a stream that can't be read on.
func (u *unpacker) bad(err error) error {
	at := fmt.Sprintf("%s, byte %d", u.kind, u.raw.n-int64(u.in.Buffered()))
	switch {
	case u.raw.err != nil:
		return fmt.Errorf("%s: %w", u.name, u.raw.err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return badinput.New(u.name, at, "the end of the file within compressed data", "the rest of it")
	case errors.Is(err, zstd.ErrMagicMismatch):
		err = errBehind
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return badinput.New(u.name, at, "a window that is too large", fmt.Sprintf("one of at most %d bytes (zstd -d, with --long=31, and zstd again make it)", maxWindow))
	}
	return badinput.Wrap(u.name, at, err)
}

// Close frees what reading took.
func (u *unpacker) Close() error {
	if u.free != nil {
		u.free()
		u.free = nil
		u.stream = bytes.NewReader(nil)
	}
	return nil
}

// members decompresses the members of a gzip stream, one after another. Zeros
// behind a member are skipped, as tapes and disks add them.
type members struct {
	in *bufio.Reader
	z  *gzip.Reader // nil before the first member
}

// Read implements io.Reader. It passes over members without content, however many: a
// bufio.Reader gives up after a hundred reads that bring nothing.
func (m *members) Read(p []byte) (n int, err error) {
	if m.z == nil {
		if m.z, err = gzip.NewReader(m.in); err != nil {
			m.z = nil
			return 0, withinHeader(err)
		}
		m.z.Multistream(false)
	}
	for n == 0 && err == nil && len(p) > 0 {
		n, err = m.z.Read(p)
		if err == io.EOF { //nolint:errorlint // gzip returns it bare
			err = m.next()
		}
	}
	return n, err
}

// withinHeader returns the error of reading the head of a member.
func withinHeader(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// next goes on to the next member, and returns io.EOF if there is none.
func (m *members) next() error {
	for {
		next, err := m.in.Peek(1)
		switch {
		case err != nil:
			return err
		case next[0] == 0:
			_, _ = m.in.Discard(1) // it was peeked at
			continue
		}
		if magic, err := m.in.Peek(2); err != nil || !bytes.Equal(magic, gzipMagic) {
			return errBehind
		}
		if err := m.z.Reset(m.in); err != nil {
			return withinHeader(err)
		}
		m.z.Multistream(false)
		return nil
	}
}
