package terminology

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a terminology, each above what the whole UMLS has, and of one concept.
// They bound the memory of an import, whatever its sources unpack to.
const (
	maxConcepts   = 1 << 23
	maxNames      = 1 << 25
	maxName       = 2000   // bytes of a name, and of an identifier
	maxTrees      = 300    // tree numbers of a concept, and concepts to which it maps
	maxRecord     = 20_000 // names of one record of a source
	maxKey        = math.MaxUint16 - 1
	maxTreesInAll = 1 << 23
)

// builder collects the concepts and names of a terminology. Concepts go by their
// numbers, which are indices.
type builder struct {
	texts    arena // of identifiers, names and keys
	concepts []concept
	names    []name
	ids      table // of concepts, by identifier
	known    table // of names, by concept and text
	skipped  int   // names left out
	trees    map[uint32][]string
	allTrees int // tree numbers of all concepts, and what concepts map to
	// mapped has, for concepts, the identifiers or headings of those whose trees they
	// take.
	mapped map[uint32][]string
	// headings has the descriptors of MeSH by their names. Supplementary concepts
	// in the ASCII format name those to which they map.
	headings map[string]uint32
	// merged has the concepts that ChEBI merged into another one, with the
	// identifier of that one, to which their names belong.
	merged map[uint32]string
	// full is the bound that the sources exceed, if any, such as "8388608 concepts".
	full string
}

// concept is an entry of the terminology.
type concept struct {
	id        uint32 // its place among the texts
	idSize    uint16
	types     typeBits
	preferred uint32 // the place of the preferred name; noName stands for the first
}

const noName = math.MaxUint32

// name is a name of a concept. Its key follows its text among the texts, unless the
// two are the same.
type name struct {
	place   uint32
	size    uint16
	keySize uint16 // sameKey: the text is the key
	concept uint32
}

const sameKey = math.MaxUint16

func newBuilder() *builder {
	return &builder{trees: map[uint32][]string{}, mapped: map[uint32][]string{}, headings: map[string]uint32{}, merged: map[uint32]string{}}
}

// id returns the identifier of a concept. The bytes must not be changed; so it is
// with those of text and key.
func (b *builder) id(n uint32) []byte {
	return b.texts.get(b.concepts[n].id, int(b.concepts[n].idSize))
}

// text returns a name.
func (b *builder) text(n name) []byte { return b.texts.get(n.place, int(n.size)) }

// key returns the key of a name.
func (b *builder) key(n name) []byte {
	if n.keySize == sameKey {
		return b.text(n)
	}
	return b.texts.get(n.place, int(n.size)+int(n.keySize))[n.size:]
}

// concept returns the number of the concept with an identifier, which it adds if it
// is new. An identifier that is too long counts as full.
func (b *builder) concept(id string) uint32 {
	b.ids.grow(func(n uint32) uint64 { return maphash.Bytes(tableSeed, b.id(n)) })
	slot, n, found := b.ids.find(maphash.String(tableSeed, id), func(n uint32) bool { return string(b.id(n)) == id })
	if found {
		return n
	}
	if len(id) > maxName {
		b.exceeds("an identifier of %d bytes", maxName)
		id = id[:maxName]
	}
	if len(b.concepts) == maxConcepts {
		b.exceeds("%d concepts", maxConcepts)
		return 0
	}
	place, ok := b.texts.put(id)
	if !ok {
		b.exceeds("%d GiB of names", 4)
		return 0
	}
	n = uint32(len(b.concepts))
	b.concepts = append(b.concepts, concept{id: place, idSize: uint16(len(id)), preferred: noName})
	b.ids.set(slot, n)
	return n
}

// exceeds notes the first bound that the sources exceed.
func (b *builder) exceeds(format string, bound int) {
	if b.full == "" {
		b.full = fmt.Sprintf(format, bound)
	}
}

// addName adds a name of concept n, unless it has it. Of several preferred ones the
// first counts.
func (b *builder) addName(n uint32, text string, preferred bool) {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxName || !utf8.ValidString(text) {
		b.skipped++
		return
	}
	hash := func(concept uint32, text []byte) uint64 {
		return maphash.Bytes(tableSeed, text) ^ uint64(concept)*hashFactor
	}
	b.known.grow(func(i uint32) uint64 { return hash(b.names[i].concept, b.text(b.names[i])) })
	slot, i, found := b.known.find(hash(n, []byte(text)), func(i uint32) bool {
		return b.names[i].concept == n && string(b.text(b.names[i])) == text
	})
	if !found {
		added, ok := b.newName(n, text)
		if !ok {
			return
		}
		i = uint32(len(b.names))
		b.names = append(b.names, added)
		b.known.set(slot, i)
	}
	if c := &b.concepts[n]; preferred && c.preferred == noName {
		c.preferred = b.names[i].place
	}
}

