package format

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/medner/medner/ner/document"
)

// biocDocument is a document of BioC XML and of BioC JSON: passages with
// annotations.
//
// Offsets count from the document's start, and passages may leave gaps of any size
// between them. The text of the document.Document is the passages, joined by one
// code point each, and the Shift of a passage keeps the offset that the file gives
// it:
//
//	<offset>0</offset><text>Title.</text>        Start 0, End 6, Shift 0
//	<offset>10</offset><text>Abstract.</text>    Start 7, End 16, Shift 3
type biocDocument struct {
	id          string
	infons      map[string]string // properties
	passages    []biocPassage
	relations   []biocRelation
	annotations []biocAnnotation // of the document as a whole; BioC JSON allows them
}

type biocPassage struct {
	infons      map[string]string
	offset      int
	hasOffset   bool
	text        string
	annotations []biocAnnotation
	relations   []biocRelation
}

type biocAnnotation struct {
	id        string
	infons    map[string]string
	locations []biocLocation
	text      string
	hasText   bool
}

type biocLocation struct{ offset, length int }

type biocRelation struct {
	id     string
	infons map[string]string
	nodes  []biocNode
}

type biocNode struct{ refid, role string }

// The keys of infons that stand for fields of document.Entity, document.Relation
// and document.Passage.
const (
	infonType       = "type"
	infonConfidence = "confidence"
	infonNormalized = "normalized"
	infonComposite  = "composite"
	infonIdentifier = "identifier"
	infonRelation   = "relation"
	infonChemical   = "Chemical"
	infonDisease    = "Disease"
)

// identifierKeys has the keys of infons with concept identifiers, as PubTator, the
// CDR corpus and others write them.
var identifierKeys = []string{
	infonIdentifier, "MESH", "MeSH", "Identifier", "concept_id", "native_id", "NCBI Gene", "NCBI Gene identifier", "cui",
}

// identifierKey returns the first key of infons under which concept identifiers
// stand.
func identifierKey(infons map[string]string) (string, bool) {
	for _, key := range identifierKeys {
		if _, ok := infons[key]; ok {
			return key, true
		}
	}
	return "", false
}

// isSpelling tells whether the infon "normalized" of an annotation is the mention in
// a spelling that variants share, as medner writes it. PubTator 3 writes a list of
// identifiers there.
func isSpelling(v string, infons map[string]string, concepts []string) bool {
	for _, key := range []string{"normalized_id", "biotype", "database", "accession"} {
		if _, ok := infons[key]; ok {
			return false
		}
	}
	if strings.HasPrefix(v, "[") && strings.HasSuffix(v, "]") || strings.HasPrefix(v, "{") {
		return false
	}
	return !slices.ContainsFunc(concepts, func(id string) bool { return bareID(id) == bareID(v) })
}

// document returns the document that b is. Messages name the file and where b
// stands in it.
func (b *biocDocument) document(file, where string, o ReadOptions) (document.Document, error) {
	d := document.Document{ID: b.id, Infons: b.infons}
	var text strings.Builder
	at := 0
	for i := range b.passages {
		p := &b.passages[i]
		typ := p.infons[infonType]
		if i > 0 {
			text.WriteString(between(d.Passages[i-1].Type, typ))
			at++
		}
		text.WriteString(p.text)
		n := document.NewIndex(p.text).Len()
		if !p.hasOffset {
			p.offset = at
		}
		d.Passages = append(d.Passages, document.Passage{
			Type:   typ,
			Start:  at,
			End:    at + n,
			Shift:  p.offset - at,
			Infons: without(p.infons, infonType),
		})
		at += n
	}
	d.Text = text.String()
	if len(d.Passages) == 1 && d.Passages[0].Type == "" && d.Passages[0].Shift == 0 && len(d.Passages[0].Infons) == 0 {
		d.Passages = nil // one passage without properties is a text without parts
	}
	c := newBioCClaims(&d, b.passages, where)
	c.add(b.annotations, 0)
	for i := range b.passages {
		c.add(b.passages[i].annotations, i)
	}
	if err := c.ground(file, o); err != nil {
		return d, err
	}
	relations := slices.Clone(b.relations)
	for _, p := range b.passages {
		relations = append(relations, p.relations...)
	}
	r := biocRelations{file: file, doc: &d, o: o, lookup: newLookup(&d)}
	for i := range relations {
		r.add(&relations[i])
	}
	return d, nil
}

// between returns the code point that joins two passages: a space between title
// and abstract, as PubTator has it, and a line feed elsewhere.
func between(before, after string) string {
	if (isType(before, titleType) || isType(before, abstractType)) && isType(after, abstractType) {
		return " "
	}
	return "\n"
}

// biocClaims makes entities of a document's annotations, and checks them together.
type biocClaims struct {
	doc      *document.Document
	passages []biocPassage
	where    string // for messages
	byOffset []int  // the indices of passages, sorted by their offsets
	claims   []claim
	own      []claim // the same, if offsets count from the start of the passage where the annotation stands
	indices  []int   // for each claim, the index of its entity
}

func newBioCClaims(d *document.Document, passages []biocPassage, where string) *biocClaims {
	c := &biocClaims{doc: d, passages: passages, where: where, byOffset: make([]int, len(passages))}
	for i := range c.byOffset {
		c.byOffset[i] = i
	}
	sort.SliceStable(c.byOffset, func(i, j int) bool { return passages[c.byOffset[i]].offset < passages[c.byOffset[j]].offset })
	return c
}

