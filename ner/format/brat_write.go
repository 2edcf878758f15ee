package format

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/medner/medner/ner/document"
)

// bratHolds is the content that brat can hold of any document; bratLines adds what
// it can hold of some.
const bratHolds = hasOverlaps | hasEdges | hasText | hasLineBreaks | hasGaps | hasDiscontinuous | hasConcepts | hasComposite |
	hasNormalized | hasConfidence | hasRelations | hasRelationIDs | hasRelationMentions

// bratWriter writes annotations without the articles. If there are several
// documents, a comment before each names it.
type bratWriter struct {
	w     io.Writer
	o     WriteOptions
	count int
	first []byte // the annotations of the first document, until there is a second or Close
	id    string // of the first document
}

func (w *bratWriter) Write(r *document.Result) error {
	if err := needText(r, Brat); err != nil {
		return err
	}
	ann, err := bratLines(r, w.o)
	if err != nil {
		return err
	}
	w.count++
	if w.count == 1 {
		w.first, w.id = ann, r.ID
		return nil
	}
	if w.count == 2 {
		w.o.warn("", "brat annotations of several documents on one stream: a folder would hold them apart, with their texts")
		if err := w.document(w.id, w.first); err != nil {
			return err
		}
		w.first = nil
	}
	return w.document(r.ID, ann)
}

func (w *bratWriter) document(id string, ann []byte) error {
	_, err := fmt.Fprintf(w.w, "# %s\n%s", flat(id), ann)
	return err
}

func (w *bratWriter) Close() error {
	if w.count != 1 {
		return nil
	}
	_, err := w.w.Write(w.first)
	return err
}

// bratLines returns the lines of one document's .ann file.
func bratLines(r *document.Result, o WriteOptions) ([]byte, error) {
	x := document.NewIndex(r.Text)
	if err := checkSpans(&r.Document, x); err != nil {
		return nil, err
	}
	b := bratBuilder{o: o, doc: r, ids: freeIDs(&r.Document), names: map[*document.Entity]string{}, taken: map[string]bool{}}
	held := bratHolds
	if b.ownIDs() {
		held |= hasIDs
	}
	if b.onlyAttributes() {
		held |= hasEntityInfons
	}
	if b.onlyReferences() {
		held |= hasLinks
	}
	if b.onlyRoles() {
		held |= hasRelationInfons
	}
	o.lose(r, held)
	for i := range r.Entities {
		if len(r.Entities[i].Spans) > 0 {
			b.mention(&r.Entities[i], x)
		}
	}
	l := newLookup(&r.Document)
	for i := range r.Relations {
		b.relation(l, &r.Relations[i])
	}
	return b.Bytes(), nil
}

// bratBuilder collects the lines of one .ann file.
type bratBuilder struct {
	bytes.Buffer
	o     WriteOptions
	doc   *document.Result
	ids   *freshIDs
	names map[*document.Entity]string // the identifiers of mentions that are written
	taken map[string]bool             // identifiers that are written
	lost  bool                        // the warning that a relation is left out has been given
}

var (
	bratID        = regexp.MustCompile(`^T[^\s]*$`)
	bratRelation  = regexp.MustCompile(`^R[^\s]*$`)
	bratWord      = regexp.MustCompile(`^[\p{L}\p{N}_-]+$`)
	bratAttribute = regexp.MustCompile(`^[^\s](.*[^\s])?$`)
	notBratWord   = regexp.MustCompile(`[^\p{L}\p{N}_-]+`)
	meshID        = regexp.MustCompile(`^[CD]\d{6,9}$`)
)

// ownIDs tells whether brat can hold the identifiers of all mentions.
func (b *bratBuilder) ownIDs() bool {
	seen := map[string]bool{}
	for i := range b.doc.Entities {
		id := b.doc.Entities[i].ID
		if id != "" && (seen[id] || !bratID.MatchString(id)) {
			return false
		}
		seen[id] = true
	}
	return true
}

// onlyAttributes tells whether brat can hold all properties of mentions.
func (b *bratBuilder) onlyAttributes() bool {
	for i := range b.doc.Entities {
		for k, v := range b.doc.Entities[i].Infons {
			if !isAttribute(k, v) {
				return false
			}
		}
	}
	return true
}

// isAttribute tells whether brat can hold a property as an attribute.
func isAttribute(key, value string) bool {
	return bratWord.MatchString(key) && bratAttribute.MatchString(value) && value == strings.Join(strings.Fields(value), " ")
}

// onlyReferences tells whether brat can hold all links.
func (b *bratBuilder) onlyReferences() bool {
	for i := range b.doc.Entities {
		for _, l := range b.doc.Entities[i].Links {
			if l.Method != referenceMethod {
				return false
			}
		}
	}
	return true
}

// onlyRoles tells whether relations have no properties but the names of their
// sides, which brat can hold.
func (b *bratBuilder) onlyRoles() bool {
	for i := range b.doc.Relations {
		if len(b.doc.Relations[i].Infons) > 0 {
			return false
		}
	}
	return true
}

