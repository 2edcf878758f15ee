// Package stats counts what annotated documents mention: by type, concept and
// year, and which chemicals and diseases documents mention together.
//
// Memory grows with the number of distinct concepts, about 250 bytes each and 12 for each
// year, and not
// with the number of documents or pairs: pairs beyond Options.Memory are sorted
// and written to a temporary file, and merged at the end. So do the pairs of the
// report, of which Options.Top bounds the number.
package stats

import (
	"cmp"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/medner/medner/internal/typename"
	"github.com/medner/medner/ner/document"
)

// Options say what is counted and reported.
type Options struct {
	// Top bounds the rows of a table of concepts or pairs; 0: all. Concepts are
	// bounded for each type.
	Top int
	// MinCount is the least number of documents that a reported concept or pair
	// has; 0 and 1 report all.
	MinCount int
	// MinConfidence leaves out mentions and relations of a lower confidence. Those
	// of unknown confidence, such as gold's, stay.
	MinConfidence float64
	// IDs bounds the identifiers of documents that are reported of a pair, the
	// first ones read.
	IDs int
	// Order of the pairs.
	Order Order
	// Memory bounds the bytes of pairs that are held before they are written to a
	// temporary file; 0 stands for 256 MiB.
	Memory int64
	// Dir is the folder of temporary files; "": the system's.
	Dir string
}

// Order says which pairs come first. Those that are equal are ordered by the
// other numbers, then by their concepts.
type Order string

// The orders.
const (
	ByDocuments Order = "documents" // those that most documents mention
	ByAsserted  Order = "asserted"  // those that most documents assert
	ByNPMI      Order = "npmi"      // those of the highest normalised PMI
)

const defaultMemory = 256 << 20

// UnknownYear is the year of documents that name none.
const UnknownYear = "unknown"

// Collector counts documents, one after the other.
type Collector struct {
	o         Options
	documents int64
	empty     int64 // of documents, those without a mention
	relations int64
	types     map[string]*typeCount
	years     map[string]*yearCount
	concepts  []concept
	byKey     map[conceptKey]uint32 // index in concepts
	pairs     pairs
}

type typeCount struct{ mentions, documents, concepts int64 }

type yearCount struct {
	documents, asserted int64
	mentions            map[string]int64 // by type
}

// conceptKey identifies a concept: its identifier, or for a mention without one
// its folded text.
type conceptKey struct {
	typ, id string
	linked  bool // id is an identifier
}

type concept struct {
	conceptKey
	name                string
	mentions, documents int64
	first, last         uint16 // years; 0: unknown
	years               []conceptYear
}

// conceptYear counts a concept in the documents of a year; 0: unknown.
type conceptYear struct {
	year                uint16
	mentions, documents uint32
}

// in returns the count of a year, which it adds in order if it is new.
func (s *concept) in(year uint16) *conceptYear {
	i, found := slices.BinarySearchFunc(s.years, year, func(y conceptYear, year uint16) int { return cmp.Compare(y.year, year) })
	if !found {
		s.years = slices.Insert(s.years, i, conceptYear{year: year})
	}
	return &s.years[i]
}

// New returns a collector. Close removes its temporary files.
func New(o Options) *Collector {
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	c := &Collector{o: o, types: map[string]*typeCount{}, years: map[string]*yearCount{}, byKey: map[conceptKey]uint32{}}
	c.pairs = pairs{memory: o.Memory, dir: o.Dir, ids: o.IDs}
	return c
}

// Close removes the temporary files.
func (c *Collector) Close() error { return c.pairs.close() }

// Add counts a document.
func (c *Collector) Add(r *document.Result) error {
	year, number := yearOf(&r.Document)
	y := c.years[year]
	if y == nil {
		y = &yearCount{mentions: map[string]int64{}}
		c.years[year] = y
	}
	c.documents++
	y.documents++
	d := docConcepts{byText: map[conceptKey][]uint32{}, byEntity: map[string][]uint32{}, seen: map[uint32]bool{}}
	types := map[string]bool{}
	for i := range r.Entities {
		e := &r.Entities[i]
		if !e.Grounded || e.Confidence < c.o.MinConfidence {
			continue
		}
		typ := typeOf(e.Type)
		t := c.types[typ]
		if t == nil {
			t = &typeCount{}
			c.types[typ] = t
		}
		t.mentions++
		y.mentions[typ]++
		if !types[typ] {
			types[typ] = true
			t.documents++
		}
		d.add(c, e, typ, number)
	}
	if len(types) == 0 {
		c.empty++
	}
	asserted := c.asserted(r, &d)
	c.relations += int64(len(asserted))
	if len(asserted) > 0 {
		y.asserted++
	}
	return c.pairs.add(r.ID, d.of[document.Chemical], d.of[document.Disease], asserted)
}

// docConcepts are the concepts of one document.
type docConcepts struct {
	seen     map[uint32]bool
	of       map[string][]uint32     // by type, each once
	byText   map[conceptKey][]uint32 // by type and folded text
	byEntity map[string][]uint32     // by the entity's ID
}

// add counts the concepts of a mention.
func (d *docConcepts) add(c *Collector, e *document.Entity, typ string, year uint16) {
	if d.of == nil {
		d.of = map[string][]uint32{}
	}
	var all []uint32
	for _, k := range conceptsOf(e, typ) {
		n := c.number(k.conceptKey, k.name)
		all = append(all, n)
		s := &c.concepts[n]
		s.mentions++
		in := s.in(year)
		in.mentions++
		if d.seen[n] {
			continue
		}
		in.documents++
		d.seen[n] = true
		d.of[typ] = append(d.of[typ], n)
		s.documents++
		if year > 0 {
			if s.first == 0 || year < s.first {
				s.first = year
			}
			s.last = max(s.last, year)
		}
	}
	for _, text := range []string{fold(e.Text), fold(e.Normalized)} {
		if k := (conceptKey{typ: typ, id: text}); text != "" && d.byText[k] == nil {
			d.byText[k] = all
		}
	}
	if e.ID != "" {
		d.byEntity[e.ID] = all
	}
}

