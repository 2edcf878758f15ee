package terminology

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
)

// write writes the index of b to a file, and sets in info what is counted.
func (b *builder) write(ctx context.Context, path string, info *Info) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	if err := b.writeTo(ctx, f, info); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit()
}

// writeTo writes the sections, and then the header before them.
func (b *builder) writeTo(ctx context.Context, f io.WriteSeeker, info *Info) error {
	if _, err := f.Write(make([]byte, headerSize)); err != nil {
		return err
	}
	sum := sha256.New()
	w := &sectionWriter{w: bufio.NewWriterSize(io.MultiWriter(f, sum), 1<<20), at: headerSize}
	keyNames := b.keys()
	keys := func(i int) []byte { return b.key(b.names[keyNames[i]]) }
	count := len(keyNames) - 1
	info.Concepts = len(b.concepts)
	info.Names = len(b.names)
	info.Keys = count
	for i := range b.concepts {
		if b.concepts[i].types&chemicalBit != 0 {
			info.Chemical++
		}
		if b.concepts[i].types&diseaseBit != 0 {
			info.Disease++
		}
	}
	about, err := json.Marshal(info)
	if err != nil {
		return err
	}
	w.section(secInfo, about)
	w.strings(secKeyOffsets, secKeys, count, keys)
	w.numbers(secKeyNames, keyNames)
	b.writeNames(w)
	b.writeConcepts(w)
	if err := ctx.Err(); err != nil {
		return err
	}
	grams, err := newGramIndex(ctx, count, keys)
	if err != nil {
		return err
	}
	grams.write(w)
	if err := w.w.Flush(); err != nil {
		return err
	}
	if w.err != nil {
		return w.err
	}
	info.Version, info.Bytes = indexVersion, int64(w.at)
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = f.Write(header(w.spans, w.at, [32]byte(sum.Sum(nil))))
	return err
}

// keys returns the first name with each key, in the order of keys, with one entry
// more for the end.
func (b *builder) keys() []uint32 {
	var first []uint32
	for i := range b.names {
		if i == 0 || !bytes.Equal(b.key(b.names[i]), b.key(b.names[i-1])) {
			first = append(first, uint32(i))
		}
	}
	return append(first, uint32(len(b.names)))
}

// writeNames writes the sections about names.
func (b *builder) writeNames(w *sectionWriter) {
	w.strings(secNameOffsets, secNames, len(b.names), func(i int) []byte { return b.text(b.names[i]) })
	of := make([]uint32, len(b.names))
	for i := range b.names {
		of[i] = b.names[i].concept
	}
	w.numbers(secNameConcepts, of)
}

// writeConcepts writes the sections about concepts.
func (b *builder) writeConcepts(w *sectionWriter) {
	n := len(b.concepts)
	w.strings(secIDOffsets, secIDs, n, func(i int) []byte { return b.id(uint32(i)) })
	// first has the entry of namesOf with the first name of each concept.
	first := make([]uint32, n+1)
	for i := range b.names {
		first[b.names[i].concept+1]++
	}
	for i := range n {
		first[i+1] += first[i]
	}
	namesOf := make([]uint32, len(b.names))
	next := slices.Clone(first)
	preferred := make([]uint32, n)
	for i := range preferred {
		preferred[i] = math.MaxUint32
	}
	for i := range b.names {
		c := b.names[i].concept
		namesOf[next[c]] = uint32(i)
		next[c]++
		if preferred[c] == math.MaxUint32 || b.names[i].place == b.concepts[c].preferred {
			preferred[c] = uint32(i)
		}
	}
	w.numbers(secPreferred, preferred)
	types := make([]byte, n)
	for i := range b.concepts {
		types[i] = byte(b.concepts[i].types)
	}
	w.section(secTypes, types)
	w.strings(secTreeOffsets, secTrees, n, func(i int) []byte { return []byte(strings.Join(b.trees[uint32(i)], "|")) })
	w.numbers(secConceptNames, first)
	w.numbers(secNamesOf, namesOf)
}

// sectionWriter writes sections one after another. After its first error, which
// stays in err, it writes nothing.
type sectionWriter struct {
	w     *bufio.Writer
	at    uint64 // offset in the file
	spans [sections]span
	err   error
}

// put writes bytes.
func (w *sectionWriter) put(b []byte) {
	if w.err == nil {
		_, w.err = w.w.Write(b)
		w.at += uint64(len(b))
	}
}

// begin begins section n at the next multiple of 8 bytes.
func (w *sectionWriter) begin(n int) {
	w.put(make([]byte, (8-w.at%8)%8))
	w.spans[n].offset = w.at
}

// end ends section n.
func (w *sectionWriter) end(n int) { w.spans[n].size = w.at - w.spans[n].offset }

// section writes bytes as section n.
func (w *sectionWriter) section(n int, b []byte) {
	w.begin(n)
	w.put(b)
	w.end(n)
}

// numbers writes numbers as section n.
func (w *sectionWriter) numbers(n int, v []uint32) {
	w.begin(n)
	var b [4]byte
	for _, x := range v {
		binary.LittleEndian.PutUint32(b[:], x)
		w.put(b[:])
	}
	w.end(n)
}

// strings writes n strings as two sections: the offsets of the strings, and their
// bytes.
func (w *sectionWriter) strings(offsets, bytes, n int, at func(int) []byte) {
	table := make([]uint32, n+1)
	total := uint64(0)
	for i := range n {
		total += uint64(len(at(i)))
		if total > math.MaxUint32 && w.err == nil {
			w.err = badinput.New("", fmt.Sprintf("section %d", bytes), "more than 4 GiB", "a smaller terminology: leave languages or sources out")
		}
		table[i+1] = uint32(total)
	}
	w.numbers(offsets, table)
	w.begin(bytes)
	for i := range n {
		w.put(at(i))
	}
	w.end(bytes)
}
