package gguf

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/mmap"
	"github.com/medner/medner/quant"
)

// Limits above any real file. They keep a hostile file from taking much memory or
// time.
const (
	maxPairs     = 1 << 16
	maxTensors   = 1 << 17
	maxElements  = 1 << 22 // elements of one metadata array
	maxMetadata  = 1 << 28 // bytes before the tensors' own
	maxAlignment = 1 << 20
	maxKey       = 1<<16 - 1
	maxName      = 64 // bytes; ggml's own limit
	maxDims      = 4  // ggml's own limit
)

const (
	magic            = "GGUF"
	alignmentKey     = "general.alignment"
	defaultAlignment = 32
)

// File is an open GGUF file. It is safe for concurrent use.
type File struct {
	path     string
	version  int
	mapped   *mmap.File
	metadata map[string]value
	tensors  map[string]Tensor
	names    []string
}

// Tensor is a named array in a file.
type Tensor struct {
	Name string
	Type Type
	Dims []int  // the fastest dimension first: a matrix's columns, then its rows
	Data []byte // a view of the file, valid until the file is closed
	File string // the file's path
}

// Matrix returns a view of the tensor as a weight. The first dimension counts the
// columns, the product of the others the rows. Types that package quant doesn't read
// are refused by name.
func (t Tensor) Matrix() (quant.Matrix, error) {
	format := t.Type.Format()
	if format == quant.Invalid {
		return nil, badinput.New(t.File, t.Name+": type", t.Type.String(), "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K or Q6_K")
	}
	rows := 1
	for _, d := range t.Dims[1:] {
		rows *= d
	}
	var m quant.Matrix
	var err error
	if format.Size() > 0 {
		m, err = quant.NewDense(format, rows, t.Dims[0], t.Data)
	} else {
		m, err = quant.NewBlocks(format, rows, t.Dims[0], t.Data)
	}
	if err != nil {
		return nil, badinput.Wrap(t.File, t.Name, err)
	}
	return m, nil
}

// Open maps a file and reads its metadata and tensor descriptions. The file
// must not be changed while it is in use.
func Open(path string) (*File, error) {
	mapped, err := files.Map(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: path, mapped: mapped}
	if err := f.parse(mapped.Bytes()); err != nil {
		return nil, errors.Join(err, mapped.Close())
	}
	return f, nil
}

// Release gives back the memory that holds the pages of the file read so far.
func (f *File) Release() { f.mapped.Release() }

// Close unmaps the file; views of tensors must not be read afterwards.
func (f *File) Close() error { return f.mapped.Close() }

// Path returns the path that the file was opened with.
func (f *File) Path() string { return f.path }

// Version returns the format's version, 2 or 3.
func (f *File) Version() int { return f.version }

// Names returns the names of the tensors in the file's order. The caller must not
// change the slice.
func (f *File) Names() []string { return f.names }

// Tensor returns the tensor of a name.
func (f *File) Tensor(name string) (Tensor, bool) {
	t, ok := f.tensors[name]
	return t, ok
}

func (f *File) parse(data []byte) error {
	c := &cursor{file: f.path, data: data[:min(len(data), maxMetadata)]}
	var extents []extent
	err := mmap.Guard(func() error {
		extents = f.header(c)
		return nil
	})
	if err != nil {
		return badinput.Wrap(f.path, "", err)
	}
	if c.err == nil {
		f.place(c, data, extents)
	}
	return c.err
}

// extent says where the bytes of a tensor lie, as its description has it: offset counts
// from the end of all descriptions, padded to the alignment.
type extent struct {
	offset uint64
	size   int
}