// number returns the index of a concept, which it adds if it is new.
func (c *Collector) number(k conceptKey, name string) uint32 {
	n, known := c.byKey[k]
	if !known {
		n = uint32(len(c.concepts))
		// Copies, so that no concept keeps a document's text in memory.
		k.typ, k.id, name = strings.Clone(k.typ), strings.Clone(k.id), strings.Join(strings.Fields(name), " ")
		c.byKey[k] = n
		c.concepts = append(c.concepts, concept{conceptKey: k, name: name})
		if t := c.types[k.typ]; t != nil {
			t.concepts++
		}
	}
	return n
}

// noConcept stands in PubTator for a part of a composite mention that has no
// identifier.
const noConcept = "-1"

type named struct {
	conceptKey
	name string
}

// conceptsOf returns what a mention means: the identifiers that the file gives
// it; or the best of its links, of a composite mention all of them; or its folded
// text.
func conceptsOf(e *document.Entity, typ string) (all []named) {
	add := func(id, name string) {
		if id = strings.TrimSpace(id); id != "" && id != noConcept && !slices.ContainsFunc(all, func(n named) bool { return n.id == id }) {
			all = append(all, named{conceptKey{typ, id, true}, name})
		}
	}
	for _, id := range e.Concepts {
		add(id, e.Text)
	}
	if len(all) == 0 {
		for i, l := range e.Links {
			if i == 0 || l.Method == "composite" && e.Links[0].Method == "composite" {
				name := l.Name
				if name == "" {
					name = e.Text
				}
				add(l.ID, name)
			}
		}
	}
	if len(all) == 0 {
		if text := fold(e.Text); text != "" {
			all = append(all, named{conceptKey{typ: typ, id: text}, e.Text})
		}
	}
	return all
}

// pair is a chemical and a disease by their numbers.
type pair struct{ chemical, disease uint32 }

// asserted returns the pairs that a document's relations assert, each once.
func (c *Collector) asserted(r *document.Result, d *docConcepts) map[pair]bool {
	all := map[pair]bool{}
	for i := range r.Relations {
		rel := &r.Relations[i]
		if !rel.Grounded || rel.Confidence < c.o.MinConfidence || rel.Chemical == "" && rel.ChemicalEntity == "" || rel.Disease == "" && rel.DiseaseEntity == "" {
			continue
		}
		for _, chemical := range c.side(d, document.Chemical, rel.ChemicalEntity, rel.Chemical) {
			for _, disease := range c.side(d, document.Disease, rel.DiseaseEntity, rel.Disease) {
				all[pair{chemical, disease}] = true
			}
		}
	}
	return all
}

// side returns the concepts of a side of a relation: those of the entity that it
// names, the concept with that identifier, or those of a mention with that text. A
// side that the document's mentions don't have is a concept of its own.
func (c *Collector) side(d *docConcepts, typ, entity, text string) []uint32 {
	if all := d.byEntity[entity]; all != nil {
		return all
	}
	if n, known := c.byKey[conceptKey{typ, strings.TrimSpace(text), true}]; known && d.seen[n] {
		return []uint32{n}
	}
	k := conceptKey{typ: typ, id: fold(text)}
	if all := d.byText[k]; all != nil {
		return all
	}
	if k.id == "" {
		return nil
	}
	if id := strings.TrimSpace(text); identifier.MatchString(id) {
		return []uint32{c.number(conceptKey{typ, id, true}, id)}
	}
	return []uint32{c.number(k, text)}
}

// identifier matches identifiers of terminologies, such as MESH:D008094, D008094 and
// 104300.
var identifier = regexp.MustCompile(`^([A-Za-z]+:)?[A-Z]?[0-9]{3,}$`)

// typeOf returns document.Chemical or document.Disease for the names that corpora
// give them, and other types as they are.
func typeOf(name string) string {
	if t := typename.Of(name); t != "" {
		return t
	}
	return name
}

// fold returns a text in lower case, its white space as single blanks.
func fold(text string) string { return strings.Join(strings.Fields(strings.ToLower(text)), " ") }

var fourDigits = regexp.MustCompile(`^[0-9]{4}$`)

// yearOf returns the year of a document, as text and as a number.
func yearOf(d *document.Document) (text string, number uint16) {
	text = d.Infons["year"]
	if !fourDigits.MatchString(text) || text == "0000" {
		return UnknownYear, 0
	}
	for _, digit := range text {
		number = number*10 + uint16(digit-'0')
	}
	return strings.Clone(text), number
}

// npmi returns the normalised pointwise mutual information of two concepts, one of
// which a, the other b, and both at once both of all documents mention:
//
//	pmi = ln( (both/all) / (a/all · b/all) ),  npmi = pmi / −ln(both/all)
//
// It is 1 where neither comes without the other, 0 where they are independent, and
// NaN where it isn't defined: where no document, or each one, mentions both.
func npmi(both, a, b, all int64) (pmi, normalized float64) {
	if both <= 0 || a <= 0 || b <= 0 {
		return math.NaN(), math.NaN()
	}
	pmi = math.Log(float64(both)) + math.Log(float64(all)) - math.Log(float64(a)) - math.Log(float64(b))
	if both == all {
		return pmi, math.NaN()
	}
	return pmi, max(-1, min(1, pmi/(math.Log(float64(all))-math.Log(float64(both)))))
}

// sortedKeys returns the keys of a table in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
