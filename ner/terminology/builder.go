package terminology

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxName bounds a name in bytes.
const maxName = 2000

// builder gathers concepts and names.
type builder struct {
	concepts []concept
	byID     map[string]uint32
	names    []name
	skipped  int
	// headings are MeSH's by their names, for supplementary concepts of the
	// ASCII format, which map to names.
	headings map[string]uint32
	// merged are concepts whose names belong to another one.
	merged map[uint32]string
}

type concept struct {
	id        string
	preferred string
	types     typeBits
	trees     []string
	mapped    []string // identifiers or headings whose trees the concept takes
}

type name struct {
	text    string
	key     string
	concept uint32
}

func newBuilder() *builder {
	return &builder{byID: map[string]uint32{}, headings: map[string]uint32{}, merged: map[uint32]string{}}
}

// concept returns the number of the concept with that identifier.
func (b *builder) concept(id string) uint32 {
	n, ok := b.byID[id]
	if !ok {
		n = uint32(len(b.concepts))
		b.byID[id] = n
		b.concepts = append(b.concepts, concept{id: id})
	}
	return n
}

// addName adds one of a concept's names; the first preferred one stays.
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
	b.names = append(b.names, name{text, key, n})
}

func (b *builder) addTree(n uint32, tree string) {
	c := &b.concepts[n]
	if tree != "" && !strings.Contains(tree, "|") && !slices.Contains(c.trees, tree) {
		c.trees = append(c.trees, tree)
		c.types |= typesOfTree(tree)
	}
}

// finish resolves what supplementary concepts map to and what was merged, drops
// concepts without a name and puts everything in order.
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

// renumber sorts the concepts by identifier and drops those without a name.
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