// header reads everything before the tensors' bytes. It returns an extent for each of
// f.names.
func (f *File) header(c *cursor) (extents []extent) {
	if m := c.take("magic", uint64(len(magic))); m != nil && !bytes.Equal(m, []byte(magic)) {
		c.fail("magic", strconv.Quote(string(m)), strconv.Quote(magic))
	}
	version := c.u32("version")
	switch f.version = int(version); {
	case c.err != nil:
	case version&0xffff == 0 && bits.ReverseBytes32(version) < 1<<16:
		c.fail("byte order", "big-endian", "little-endian")
	case version != 2 && version != 3:
		c.fail("version", strconv.FormatUint(uint64(version), 10), "2 or 3")
	}
	tensors := c.count("tensor count", maxTensors, 24)
	pairs := c.count("metadata count", maxPairs, 13)
	f.metadata = make(map[string]value, min(pairs, 1024))
	for i := 0; i < pairs && c.err == nil; i++ {
		key := c.name(fmt.Sprintf("metadata key %d", i), maxKey)
		v := c.value(clip.Text(key))
		if f.Has(key) {
			c.fail(clip.Text(key), "the key twice", "it once")
		}
		f.metadata[key] = v
	}
	f.tensors = make(map[string]Tensor, min(tensors, 1024))
	for i := 0; i < tensors && c.err == nil; i++ {
		extents = append(extents, f.describe(c, i))
	}
	return extents
}

// describe reads the description of tensor i.
func (f *File) describe(c *cursor, i int) (e extent) {
	t := Tensor{Name: c.name(fmt.Sprintf("name of tensor %d", i), maxName), File: f.path}
	dims := c.u32(t.Name + ": dimensions")
	if dims < 1 || dims > maxDims {
		c.fail(t.Name+": dimensions", strconv.FormatUint(uint64(dims), 10), fmt.Sprintf("1 to %d", maxDims))
	}
	n := 1
	for j := 0; j < int(dims) && c.err == nil; j++ {
		d := c.u64(t.Name + ": shape")
		if c.err == nil && (d == 0 || d > uint64(math.MaxInt/n)) {
			c.fail(t.Name+": shape", strconv.FormatUint(d, 10), "dimensions whose product fits the address space")
			return e
		}
		n *= int(d)
		t.Dims = append(t.Dims, int(d))
	}
	t.Type = Type(c.u32(t.Name + ": type"))
	offset := c.u64(t.Name + ": offset")
	if c.err != nil {
		return e
	}
	info, known := types[t.Type]
	switch {
	case !known:
		c.fail(t.Name+": type", t.Type.String(), "a type of ggml's")
	case t.Dims[0]%info.numbers != 0:
		c.fail(t.Name+": shape", fmt.Sprintf("rows of %d numbers", t.Dims[0]), fmt.Sprintf("a multiple of %s's %d", info.name, info.numbers))
	case n/info.numbers > math.MaxInt/info.bytes:
		c.fail(t.Name+": shape", fmt.Sprint(t.Dims), "bytes that fit the address space")
	}
	if _, twice := f.tensors[t.Name]; twice {
		c.fail(t.Name, "the tensor twice", "it once")
	}
	if c.err != nil {
		return e
	}
	f.names = append(f.names, t.Name)
	f.tensors[t.Name] = t
	return extent{offset, n / info.numbers * info.bytes}
}

// place sets the tensors' views of the file. It refuses extents other than those that
// ggml demands: tensors in the order of their descriptions, each at the next multiple
// of the alignment.
func (f *File) place(c *cursor, data []byte, extents []extent) {
	alignment := defaultAlignment
	if f.Has(alignmentKey) {
		n, err := f.Int(alignmentKey)
		if err != nil {
			c.err = err
			return
		}
		if n < 1 || n > maxAlignment || n&(n-1) != 0 {
			c.fail(alignmentKey, strconv.Itoa(n), fmt.Sprintf("a power of two up to %d", maxAlignment))
			return
		}
		alignment = n
	}
	padded := func(n int) int { return n + (alignment-n%alignment)%alignment }
	body := data[min(padded(c.pos), len(data)):]
	at := 0
	for i, name := range f.names {
		e := extents[i]
		if e.offset != uint64(at) {
			c.fail(name+": offset", strconv.FormatUint(e.offset, 10), fmt.Sprintf("%d, where the tensor before it ends", at))
			return
		}
		if e.size > len(body)-at {
			c.fail(name+": size", fmt.Sprintf("%d bytes left in the file", max(len(body)-at, 0)), fmt.Sprintf("%d for shape %v of %s", e.size, f.tensors[name].Dims, f.tensors[name].Type))
			return
		}
		t := f.tensors[name]
		t.Data = body[at : at+e.size : at+e.size]
		f.tensors[name] = t
		at = padded(at + e.size)
	}
}
