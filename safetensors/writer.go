package safetensors

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/internal/atomicfile"
)

// Source is a tensor to be written.
type Source struct {
	Name  string
	DType DType
	Shape []int
	// Write writes the elements, row-major and little-endian, as many bytes as
	// dtype and shape ask for.
	Write func(w io.Writer) error
}

// Bytes returns a Source whose bytes are in memory.
func Bytes(name string, dtype DType, shape []int, data []byte) Source {
	return Source{Name: name, DType: dtype, Shape: shape, Write: func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}}
}

// size returns the bytes that dtype and shape ask for.
func (s Source) size() int64 {
	n := int64(s.DType.Size())
	for _, d := range s.Shape {
		n *= int64(d)
	}
	return n
}

// Encode writes one file to w. It puts tensors of wide dtypes first, so that every
// tensor is aligned, and orders those of one width by name.
func Encode(w io.Writer, tensors []Source, metadata map[string]string) error {
	tensors = slices.Clone(tensors)
	slices.SortFunc(tensors, func(a, b Source) int {
		if d := b.DType.Size() - a.DType.Size(); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	header, err := encodeHeader(tensors, metadata)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	if _, err := out.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		c := &countingWriter{w: out}
		if err := t.Write(c); err != nil {
			return fmt.Errorf("write tensor %s: %w", t.Name, err)
		}
		if c.n != t.size() {
			return fmt.Errorf("write tensor %s: %d bytes for shape %v of %s", t.Name, c.n, t.Shape, t.DType)
		}
	}
	return out.Flush()
}

// encodeHeader returns the header's length and the header, padded with spaces to
// a multiple of eight bytes so that the data is aligned in a mapped file.
func encodeHeader(tensors []Source, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteByte('{')
	field := func(name string, value any) error {
		if b.Len() > 9 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		text, err := json.Marshal(value)
		b.Write(key)
		b.WriteByte(':')
		b.Write(text)
		return err
	}
	if metadata != nil {
		if err := field(metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	var at int64
	taken := map[string]bool{metadataKey: true}
	for _, t := range tensors {
		if t.DType.Size() == 0 {
			return nil, fmt.Errorf("write tensor %s: unknown dtype %q", t.Name, t.DType)
		}
		if taken[t.Name] {
			return nil, fmt.Errorf("write tensor %s: the name is taken", t.Name)
		}
		taken[t.Name] = true
		value := struct {
			DType   DType    `json:"dtype"`
			Shape   []int    `json:"shape"`
			Offsets [2]int64 `json:"data_offsets"`
		}{t.DType, append([]int{}, t.Shape...), [2]int64{at, at + t.size()}}
		if err := field(t.Name, value); err != nil {
			return nil, err
		}
		at += t.size()
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len()-8 > maxHeader {
		return nil, fmt.Errorf("header of %d bytes: more than a reader accepts", b.Len()-8)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}

// countingWriter counts the bytes that are written through it.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// WriteFile writes one file. It appears under its path once it is whole.
func WriteFile(path string, tensors []Source, metadata map[string]string) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Encode(w, tensors, metadata) })
}

// WriteDir writes tensors into a directory that holds no other weights, under the
// usual names. Tensors of up to maxShard bytes together become one file; others
// become shards and their index. A shard holds tensors in the order given, up to
// maxShard bytes of them, or one larger tensor.
func WriteDir(dir string, tensors []Source, metadata map[string]string, maxShard int64) error {
	shards, total := cut(tensors, maxShard)
	if len(shards) == 1 {
		return WriteFile(filepath.Join(dir, FileName), tensors, metadata)
	}
	index := struct {
		Metadata  map[string]int64  `json:"metadata"`
		WeightMap map[string]string `json:"weight_map"`
	}{map[string]int64{"total_size": total}, map[string]string{}}
	for i, shard := range shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		for _, t := range shard {
			if _, twice := index.WeightMap[t.Name]; twice {
				return fmt.Errorf("write tensor %s: the name is taken", t.Name)
			}
			index.WeightMap[t.Name] = name
		}
		if err := WriteFile(filepath.Join(dir, name), shard, metadata); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, IndexName), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// cut divides tensors into shards, and returns the bytes of all tensors.
func cut(tensors []Source, maxShard int64) (shards [][]Source, total int64) {
	var shard []Source
	var size int64
	for _, t := range tensors {
		if len(shard) > 0 && size+t.size() > maxShard {
			shards = append(shards, shard)
			shard, size = nil, 0
		}
		shard = append(shard, t)
		size += t.size()
		total += t.size()
	}
	return append(shards, shard), total
}
