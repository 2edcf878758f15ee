package shards

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"unicode/utf8"
)

// cutter gives documents to shards one by one.
type cutter struct {
	m      *Manifest
	o      *PlanOptions
	shard  *Shard // the last of m.Shards
	ids    hash.Hash
	done   int // documents that have a shard
	input  int // of the current document
	within int // its index in the input
	gone   []int
}

// cut makes the shards: it passes over all records once.
func (m *Manifest) cut(o *PlanOptions, s *spool, out *outdated) error {
	c := &cutter{m: m, o: o}
	c.begin()
	order := -1
	err := s.each(func(position int, r record) error {
		order++
		if r.kind == deletion {
			if out.deleting.has(order) {
				in := &m.Inputs[r.input]
				in.Deletes = append(in.Deletes, r.id)
			}
			return nil
		}
		for c.within == m.Inputs[c.input].Documents {
			c.input, c.within, c.gone = c.input+1, 0, nil
		}
		if out.gone.has(position) {
			c.gone = append(c.gone, c.within)
		} else {
			c.give(r)
		}
		c.within++
		return nil
	})
	if err != nil {
		return err
	}
	c.end()
	for len(m.Shards) < o.Shards { // more shards than documents
		c.begin()
		c.end()
	}
	return nil
}

// begin begins a shard.
func (c *cutter) begin() {
	c.m.Shards = append(c.m.Shards, Shard{Number: len(c.m.Shards), Parts: []Part{}})
	c.shard = &c.m.Shards[len(c.m.Shards)-1]
	c.ids = sha256.New()
}

// end completes the last shard.
func (c *cutter) end() { c.shard.IDs = hex.EncodeToString(c.ids.Sum(nil)) }

// full reports whether the last shard has no room for a document of a size.
func (c *cutter) full(size int) bool {
	s := c.shard
	switch {
	case c.o.Shards > 0: // shard k ends before document ⌊(k+1)·n/shards⌋
		return c.done >= (s.Number+1)*c.m.Documents/c.o.Shards
	case c.o.DocumentsPerShard > 0:
		return s.Documents >= c.o.DocumentsPerShard
	}
	return s.Documents > 0 && s.Bytes+int64(size) > c.o.BytesPerShard
}

// give gives the current document to the last shard, or to a new one.
func (c *cutter) give(r record) {
	for c.full(r.size) {
		c.end()
		c.begin()
	}
	s := c.shard
	id := shortID(r.id)
	if s.Documents == 0 {
		s.First = id
	}
	s.Last = id
	s.Documents++
	s.Bytes += int64(r.size)
	c.done++
	hashID(c.ids, r.id)
	var p *Part
	if n := len(s.Parts); n > 0 && s.Parts[n-1].Input == c.input {
		p = &s.Parts[n-1]
		for _, i := range c.gone {
			p.Skip.add(i - p.First)
		}
	} else {
		s.Parts = append(s.Parts, Part{Input: c.input, First: c.within})
		p = &s.Parts[n]
	}
	c.gone = c.gone[:0]
	p.Count = c.within - p.First + 1
}

// hashID adds an identifier to the hash of those of a shard.
func hashID(h hash.Hash, id string) {
	h.Write(binary.AppendUvarint(nil, uint64(len(id))))
	h.Write([]byte(id))
}

// shortID bounds the length of an identifier that is shown to people.
func shortID(id string) string {
	const longest = 100
	for len(id) > longest {
		_, size := utf8.DecodeLastRuneInString(id)
		id = id[:len(id)-size]
	}
	return id
}
