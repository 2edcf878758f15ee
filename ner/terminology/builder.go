package terminology

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxName bounds a name in bytes.
const maxName = 2000

// builder collects the concepts and names of a terminology. Concepts go by their
// numbers, which are indices.
type builder struct {
	concepts []concept
	byID     map[string]uint32
	names    []name
	skipped  int // names left out
	// headings has the descriptors of MeSH by their names. Supplementary concepts
	// in the ASCII format name those to which they map.
	headings map[string]uint32
	// merged has the concepts that ChEBI merged into another one, with the
	// identifier of that one, to which their names belong.
	merged map[uint32]string
}

// concept is an entry of the terminology.
type concept struct {
	id        string
	preferred string // name; "" stands for the first
	types     typeBits
	trees     []string
	mapped    []string // identifiers or headings of concepts whose trees it takes
}

// name is a name of a concept.
type name struct {
	text    string
	key     string // Key(text)
	concept uint32
}

func newBuilder() *builder {
	return &builder{byID: map[string]uint32{}, headings: map[string]uint32{}, merged: map[uint32]string{}}
}

// concept returns the number of the concept with an identifier, which it adds if it
// is new.
func (b *builder) concept(id string) uint32 {
	n, ok := b.byID[id]
	if !ok {
		n = uint32(len(b.concepts))
		b.byID[id] = n
		b.concepts = append(b.concepts, concept{id: id})
	}
	return n
}

// addName adds a name of concept n. Of several preferred ones the first counts.
func (b *builder) addName(n uint32, text string, preferred bool) {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxName || !utf8.ValidString(text) {
		b.skipped++
		return
	}
	key := Key(text)
	if key == "" {
		b.skipped++
		return
	}
	if c := &b.concepts[n]; preferred && c.preferred == "" {
		c.preferred = text
	}
	b.names = append(b.names, name{text: text, key: key, concept: n})
}

// addTree adds a tree number to concept n, and the type that it stands for.
func (b *builder) addTree(n uint32, tree string) {
	c := &b.concepts[n]
	if tree != "" && !strings.Contains(tree, "|") && !slices.Contains(c.trees, tree) {
		c.trees = append(c.trees, tree)
		c.types |= typesOfTree(tree)
	}
}

// finish gives concepts the trees of those to which they map, moves the names of
// merged concepts, drops concepts without a name, and sorts names and concepts.
func (b *builder) finish(ctx context.Context) error {
	for i := range b.concepts {
		c := &b.concepts[i]
		own := c.types
		for _, m := range c.mapped {
			n, ok := b.byID[m]
			if !ok {
				n, ok = b.headings[m]
			}
			if !ok {
				continue
			}
			for _, t := range b.concepts[n].trees {
				b.addTree(uint32(i), t)
			}
		}
		if own != 0 {
			c.types = own
		}
	}
	for i := range b.names {
		if parent, ok := b.merged[b.names[i].concept]; ok {
			b.names[i].concept = b.concept(parent)
		}
	}
	slices.SortFunc(b.names, func(a, c name) int {
		if d := strings.Compare(a.key, c.key); d != 0 {
			return d
		}
		if d := strings.Compare(a.text, c.text); d != 0 {
			return d
		}
		return strings.Compare(b.concepts[a.concept].id, b.concepts[c.concept].id)
	})
	b.names = slices.CompactFunc(b.names, func(a, c name) bool { return a.text == c.text && a.concept == c.concept })
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
	slices.SortFunc(order, func(x, y uint32) int { return strings.Compare(b.concepts[x].id, b.concepts[y].id) })
	sorted := make([]concept, len(order))
	number := make([]uint32, len(b.concepts))
	for i, old := range order {
		sorted[i] = b.concepts[old]
		number[old] = uint32(i)
	}
	for i := range b.names {
		b.names[i].concept = number[b.names[i].concept]
	}
	b.concepts, b.byID = sorted, nil
}