// mention writes the T line of a mention, and the lines with its concepts, notes
// and attributes. A span over a line end becomes two, as brat asks for.
func (b *bratBuilder) mention(e *document.Entity, x *document.Index) {
	id := e.ID
	if !bratID.MatchString(id) || b.taken[id] {
		id = b.ids.next("T")
	}
	var offsets, parts []string
	for _, s := range e.Spans {
		text, _ := x.Slice(s)
		for _, piece := range linesOf(text, s.Start) {
			part, _ := x.Slice(piece)
			offsets = append(offsets, fmt.Sprintf("%d %d", piece.Start, piece.End))
			parts = append(parts, flat(part))
		}
	}
	if len(parts) > len(e.Spans) {
		b.o.warn(b.doc.ID, "brat does not hold mentions over a line's end (they are written in pieces)")
	}
	if len(parts) == 0 {
		b.o.warn(b.doc.ID, "brat does not hold a mention of nothing but line ends (it is left out)")
		return
	}
	b.names[e], b.taken[id] = id, true
	text := strings.Join(parts, " ")
	fmt.Fprintf(b, "%s\t%s %s\t%s\n", id, bratType(e.Type), strings.Join(offsets, ";"), text)
	for _, c := range concepts(e) {
		name := text
		for _, l := range e.Links {
			if l.ID == c && l.Name != "" {
				name = flat(l.Name)
				break
			}
		}
		fmt.Fprintf(b, "%s\tReference %s %s\t%s\n", b.ids.next("N"), id, bratConcept(c), name)
	}
	if len(e.Composite) > 0 {
		b.note(compositeNote, id, strings.Join(e.Composite, "|"))
	}
	if e.Normalized != "" {
		b.note(normalizedNote, id, e.Normalized)
	}
	b.confidence(id, e.Confidence)
	for _, k := range slices.Sorted(maps.Keys(e.Infons)) {
		switch v := e.Infons[k]; {
		case !isAttribute(k, v):
		case v == "true":
			fmt.Fprintf(b, "%s\t%s %s\n", b.ids.next("A"), k, id)
		default:
			fmt.Fprintf(b, "%s\t%s %s %s\n", b.ids.next("A"), k, id, v)
		}
	}
}

// linesOf returns the parts, without line ends, of a span that begins at code point
// start and has that text.
func linesOf(text string, start int) []document.Span {
	var out []document.Span
	at, from := start, start
	for _, r := range text + "\n" {
		if r == '\n' || r == '\r' {
			if at > from {
				out = append(out, document.Span{Start: from, End: at})
			}
			from = at + 1
		}
		at++
	}
	return out
}

// bratType returns a type as one word.
func bratType(typ string) string { return notBratWord.ReplaceAllString(writeType(typ), "_") }

// bratConcept returns a concept identifier with its database in front.
func bratConcept(id string) string {
	id = strings.Join(strings.Fields(id), "_")
	switch {
	case meshID.MatchString(id):
		return "MESH:" + id
	case !strings.Contains(id, ":"):
		return bareDatabase + ":" + id
	}
	return id
}

// relation writes the R line of a relation. It is between the mentions that the
// relation refers to, or else between the first ones that its sides name.
func (b *bratBuilder) relation(l *lookup, r *document.Relation) {
	chemical, disease := l.byID[r.ChemicalEntity], l.byID[r.DiseaseEntity]
	if chemical == nil {
		chemical = l.entity(r.Chemical, document.Chemical)
	}
	if disease == nil {
		disease = l.entity(r.Disease, document.Disease)
	}
	from, to := b.names[chemical], b.names[disease]
	if from == "" || to == "" {
		if !b.lost {
			b.o.warn(b.doc.ID, "brat does not hold relations between things that are not in the text (they are left out)")
			b.lost = true
		}
		return
	}
	id := r.ID
	if !bratRelation.MatchString(id) || b.taken[id] {
		id = b.ids.next("R")
	}
	b.taken[id] = true
	role := func(role, usual string) string {
		if role = notBratWord.ReplaceAllString(role, "_"); role == "" {
			return usual
		}
		return role
	}
	fmt.Fprintf(b, "%s\t%s %s:%s %s:%s\n", id, bratType(writeRelationType(r.Type)),
		role(r.ChemicalRole, bratChemicalRole), from, role(r.DiseaseRole, bratDiseaseRole), to)
	if named(chemical) != r.Chemical || named(disease) != r.Disease {
		b.note(conceptsNote, id, bratSide(r.Chemical)+" | "+bratSide(r.Disease))
	}
	b.confidence(id, r.Confidence)
}

// note writes, as a note about the mention or relation with an ID, what brat has no
// line for. brat shows it as a comment.
func (b *bratBuilder) note(kind, id, text string) {
	fmt.Fprintf(b, "%s\t%s %s\t%s\n", b.ids.next("#"), kind, id, flat(text))
}

// confidence writes a note with the confidence of a mention or relation.
func (b *bratBuilder) confidence(id string, v float64) {
	if !math.IsNaN(v) {
		b.note(confidenceNote, id, formatFloat(v))
	}
}

// named returns what bratParser will call a side of a relation that refers to e.
func named(e *document.Entity) string {
	if ids := concepts(e); len(ids) > 0 {
		return strings.Join(ids, "|")
	}
	return e.Text
}

// bratSide returns a side of a relation; an identifier of MeSH gets its database in
// front, as it has in the N line.
func bratSide(s string) string {
	if meshID.MatchString(s) {
		return "MESH:" + s
	}
	return s
}
