package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/mmap"
)

// Bounds that no real file comes near, and that keep a hostile one cheap.
const (
	maxHeader  = 32 << 20 // bytes
	maxTensors = 100_000
	maxRank    = 16 // dimensions of a tensor
)

const metadataKey = "__metadata__"

// parse reads a whole file. It returns the tensors as views of data, in the order
// of their bytes, and the metadata.
func parse(path string, data []byte) (tensors []Tensor, metadata map[string]string, err error) {
	var header []byte
	err = mmap.Guard(func() error {
		header, err = headerOf(path, data)
		return err
	})
	if err != nil {
		return nil, nil, located(path, err)
	}
	// Counting is much cheaper than parsing tensors until there are too many.
	if n := bytes.Count(header, []byte(`"dtype"`)); n > maxTensors {
		return nil, nil, badinput.New(path, "header", fmt.Sprintf("%d tensors", n), fmt.Sprintf("at most %d", maxTensors))
	}
	p := &headerParser{jsonReader: newJSONReader(path, header), names: map[string]bool{}}
	if err := p.file(); err != nil {
		return nil, nil, err
	}
	body := data[8+len(header):]
	if err := p.place(body); err != nil {
		return nil, nil, err
	}
	tensors = make([]Tensor, len(p.entries))
	for i, e := range p.entries {
		tensors[i] = Tensor{Name: e.name, DType: e.dtype, Shape: e.shape, Data: body[e.begin:e.end:e.end], File: path}
	}
	return tensors, p.metadata, nil
}

// headerOf returns a copy of a file's JSON header.
func headerOf(path string, data []byte) ([]byte, error) {
	if len(data) < 8 {
		return nil, badinput.New(path, "size", fmt.Sprintf("%d bytes", len(data)), "a header length of 8 bytes and a header")
	}
	n := binary.LittleEndian.Uint64(data)
	want := ""
	switch {
	case n < 2:
		want = "at least 2"
	case n > uint64(len(data)-8):
		want = fmt.Sprintf("at most the %d bytes that follow", len(data)-8)
	case n > maxHeader:
		want = fmt.Sprintf("at most %d", maxHeader)
	}
	if want != "" {
		return nil, badinput.New(path, "header length", strconv.FormatUint(n, 10), want)
	}
	header := bytes.Clone(data[8 : 8+n])
	if !utf8.Valid(header) {
		return nil, badinput.New(path, "header", "invalid UTF-8", "a JSON object")
	}
	if header[0] != '{' {
		return nil, badinput.New(path, "header", fmt.Sprintf("first byte %q", header[0]), "a JSON object")
	}
	return header, nil
}

// entry is a tensor as the header describes it.
type entry struct {
	name       string
	dtype      DType
	shape      []int
	begin, end int
}

// headerParser reads a header into entries and metadata.
type headerParser struct {
	jsonReader
	names    map[string]bool
	entries  []entry
	metadata map[string]string
}

// file reads the whole header.
func (p *headerParser) file() error {
	err := p.object("header", func(name string) error {
		if name == metadataKey {
			if p.metadata != nil {
				return p.bad(name, "the key twice", "it once")
			}
			p.metadata = map[string]string{}
			return p.strings(name, p.metadata)
		}
		if p.names[name] {
			return p.bad(clip.Text(name), "the tensor twice", "it once")
		}
		if len(p.entries) == maxTensors {
			return p.bad("header", "more tensors", fmt.Sprintf("at most %d", maxTensors))
		}
		p.names[name] = true
		return p.tensor(name)
	})
	if err != nil {
		return err
	}
	return p.end("header")
}

// tensor reads the description of one tensor.
func (p *headerParser) tensor(name string) error {
	e := entry{name: name}
	field := clip.Text(name)
	var offsets []int
	keys := [...]string{"dtype", "shape", "data_offsets"}
	var seen [len(keys)]bool
	err := p.object(field, func(key string) (err error) {
		if i := slices.Index(keys[:], key); i >= 0 {
			if seen[i] {
				return p.bad(field, "the key "+key+" twice", "it once")
			}
			seen[i] = true
		}
		switch key {
		case "dtype":
			var s string
			s, err = p.str(field + ": dtype")
			e.dtype = DType(s)
		case "shape":
			e.shape, err = p.ints(field+": shape", maxRank)
		case "data_offsets":
			offsets, err = p.ints(field+": data_offsets", 2)
		default:
			err = p.bad(field, "the key "+clip.Text(key), "dtype, shape and data_offsets")
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, key := range keys {
		if !seen[i] {
			return p.bad(field, "no "+key, "dtype, shape and data_offsets")
		}
	}
	if e.dtype.Size() == 0 {
		return p.bad(field+": dtype", strconv.Quote(clip.Text(e.dtype)), "a dtype of whole bytes that safetensors names")
	}
	if len(offsets) != 2 || offsets[0] > offsets[1] {
		return p.bad(field+": data_offsets", fmt.Sprint(offsets), "a begin and an end not before it")
	}
	e.begin, e.end = offsets[0], offsets[1]
	n := e.dtype.Size()
	for _, d := range e.shape {
		if d != 0 && n > math.MaxInt/d {
			return p.bad(field+": shape", fmt.Sprint(e.shape), "a number of bytes that fits the address space")
		}
		n *= d
	}
	if e.end-e.begin != n {
		return p.bad(field+": data_offsets", fmt.Sprintf("%d bytes", e.end-e.begin), fmt.Sprintf("%d for shape %v of %s", n, e.shape, e.dtype))
	}
	p.entries = append(p.entries, e)
	return nil
}

// place sorts the entries by their bytes, and checks that these follow one
// another from the body's first byte to its last.
func (p *headerParser) place(body []byte) error {
	slices.SortStableFunc(p.entries, func(a, b entry) int {
		if a.begin != b.begin {
			return a.begin - b.begin
		}
		return a.end - b.end
	})
	at := 0
	for _, e := range p.entries {
		field := clip.Text(e.name) + ": data_offsets"
		switch {
		case e.begin < at:
			return p.bad(field, fmt.Sprintf("begin %d inside another tensor", e.begin), fmt.Sprintf("%d", at))
		case e.begin > at:
			return p.bad(field, fmt.Sprintf("begin %d after a hole", e.begin), fmt.Sprintf("%d", at))
		case e.end > len(body):
			return p.bad(field, fmt.Sprintf("end %d", e.end), fmt.Sprintf("at most the %d bytes of the file's data", len(body)))
		}
		at = e.end
	}
	if at != len(body) {
		return p.bad("size", fmt.Sprintf("%d bytes of data", len(body)), fmt.Sprintf("the %d that the header describes", at))
	}
	return nil
}
