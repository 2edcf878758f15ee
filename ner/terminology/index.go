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

// Index is a terminology in a file, which is mapped into memory. It may be used by
// several goroutines at once, but not after Close.
type Index struct {
	file    string
	mapped  *mmap.File // nil in tests
	data    []byte
	p       *parsed
	scratch sync.Pool // of *seen, for fuzzy lookups
}

// Open opens an index that [Import] made. It costs the header, whatever the size.
// Another file, a damaged one and one of another version are *badinput.Error.
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
		_ = f.Close() // the first error counts
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

// Info returns what the index says of itself.
func (x *Index) Info() Info { return x.p.info }

// Verify reads the whole file, and returns an error unless it has the hash that its
// header states.
func (x *Index) Verify() error {
	return mmap.Guard(func() error {
		if sha256.Sum256(x.data[headerSize:]) != x.p.sum {
			return badinput.New(x.file, "content", "another hash than the header's", "an undamaged file")
		}
		return nil
	})
}

// Concept returns the concept with an identifier, and whether there is one. It
// fails only on a damaged file.
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

// guard runs fn, and returns an error if the file turns out to be damaged.
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

// reader reads the sections of an index, and checks every offset. After its first
// error, which stays in err, it returns empty values.
type reader struct {
	x   *Index
	err error
}

// damaged notes that a section has an offset or a number that is out of range.
func (r *reader) damaged(section int) {
	if r.err == nil {
		r.err = badinput.New(r.x.file, fmt.Sprintf("section %d", section), "numbers that lead nowhere", "an undamaged file: import the terminology again")
	}
}

// u32 returns entry i of a section of numbers.
func (r *reader) u32(section, i int) uint32 {
	s := r.x.p.sections[section]
	if r.err != nil || i < 0 || i >= len(s)/4 {
		r.damaged(section)
		return 0
	}
	return binary.LittleEndian.Uint32(s[4*i:])
}

// pair returns entries i and i+1 of a section of numbers.
func (r *reader) pair(section, i int) (from, to uint32) {
	return r.u32(section, i), r.u32(section, i+1)
}

// bytes returns string i of a section, whose offsets are another section. The bytes
// lie in the mapped file.
func (r *reader) bytes(offsets, section, i int) []byte {
	from, to := r.pair(offsets, i)
	s := r.x.p.sections[section]
	if r.err != nil || from > to || uint64(to) > uint64(len(s)) {
		r.damaged(offsets)
		return nil
	}
	return s[from:to]
}

// text returns a copy of what bytes does.
func (r *reader) text(offsets, section, i int) string { return string(r.bytes(offsets, section, i)) }

// find returns the index of s among the n sorted strings of a section, and whether
// it is there.
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

// types returns the types of a concept.
func (r *reader) types(concept int) typeBits {
	s := r.x.p.sections[secTypes]
	if concept >= len(s) {
		r.damaged(secTypes)
		return 0
	}
	return typeBits(s[concept]) & knownBits
}

// preferred returns the preferred name of a concept.
func (r *reader) preferred(concept int) string {
	n := r.u32(secPreferred, concept)
	if n == math.MaxUint32 {
		return ""
	}
	return r.text(secNameOffsets, secNames, int(n))
}

// id returns the identifier of a concept.
func (r *reader) id(concept int) string { return r.text(secIDOffsets, secIDs, concept) }
