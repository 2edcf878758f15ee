package terminology

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/mmap"
)

// Index is a terminology, mapped from its file. It may be used by several
// goroutines at once, but not after Close.
type Index struct {
	file   string
	mapped *mmap.File
	data   []byte
	p      *parsed
	// scratch holds a counter for each key, for fuzzy lookups.
	scratch sync.Pool
}

// Open maps an index that [Import] has made.
func Open(path string) (*Index, error) {
	f, err := files.Map(path)
	if err != nil {
		return nil, err
	}
	var x *Index
	err = mmap.Guard(func() error {
		x, err = openBytes(path, f.Bytes())
		return err
	})
	if err != nil {
		_ = f.Close() // nothing has been handed out
		return nil, err
	}
	x.mapped = f
	return x, nil
}

func openBytes(file string, data []byte) (*Index, error) {
	p, err := parse(file, data)
	if err != nil {
		return nil, err
	}
	return &Index{file: file, data: data, p: p}, nil
}

// Close unmaps the file.
func (x *Index) Close() error {
	if x.mapped == nil {
		return nil
	}
	return x.mapped.Close()
}

// Info describes the index.
func (x *Index) Info() Info { return x.p.info }

// ReadInfo describes the index in a file.
func ReadInfo(path string) (Info, error) {
	x, err := Open(path)
	if err != nil {
		return Info{}, err
	}
	return x.Info(), x.Close()
}

// Verify reads the whole file and compares it with its hash.
func (x *Index) Verify() error {
	return mmap.Guard(func() error {
		if sha256.Sum256(x.data[headerSize:]) != x.p.sum {
			return badinput.New(x.file, "content", "another hash than the header's", "an undamaged file")
		}
		return nil
	})
}

// Concept returns the concept with an identifier, and whether there is one.
func (x *Index) Concept(id string) (c Concept, ok bool, err error) {
	err = x.guard(func(r *reader) {
		n, found := r.find(secIDOffsets, secIDs, x.p.info.Concepts, id)
		if !found {
			return
		}
		ok = true
		c = Concept{ID: id, Name: r.preferred(n), Types: r.types(n).names()}
		if trees := r.text(secTreeOffsets, secTrees, n); trees != "" {
			c.Trees = strings.Split(trees, "|")
		}
		from, to := r.pair(secConceptNames, n)
		if from > to || int(to) > x.p.info.Names {
			r.damaged(secConceptNames)
			return
		}
		for i := from; i < to; i++ {
			c.Names = append(c.Names, r.text(secNameOffsets, secNames, int(r.u32(secNamesOf, int(i)))))
		}
	})
	return c, ok, err
}

// guard runs a lookup; a damaged file ends it with an error.
func (x *Index) guard(fn func(*reader)) error {
	r := &reader{x: x}
	if err := mmap.Guard(func() error { fn(r); return r.err }); err != nil {
		if r.err != nil {
			return r.err
		}
		return fmt.Errorf("%s: %w", x.file, err)
	}
	return nil
}

// reader reads sections, checking every place; its first error stays, and what
// it returns after that is empty.
type reader struct {
	x   *Index
	err error
}

func (r *reader) damaged(section int) {
	if r.err == nil {
		r.err = badinput.New(r.x.file, fmt.Sprintf("section %d", section), "numbers that lead nowhere", "an undamaged file: import the terminology again")
	}
}

func (r *reader) u32(section, i int) uint32 {
	s := r.x.p.sections[section]
	if r.err != nil || i < 0 || i >= len(s)/4 {
		r.damaged(section)
		return 0
	}
	return binary.LittleEndian.Uint32(s[4*i:])
}

// pair returns entries i and i+1 of a table.
func (r *reader) pair(section, i int) (from, to uint32) {
	return r.u32(section, i), r.u32(section, i+1)
}

// bytes returns item i of a section that a table of offsets is about; they lie
// in the mapped file.
func (r *reader) bytes(offsets, section, i int) []byte {
	from, to := r.pair(offsets, i)
	s := r.x.p.sections[section]
	if r.err != nil || from > to || uint64(to) > uint64(len(s)) {
		r.damaged(offsets)
		return nil
	}
	return s[from:to]
}

func (r *reader) text(offsets, section, i int) string { return string(r.bytes(offsets, section, i)) }

// find bisects n sorted strings.
func (r *reader) find(offsets, section, n int, s string) (int, bool) {
	lo, hi := 0, n
	for lo < hi && r.err == nil {
		mid := int(uint(lo+hi) >> 1)
		if string(r.bytes(offsets, section, mid)) < s {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, r.err == nil && lo < n && string(r.bytes(offsets, section, lo)) == s
}

func (r *reader) types(concept int) typeBits {
	s := r.x.p.sections[secTypes]
	if concept >= len(s) {
		r.damaged(secTypes)
		return 0
	}
	return typeBits(s[concept]) & knownBits
}

func (r *reader) preferred(concept int) string {
	n := r.u32(secPreferred, concept)
	if n == math.MaxUint32 {
		return ""
	}
	return r.text(secNameOffsets, secNames, int(n))
}

func (r *reader) id(concept int) string { return r.text(secIDOffsets, secIDs, concept) }
