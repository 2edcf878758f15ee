package files

import (
	"compress/gzip"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Plain returns a file's name without the ending that says how the file is
// compressed, in any case.
func Plain(path string) string {
	if compression(path) == "" {
		return path
	}
	return path[:len(path)-len(filepath.Ext(path))]
}

// endings has the endings of compressed files' names, the usual one of each kind
// first.
var endings = []struct{ ending, kind string }{{".gz", "gzip"}, {".zst", "zstd"}, {".gzip", "gzip"}, {".zstd", "zstd"}}

// CompressedEndings returns the endings of names of files that are compressed in a
// way that Decompress knows.
func CompressedEndings() []string {
	var all []string
	for _, e := range endings {
		all = append(all, e.ending)
	}
	return all
}

// compression returns "gzip" or "zstd" by the ending of a name; "" for others.
func compression(path string) string {
	for _, e := range endings {
		if strings.EqualFold(filepath.Ext(path), e.ending) {
			return e.kind
		}
	}
	return ""
}

// Compressor compresses what is written to it. The same bytes, cut into the same
// frames, give the same output.
type Compressor struct {
	to     io.Writer
	stream interface { // nil: the bytes pass as they are
		io.WriteCloser
		Reset(io.Writer)
	}
	open bool // a frame has begun
	any  bool // a frame has ended
}

// NewCompressor returns a Compressor to w for a file of that name: the bytes are
// compressed by gzip or zstd if the name ends so, and else pass as they are.
func NewCompressor(path string, w io.Writer) (*Compressor, error) {
	c := &Compressor{to: w}
	switch compression(path) {
	case "gzip":
		c.stream = gzip.NewWriter(w)
	case "zstd":
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		c.stream = z
	}
	return c, nil
}

// Write implements io.Writer.
func (c *Compressor) Write(p []byte) (int, error) {
	if c.stream == nil {
		return c.to.Write(p)
	}
	if !c.open {
		c.stream.Reset(c.to)
		c.open = true
	}
	return c.stream.Write(p)
}

// EndFrame makes what was written since the last frame a frame that is complete: a
// member, in gzip. What is compressed can be cut and continued behind each frame.
func (c *Compressor) EndFrame() error {
	if !c.open {
		return nil
	}
	c.open, c.any = false, true
	return c.stream.Close()
}

// Close ends the last frame, or writes one without content if there is none, as
// an empty file is not a compressed one. It doesn't close the writer below.
func (c *Compressor) Close() error {
	if !c.open && !c.any {
		if _, err := c.Write(nil); err != nil {
			return err
		}
	}
	return c.EndFrame()
}
