package format

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// fromDocument returns the biocDocument whose method document gives r again.
func fromDocument(r *document.Result) (*biocDocument, error) {
	x := document.NewIndex(r.Text)
	if err := checkSpans(&r.Document, x); err != nil {
		return nil, err
	}
	b := &biocDocument{id: r.ID, infons: r.Infons}
	passages := segments(&r.Document, x)
	for _, p := range passages {
		text, _ := x.Slice(document.Span{Start: p.Start, End: p.End})
		infons := map[string]string{}
		for k, v := range p.Infons {
			infons[k] = v
		}
		if p.Type != "" {
			infons[infonType] = p.Type
		}
		b.passages = append(b.passages, biocPassage{infons: infons, offset: p.Start + p.Shift, hasOffset: true, text: text})
	}
	ids := freeIDs(&r.Document)
	home := 0 // the passage of the last grounded mention: one without a place stands there too
	for i := range r.Entities {
		e := &r.Entities[i]
		a := biocAnnotation{id: e.ID, infons: infonsOf(e), text: e.Text, hasText: true}
		if a.id == "" {
			a.id = ids.next("T")
		}
		var parts []string
		for j, s := range e.Spans {
			p := passageAt(passages, s.Start)
			if j == 0 {
				home = p
			}
			part, _ := x.Slice(s)
			parts = append(parts, part)
			a.locations = append(a.locations, biocLocation{offset: s.Start + passages[p].Shift, length: s.End - s.Start})
		}
		if len(parts) > 0 {
			a.text = strings.Join(parts, " ")
		}
		b.passages[home].annotations = append(b.passages[home].annotations, a)
	}
	l := newLookup(&r.Document)
	for i := range r.Relations {
		b.relations = append(b.relations, newBioCRelation(l, &r.Relations[i], ids))
	}
	return b, nil
}

// newBioCRelation returns the biocRelation whose method relation gives r again.
func newBioCRelation(l *lookup, r *document.Relation, ids *freshIDs) biocRelation {
	b := biocRelation{id: r.ID, infons: map[string]string{}}
	if b.id == "" {
		b.id = ids.next("R")
	}
	for k, v := range r.Infons {
		b.infons[k] = v
	}
	if r.Type != "" && r.Type != b.infons[infonType] {
		b.infons[infonRelation] = writeRelationType(r.Type)
	}
	if !math.IsNaN(r.Confidence) {
		b.infons[infonConfidence] = formatFloat(r.Confidence)
	}
	chemicals, diseases := l.sides(r)
	node := func(id, role, usual string, stated []string) {
		if id != "" {
			if role == "" {
				role = usual
			}
			b.nodes = append(b.nodes, biocNode{refid: id, role: role})
		}
		if text := strings.Join(stated, "|"); text != "" && text != l.named(id) {
			b.infons[usual] = text
		}
	}
	node(r.ChemicalEntity, r.ChemicalRole, infonChemical, chemicals)
	node(r.DiseaseEntity, r.DiseaseRole, infonDisease, diseases)
	return b
}

// segments returns the passages of d, and as further passages the texts between
// them, before the first and after the last, if they are more than white space.
// There is always one at least.
func segments(d *document.Document, x *document.Index) []document.Passage {
	var out []document.Passage
	at := 0
	fill := func(end int) {
		gap, _ := x.Slice(document.Span{Start: at, End: end})
		if text := strings.TrimSpace(gap); text != "" {
			start := at + utf8.RuneCountInString(gap[:strings.Index(gap, text)])
			out = append(out, document.Passage{Start: start, End: start + utf8.RuneCountInString(text)})
		}
	}
	for _, p := range d.Passages {
		fill(p.Start)
		out = append(out, p)
		at = p.End
	}
	fill(x.Len())
	if len(out) == 0 {
		out = append(out, document.Passage{End: x.Len()})
	}
	return out
}

// passageAt returns the index of the last passage that begins at code point at or
// before it, and 0 if there is none.
func passageAt(passages []document.Passage, at int) int {
	after := sort.Search(len(passages), func(i int) bool { return passages[i].Start > at })
	return max(after-1, 0)
}

// freshIDs makes identifiers that a document doesn't have yet.
type freshIDs struct {
	used map[string]bool
	n    map[string]int // for each prefix, the number used last
}

// freeIDs returns the identifiers that d doesn't have.
func freeIDs(d *document.Document) *freshIDs {
	f := &freshIDs{used: map[string]bool{}, n: map[string]int{}}
	for i := range d.Entities {
		f.used[d.Entities[i].ID] = true
	}
	for i := range d.Relations {
		f.used[d.Relations[i].ID] = true
	}
	return f
}

// next returns the prefix with the lowest number that is free.
func (f *freshIDs) next(prefix string) string {
	for {
		f.n[prefix]++
		if id := fmt.Sprintf("%s%d", prefix, f.n[prefix]); !f.used[id] {
			f.used[id] = true
			return id
		}
	}
}

// without returns a copy of m without some keys; nil if nothing is left.
func without(m map[string]string, keys ...string) map[string]string {
	var out map[string]string
	for k, v := range m {
		if slices.Contains(keys, k) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[k] = v
	}
	return out
}

// saturating returns a + b, or the nearest int to it.
func saturating(a, b int) int {
	if b > 0 && a > math.MaxInt-b {
		return math.MaxInt
	}
	if b < 0 && a < math.MinInt-b {
		return math.MinInt
	}
	return a + b
}

// atoi reads a number of a BioC file, called what in the error.
func atoi(file, where, what, s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return 0, badinput.New(file, where+": "+what, quote(s), "a whole number")
	}
	return n, nil
}
