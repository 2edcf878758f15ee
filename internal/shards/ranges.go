package shards

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/ner/format"
)

// findRanges finds the bytes of each part of an input that several shards share, if
// the input is a file of lines that can be read from the middle.
func (m *Manifest) findRanges(ctx context.Context) error {
	parts := map[int][]*Part{}
	for i := range m.Shards {
		for j := range m.Shards[i].Parts {
			p := &m.Shards[i].Parts[j]
			parts[p.Input] = append(parts[p.Input], p)
		}
	}
	for i := range m.Inputs {
		if in := &m.Inputs[i]; len(parts[i]) > 1 && in.Format == format.JSONL {
			if err := findRanges(ctx, m.path(in), in.Documents, parts[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// findRanges sets the ranges of the parts of a file, in order, in which documents is
// the number of documents. Where the file hasn't as many lines it leaves the parts as
// they are: they are found by reading the file from its beginning.
func findRanges(ctx context.Context, path string, documents int, parts []*Part) error {
	f, size, err := files.OpenAt(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 64)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !isPlain(head[:n]) {
		return nil
	}
	found, lines, err := scan(ctx, io.NewSectionReader(f, 0, size), parts)
	if err != nil || lines != documents {
		return err
	}
	for i, p := range parts {
		r := &found[i]
		if r.SHA256, err = files.Hash(ctx, io.NewSectionReader(f, r.Offset, r.Bytes)); err != nil {
			return err
		}
		p.First, p.Range = 0, r
	}
	return nil
}

// isPlain reports whether a file of JSON lines begins as one that is neither
// compressed nor in UTF-16.
func isPlain(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	return len(head) > 0 && head[0] == '{' && !bytes.Contains(head, []byte{0})
}

// scan returns where each part begins and ends in a file that has a document on each
// line that isn't blank, and how many such lines there are.
func scan(ctx context.Context, r io.Reader, parts []*Part) (found []Range, lines int, err error) {
	in := bufio.NewReaderSize(r, 1<<20)
	found = make([]Range, len(parts))
	at, offset := 0, int64(0)
	for number := 1; ; number++ {
		n, blank, err := skipLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, err
		}
		if !blank {
			if at < len(parts) && lines == parts[at].First {
				found[at].Offset, found[at].Line = offset, number
			}
			if at < len(parts) && lines == parts[at].First+parts[at].Count-1 {
				found[at].Bytes = offset + n - found[at].Offset
				at++
			}
			lines++
		}
		offset += n
		if err != nil {
			return found, lines, nil
		}
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
	}
}

// skipLine reads a line. It returns the number of its bytes and whether all of them
// are white space, and io.EOF after the last line.
func skipLine(in *bufio.Reader) (n int64, blank bool, err error) {
	for blank = true; ; {
		part, err := in.ReadSlice('\n')
		n += int64(len(part))
		blank = blank && len(bytes.TrimSpace(part)) == 0
		if !errors.Is(err, bufio.ErrBufferFull) {
			return n, blank, err
		}
	}
}
