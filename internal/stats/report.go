package stats

import (
	"cmp"
	"container/heap"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Report is what was counted.
type Report struct {
	Schema    string    `json:"schema"`
	Documents int64     `json:"documents"`
	Empty     int64     `json:"documents_without_mentions"`
	Failed    int64     `json:"documents_failed"`
	Settings  Settings  `json:"settings"`
	Types     []Type    `json:"types"`
	Years     []Year    `json:"years"`
	Concepts  []Concept `json:"concepts"`
	Pairs     []Pair    `json:"pairs"`
	Totals    Totals    `json:"totals"`
}

// Settings are those that the report depends on.
type Settings struct {
	Top           int     `json:"top"`
	MinCount      int     `json:"min_count"`
	MinConfidence float64 `json:"min_confidence"`
	Order         Order   `json:"order"`
	IDs           int     `json:"document_ids"`
}

// Totals say how much there is, reported or not.
type Totals struct {
	Concepts int64 `json:"concepts"`
	Pairs    int64 `json:"pairs"`          // that some document mentions together or asserts
	Asserted int64 `json:"pairs_asserted"` // of Pairs
	// EnoughConcepts and EnoughPairs have the least number of documents.
	EnoughConcepts int64 `json:"concepts_of_min_count"`
	EnoughPairs    int64 `json:"pairs_of_min_count"`
}

// Type is a type of mentions.
type Type struct {
	Type      string `json:"type"`
	Mentions  int64  `json:"mentions"`
	Documents int64  `json:"documents"`
	Concepts  int64  `json:"concepts"`
}

// Year is a year of documents; [UnknownYear] comes last.
type Year struct {
	Year      string           `json:"year"`
	Documents int64            `json:"documents"`
	Asserting int64            `json:"documents_with_relations"`
	Mentions  map[string]int64 `json:"mentions"` // by type
}

// Concept is what documents mention: an identifier, or a folded text where a
// mention has none.
type Concept struct {
	Type      string `json:"type"`
	Concept   string `json:"concept"`
	Linked    bool   `json:"linked"` // Concept is an identifier
	Name      string `json:"name"`
	Mentions  int64  `json:"mentions"`
	Documents int64  `json:"documents"`
	First     int    `json:"first_year,omitempty"`
	Last      int    `json:"last_year,omitempty"`
	// Years has the years of its documents in order; those without a year come last.
	Years []ConceptYear `json:"years"`
}

// ConceptYear counts a concept in the documents of a year.
type ConceptYear struct {
	Year      string `json:"year"` // [UnknownYear] for documents that name none
	Mentions  int64  `json:"mentions"`
	Documents int64  `json:"documents"`
}

// Pair is a chemical and a disease that documents mention together, or assert a
// relation of.
type Pair struct {
	Chemical          string   `json:"chemical" parquet:"chemical"`
	ChemicalName      string   `json:"chemical_name" parquet:"chemical_name"`
	Disease           string   `json:"disease" parquet:"disease"`
	DiseaseName       string   `json:"disease_name" parquet:"disease_name"`
	Documents         int64    `json:"documents" parquet:"documents"`                   // that mention both
	Asserted          int64    `json:"documents_asserted" parquet:"documents_asserted"` // that have a relation of them
	ChemicalDocuments int64    `json:"chemical_documents" parquet:"chemical_documents"`
	DiseaseDocuments  int64    `json:"disease_documents" parquet:"disease_documents"`
	PMI               *float64 `json:"pmi" parquet:"pmi,optional"` // nil where it isn't defined
	NPMI              *float64 `json:"npmi" parquet:"npmi,optional"`
	IDs               []string `json:"document_ids" parquet:"document_ids,list"` // the first ones read
}

// Report returns what was counted; the collector takes no more documents. The
// order of everything in it depends on the documents alone.
func (c *Collector) Report(failed int64) (*Report, error) {
	r := &Report{
		Schema: "medner-stats/1", Documents: c.documents, Empty: c.empty, Failed: failed,
		Settings: Settings{c.o.Top, c.o.MinCount, c.o.MinConfidence, c.o.Order, c.o.IDs},
		Types:    []Type{}, Years: []Year{}, Concepts: []Concept{}, Pairs: []Pair{},
	}
	for _, name := range sortedKeys(c.types) {
		t := c.types[name]
		r.Types = append(r.Types, Type{name, t.mentions, t.documents, t.concepts})
	}
	slices.SortStableFunc(r.Types, func(a, b Type) int { return cmp.Compare(b.Mentions, a.Mentions) })
	for _, name := range sortedKeys(c.years) { // digits come before letters
		y := c.years[name]
		r.Years = append(r.Years, Year{name, y.documents, y.asserted, y.mentions})
	}
	c.reportConcepts(r)
	return r, c.reportPairs(r)
}

// reportConcepts adds for each type the concepts that most documents mention.
func (c *Collector) reportConcepts(r *Report) {
	tops := map[string]*top[Concept]{}
	r.Totals.Concepts = int64(len(c.concepts))
	for i := range c.concepts {
		s := &c.concepts[i]
		if s.documents < int64(max(1, c.o.MinCount)) {
			continue
		}
		r.Totals.EnoughConcepts++
		t := tops[s.typ]
		if t == nil {
			t = &top[Concept]{most: c.o.Top, before: compareConcepts}
			tops[s.typ] = t
		}
		t.add(Concept{s.typ, s.id, s.linked, s.name, s.mentions, s.documents, int(s.first), int(s.last), nil})
	}
	for _, typ := range sortedKeys(tops) {
		r.Concepts = append(r.Concepts, tops[typ].sorted()...)
	}
	for i := range r.Concepts {
		one := &r.Concepts[i]
		one.Years = c.concepts[c.byKey[conceptKey{one.Type, one.Concept, one.Linked}]].byYear()
	}
}

// byYear returns the counts by year, those of no known year last.
func (s *concept) byYear() []ConceptYear {
	all, unknown := []ConceptYear{}, []ConceptYear(nil)
	for _, y := range s.years {
		one := ConceptYear{Mentions: int64(y.mentions), Documents: int64(y.documents)}
		if y.year == 0 {
			one.Year = UnknownYear
			unknown = append(unknown, one)
			continue
		}
		one.Year = fmt.Sprintf("%04d", y.year)
		all = append(all, one)
	}
	return append(all, unknown...)
}

func compareConcepts(a, b Concept) int {
	linked := func(c Concept) int {
		if c.Linked {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.Documents, a.Documents), cmp.Compare(b.Mentions, a.Mentions),
		strings.Compare(a.Concept, b.Concept), cmp.Compare(linked(a), linked(b)))
}

// reportPairs adds the first pairs in the order that the options name.
func (c *Collector) reportPairs(r *Report) error {
	next, err := c.pairs.all()
	if err != nil {
		return err
	}
	t := top[Pair]{most: c.o.Top, before: c.o.Order.compare}
	for {
		g, err := next()
		if err == io.EOF { //nolint:errorlint // sources return it bare
			break
		}
		if err != nil {
			return err
		}
		r.Totals.Pairs++
		if g.asserted > 0 {
			r.Totals.Asserted++
		}
		if max(g.documents, g.asserted) < int64(c.o.MinCount) {
			continue
		}
		r.Totals.EnoughPairs++
		chemical, disease := &c.concepts[g.chemical], &c.concepts[g.disease]
		p := Pair{
			Chemical: chemical.id, ChemicalName: chemical.name, Disease: disease.id, DiseaseName: disease.name,
			Documents: g.documents, Asserted: g.asserted, ChemicalDocuments: chemical.documents, DiseaseDocuments: disease.documents,
			IDs: g.ids,
		}
		if p.IDs == nil {
			p.IDs = []string{}
		}
		pmi, normalized := npmi(g.documents, chemical.documents, disease.documents, c.documents)
		p.PMI, p.NPMI = known(pmi), known(normalized)
		t.add(p)
	}
	r.Pairs = append(r.Pairs, t.sorted()...)
	return nil
}

// known returns a number rounded to six places, so that all machines write the
// same; nil for NaN.
func known(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	v = math.Round(v*1e6)/1e6 + 0 // no negative zero
	return &v
}

// compare orders pairs.
func (o Order) compare(a, b Pair) int {
	byDocuments := cmp.Compare(b.Documents, a.Documents)
	byAsserted := cmp.Compare(b.Asserted, a.Asserted)
	byNPMI := cmp.Compare(value(b.NPMI), value(a.NPMI))
	names := cmp.Or(strings.Compare(a.Chemical, b.Chemical), strings.Compare(a.Disease, b.Disease),
		strings.Compare(a.ChemicalName, b.ChemicalName), strings.Compare(a.DiseaseName, b.DiseaseName))
	switch o {
	case ByNPMI:
		return cmp.Or(byNPMI, byDocuments, byAsserted, names)
	case ByAsserted:
		return cmp.Or(byAsserted, byDocuments, byNPMI, names)
	}
	return cmp.Or(byDocuments, byAsserted, byNPMI, names)
}

// value returns a number that isn't defined as one below all others.
func value(v *float64) float64 {
	if v == nil {
		return -2
	}
	return *v
}

// top keeps the first of many in an order, as a heap whose root is the last of them.
type top[T any] struct {
	most   int // 0: all are kept
	before func(a, b T) int
	kept   []T
}

func (t *top[T]) add(v T) {
	switch {
	case t.most <= 0:
		t.kept = append(t.kept, v)
	case len(t.kept) < t.most:
		heap.Push(t, v)
	case t.before(v, t.kept[0]) < 0:
		t.kept[0] = v
		heap.Fix(t, 0)
	}
}

func (t *top[T]) sorted() []T {
	slices.SortStableFunc(t.kept, t.before)
	return t.kept
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (t *top[T]) Len() int           { return len(t.kept) }
func (t *top[T]) Less(i, j int) bool { return t.before(t.kept[i], t.kept[j]) > 0 }
func (t *top[T]) Swap(i, j int)      { t.kept[i], t.kept[j] = t.kept[j], t.kept[i] }
func (t *top[T]) Push(v any)         { t.kept = append(t.kept, v.(T)) }

// Pop is never called.
func (t *top[T]) Pop() any {
	last := t.kept[len(t.kept)-1]
	t.kept = t.kept[:len(t.kept)-1]
	return last
}