// add adds the annotations that stand in a passage.
func (c *biocClaims) add(annotations []biocAnnotation, passage int) {
	for i := range annotations {
		a := &annotations[i]
		e := a.entity()
		if len(a.locations) > 0 {
			cl := claim{mention: a.text, unchecked: !a.hasText, where: c.where + ": annotation " + quote(a.id)}
			own := cl
			start := c.start(passage)
			for _, l := range a.locations {
				p := c.passageOf(l.offset, passage)
				offset := 0
				if p < len(c.passages) {
					offset = c.passages[p].offset
				}
				from := saturating(l.offset, -offset)
				cl.bases = append(cl.bases, c.start(p))
				cl.spans = append(cl.spans, document.Span{Start: from, End: saturating(from, l.length)})
				own.bases = append(own.bases, start)
				own.spans = append(own.spans, document.Span{Start: l.offset, End: saturating(l.offset, l.length)})
			}
			c.claims = append(c.claims, cl)
			c.own = append(c.own, own)
			c.indices = append(c.indices, len(c.doc.Entities))
		}
		c.doc.Entities = append(c.doc.Entities, e)
	}
}

// start returns the code point at which a passage begins in the document's text.
func (c *biocClaims) start(passage int) int {
	if passage < len(c.doc.Passages) {
		return c.doc.Passages[passage].Start
	}
	return 0
}

// passageOf returns the passage in which an offset lies: own, where the annotation
// stands, unless another passage has the offset. The length of a passage is taken
// in bytes, the unit in which it is the largest.
func (c *biocClaims) passageOf(offset, own int) int {
	inside := func(i int) bool {
		p := &c.passages[i]
		return offset >= p.offset && offset-p.offset <= len(p.text)
	}
	if own >= len(c.passages) || inside(own) {
		return own
	}
	after := sort.Search(len(c.byOffset), func(i int) bool { return c.passages[c.byOffset[i]].offset > offset })
	if after > 0 && inside(c.byOffset[after-1]) {
		return c.byOffset[after-1]
	}
	return own
}

// ground sets the spans of the entities, and leaves those out that don't fit, or
// says which one is wrong. Where offsets don't count from the document's start,
// they may count from that of each passage.
func (c *biocClaims) ground(file string, o ReadOptions) error {
	entities := make([]*document.Entity, len(c.indices))
	for i, n := range c.indices {
		entities[i] = &c.doc.Entities[n]
	}
	layouts := []layout{{claims: c.claims}}
	if len(c.passages) > 1 || len(c.passages) == 1 && c.passages[0].offset != 0 {
		layouts = append(layouts, layout{name: "from the start of each passage", claims: c.own})
	}
	out, err := groundAll(file, c.doc.ID, c.doc.Text, layouts, entities, o)
	leaveOut(c.doc, out)
	return err
}

// entity returns the entity that an annotation is, without spans. Infons that
// infonsOf makes again of the entity's fields are not kept as such.
func (a *biocAnnotation) entity() document.Entity {
	e := mention(a.infons[infonType], a.text)
	e.ID, e.Grounded = a.id, len(a.locations) > 0
	taken := []string{}
	if writeType(e.Type) == a.infons[infonType] {
		taken = append(taken, infonType)
	}
	if key, ok := identifierKey(a.infons); ok {
		e.Concepts = splitConcepts(a.infons[key])
		if key == infonIdentifier && strings.Join(e.Concepts, "|") == a.infons[key] {
			taken = append(taken, key)
		}
	}
	if v, err := strconv.ParseFloat(a.infons[infonConfidence], 64); err == nil && v >= 0 && v <= 1 {
		e.Confidence = v
		taken = append(taken, infonConfidence)
	}
	if v := a.infons[infonNormalized]; v != "" && isSpelling(v, a.infons, e.Concepts) {
		e.Normalized = v
		taken = append(taken, infonNormalized)
	}
	if v := a.infons[infonComposite]; v != "" {
		e.Composite = strings.Split(v, "|")
		taken = append(taken, infonComposite)
	}
	e.Infons = without(a.infons, taken...)
	return e
}

// infonsOf returns the infons from which biocAnnotation.entity reads e again.
func infonsOf(e *document.Entity) map[string]string {
	m := map[string]string{}
	for k, v := range e.Infons {
		m[k] = v
	}
	if t, ok := m[infonType]; !ok || readType(t) != e.Type {
		m[infonType] = writeType(e.Type)
	}
	ids := concepts(e)
	stated := []string(nil)
	if key, ok := identifierKey(m); ok {
		stated = splitConcepts(m[key])
	}
	if !slices.Equal(stated, ids) {
		for _, key := range identifierKeys[1:] {
			delete(m, key)
		}
		m[infonIdentifier] = strings.Join(ids, "|")
	}
	if !math.IsNaN(e.Confidence) {
		m[infonConfidence] = formatFloat(e.Confidence)
	}
	if e.Normalized != "" {
		m[infonNormalized] = e.Normalized
	}
	if len(e.Composite) > 0 {
		m[infonComposite] = strings.Join(e.Composite, "|")
	}
	return m
}