// newName puts a name and its key among the texts. It returns false if the text is
// no name, or no more are taken.
func (b *builder) newName(n uint32, text string) (name, bool) {
	key := Key(text)
	if key == "" || len(key) > maxKey {
		b.skipped++
		return name{}, false
	}
	if len(b.names) == maxNames {
		b.exceeds("%d names", maxNames)
		return name{}, false
	}
	added := name{size: uint16(len(text)), keySize: sameKey, concept: n}
	parts := []string{text}
	if key != text {
		added.keySize = uint16(len(key))
		parts = append(parts, key)
	}
	var ok bool
	if added.place, ok = b.texts.put(parts...); !ok {
		b.exceeds("%d GiB of names", 4)
	}
	return added, ok
}

// addTree adds a tree number to concept n, and the type that it stands for.
func (b *builder) addTree(n uint32, tree string) {
	trees := b.trees[n]
	switch {
	case tree == "" || strings.Contains(tree, "|") || slices.Contains(trees, tree):
		return
	case len(trees) == maxTrees:
		b.exceeds("%d tree numbers of a concept", maxTrees)
		return
	case b.allTrees == maxTreesInAll:
		b.exceeds("%d tree numbers", maxTreesInAll)
		return
	}
	b.allTrees++
	b.trees[n] = append(trees, strings.Clone(tree))
	b.concepts[n].types |= typesOfTree(tree)
}

// mapTo says that concept n takes the trees of others, named by identifiers or
// headings.
func (b *builder) mapTo(n uint32, others []string) {
	if len(others) == 0 {
		return
	}
	if b.allTrees += len(others); len(b.mapped[n])+len(others) > maxTrees || b.allTrees > maxTreesInAll {
		b.exceeds("%d concepts to which one maps", maxTrees)
		return
	}
	b.mapped[n] = append(b.mapped[n], others...)
}

// takeTrees gives concepts the trees of those to which they map. A type that a
// source told of a concept stays.
func (b *builder) takeTrees() {
	for i := range b.concepts {
		n := uint32(i)
		own := b.concepts[i].types
		for _, m := range b.mapped[n] {
			hash := maphash.String(tableSeed, m)
			var other uint32
			found := false
			if len(b.ids.slots) > 0 {
				_, other, found = b.ids.find(hash, func(n uint32) bool { return string(b.id(n)) == m })
			}
			if !found {
				other, found = b.headings[m]
			}
			if !found {
				continue
			}
			for _, t := range b.trees[other] {
				b.addTree(n, t)
			}
		}
		if own != 0 {
			b.concepts[i].types = own
		}
	}
}

// finish gives concepts the trees of those to which they map, moves the names of
// merged concepts, drops concepts without a name, and sorts names and concepts.
func (b *builder) finish(ctx context.Context) error {
	b.takeTrees()
	for i := range b.names {
		if parent, ok := b.merged[b.names[i].concept]; ok {
			b.names[i].concept = b.concept(parent)
		}
	}
	slices.SortFunc(b.names, func(a, c name) int {
		return cmp.Or(bytes.Compare(b.key(a), b.key(c)), bytes.Compare(b.text(a), b.text(c)), bytes.Compare(b.id(a.concept), b.id(c.concept)))
	})
	b.names = slices.CompactFunc(b.names, func(a, c name) bool {
		return a.concept == c.concept && bytes.Equal(b.text(a), b.text(c))
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	b.renumber()
	return nil
}

// renumber drops concepts without a name, and sorts the others by identifier.
func (b *builder) renumber() {
	named := make([]bool, len(b.concepts))
	for _, n := range b.names {
		named[n.concept] = true
	}
	order := make([]uint32, 0, len(b.concepts))
	for i, ok := range named {
		if ok {
			order = append(order, uint32(i))
		}
	}
	slices.SortFunc(order, func(x, y uint32) int { return bytes.Compare(b.id(x), b.id(y)) })
	sorted := make([]concept, len(order))
	number := make([]uint32, len(b.concepts))
	trees := map[uint32][]string{}
	for i, old := range order {
		sorted[i] = b.concepts[old]
		number[old] = uint32(i)
		if t := b.trees[old]; t != nil {
			trees[uint32(i)] = t
		}
	}
	for i := range b.names {
		b.names[i].concept = number[b.names[i].concept]
	}
	b.concepts, b.trees = sorted, trees
	b.ids, b.known, b.mapped, b.headings, b.merged = table{}, table{}, nil, nil, nil
}
