package format

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/medner/medner/badinput"
)

// A gzip stream is taken for a decompression bomb if it has given more than
// expandFreely bytes and more than maxRatio times as many as it took: text
// compresses to a tenth, and seldom to a fiftieth.
const (
	maxRatio     = 200
	expandFreely = 16 << 20
)

// decompress returns a reader of what r delivers, decompressed if it is a gzip
// stream. The closer is nil if it is not.
func decompress(name string, r io.Reader) (*bufio.Reader, io.Closer, error) {
	raw := &tallyReader{r: r}
	in := bufio.NewReaderSize(raw, headSize)
	magic, err := in.Peek(2)
	if err != nil && err != io.EOF { //nolint:errorlint // bufio returns it bare
		return nil, nil, badRead(name, err)
	}
	if len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return in, nil, nil
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, nil, badinput.Wrap(name, "gzip", err)
	}
	z.Multistream(false)
	return bufio.NewReaderSize(&gunzip{name: name, z: z, in: in, packed: raw}, headSize), z, nil
}

// tallyReader counts the bytes read.
type tallyReader struct {
	r io.Reader
	n int64
}

func (t *tallyReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	return n, err
}

// gunzip decompresses the members of a stream, one after another, as long as it is
// no bomb. Zeros behind a member are skipped, as tapes and disks add them.
type gunzip struct {
	name   string
	z      *gzip.Reader
	in     *bufio.Reader
	packed *tallyReader
	out    int64 // bytes decompressed
}

func (g *gunzip) Read(p []byte) (int, error) {
	n, err := g.z.Read(p)
	g.out += int64(n)
	if g.out > expandFreely && g.out/maxRatio > g.packed.n {
		return 0, badinput.New(g.name, "gzip", fmt.Sprintf("%d bytes out of %d", g.out, g.packed.n), fmt.Sprintf("at most %d times as many", maxRatio))
	}
	if err == io.EOF { //nolint:errorlint // gzip returns it bare
		err = g.nextMember()
	}
	if err != nil && err != io.EOF { //nolint:errorlint // nextMember returns it bare
		return n, badinput.Wrap(g.name, "gzip", err)
	}
	return n, err
}

var errAfterGzip = errors.New("more behind the end of the compressed data")

// nextMember goes on to the next member of the stream, and returns io.EOF if there
// is none.
func (g *gunzip) nextMember() error {
	for {
		next, err := g.in.Peek(1)
		switch {
		case err != nil:
			return err
		case next[0] == 0:
			_, _ = g.in.Discard(1) // it was peeked at
			continue
		}
		if magic, err := g.in.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
			return errAfterGzip
		}
		if err := g.z.Reset(g.in); err != nil {
			return err
		}
		g.z.Multistream(false)
		return nil
	}
}
