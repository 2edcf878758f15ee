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
var identifierKeys = []string{infonIdentifier, "MESH", "MeSH", "Identifier"}

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
	l := newLookup(&d)
	for i := range relations {
		d.Relations = append(d.Relations, relations[i].relation(l, file, d.ID, o))
	}
	return d, nil
}

// between returns the code point that joins two passages: a space between title
// and abstract, as PubTator has it, and a line feed elsewhere.
func between(before, after string) string {
	if (before == titleType || before == abstractType) && after == abstractType {
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
	indices  []int // for each claim, the index of its entity
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
			cl := claim{mention: a.text, unchecked: !a.hasText, where: c.where + ": annotation " + strconv.Quote(a.id)}
			for _, l := range a.locations {
				p := c.passageOf(l.offset, passage)
				base, offset := 0, 0
				if p < len(c.passages) {
					offset = c.passages[p].offset
				}
				if p < len(c.doc.Passages) {
					base = c.doc.Passages[p].Start
				}
				start := saturating(l.offset, -offset)
				cl.bases = append(cl.bases, base)
				cl.spans = append(cl.spans, document.Span{Start: start, End: saturating(start, l.length)})
			}
			c.claims = append(c.claims, cl)
			c.indices = append(c.indices, len(c.doc.Entities))
		}
		c.doc.Entities = append(c.doc.Entities, e)
	}
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

// ground sets the spans of the entities, or says which claim is wrong.
func (c *biocClaims) ground(file string, o ReadOptions) error {
	entities := make([]*document.Entity, len(c.indices))
	for i, n := range c.indices {
		entities[i] = &c.doc.Entities[n]
	}
	return ground(file, c.doc.ID, c.doc.Text, c.claims, entities, o)
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
	for _, key := range identifierKeys {
		if v, ok := a.infons[key]; ok {
			e.Concepts = splitConcepts(v)
			if key == infonIdentifier && strings.Join(e.Concepts, "|") == v {
				taken = append(taken, key)
			}
			break
		}
	}
	if v, err := strconv.ParseFloat(a.infons[infonConfidence], 64); err == nil && v >= 0 && v <= 1 {
		e.Confidence = v
		taken = append(taken, infonConfidence)
	}
	if v := a.infons[infonNormalized]; v != "" {
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
	for _, key := range identifierKeys {
		if v, ok := m[key]; ok {
			stated = splitConcepts(v)
			break
		}
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

// relation returns the relation that b is. Its sides are the mentions that its
// nodes refer to, or, as in the CDR corpus, the concepts that its infons name.
func (b *biocRelation) relation(l *lookup, file, doc string, o ReadOptions) document.Relation {
	r := readRelation(b.infons[infonRelation], b.infons[infonChemical], b.infons[infonDisease])
	taken := []string{infonChemical, infonDisease}
	if r.Type != "" {
		taken = append(taken, infonRelation)
	} else {
		r.Type = b.infons[infonType]
	}
	r.ID = b.id
	if len(b.nodes) > 2 {
		o.warn(file, doc, "relation %s: of %d nodes only two are kept", quote(b.id), len(b.nodes))
	}
	if v, err := strconv.ParseFloat(b.infons[infonConfidence], 64); err == nil && v >= 0 && v <= 1 {
		r.Confidence = v
		taken = append(taken, infonConfidence)
	}
	chemical, disease := pickNodes(l, b.nodes)
	if chemical != nil {
		r.ChemicalEntity, r.ChemicalRole = chemical.refid, chemical.role
		if r.Chemical == "" {
			r.Chemical = l.named(chemical.refid)
		}
	}
	if disease != nil {
		r.DiseaseEntity, r.DiseaseRole = disease.refid, disease.role
		if r.Disease == "" {
			r.Disease = l.named(disease.refid)
		}
	}
	r.Infons = without(b.infons, taken...)
	return r
}

// pickNodes returns the nodes of the chemical and of the disease. Their roles tell,
// or the types of what they refer to; if neither does, the chemical comes first.
func pickNodes(l *lookup, nodes []biocNode) (chemical, disease *biocNode) {
	if len(nodes) == 0 {
		return nil, nil
	}
	if len(nodes) == 1 {
		return &nodes[0], nil
	}
	first, second := &nodes[0], &nodes[1]
	firstType, secondType := nodeType(l, first), nodeType(l, second)
	if firstType == document.Disease && secondType != document.Disease ||
		secondType == document.Chemical && firstType != document.Chemical {
		return second, first
	}
	return first, second
}

// nodeType returns the entity type that the role of a node names, or the type of
// the entity that it refers to; "" if neither is known.
func nodeType(l *lookup, n *biocNode) string {
	if t := readType(n.role); t == document.Chemical || t == document.Disease {
		return t
	}
	if e := l.byID[n.refid]; e != nil {
		return e.Type
	}
	return ""
}
