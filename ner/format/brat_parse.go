package format

import (
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// bratParser reads one .ann file, whose lines may come in any order.
type bratParser struct {
	file   string
	doc    *document.Document
	o      ReadOptions
	byID   map[string]int // the indices of entities by their IDs
	claims []claim
	later  []bratLine     // lines that refer to mentions or relations
	lookup *lookup        // of the entities, once their concepts are known
	byRel  map[string]int // the indices of relations by their IDs
}

// bratLine is a line of an .ann file, cut at its first two tabs.
type bratLine struct {
	number int // from 1
	fields []string
}

// parse reads the lines of the file: mentions, then what refers to them.
func (p *bratParser) parse(notes string) error {
	number := 0
	for line := range strings.SplitSeq(notes, "\n") {
		number++
		line = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		l := bratLine{number: number, fields: strings.SplitN(line, "\t", 3)}
		if l.fields[0] == "" {
			return p.bad(l, "an identifier such as T1")
		}
		if line[0] != 'T' {
			p.later = append(p.later, l)
			continue
		}
		if err := p.mention(l); err != nil {
			return err
		}
	}
	entities := make([]*document.Entity, len(p.doc.Entities))
	for i := range entities {
		entities[i] = &p.doc.Entities[i]
	}
	if err := ground(p.file, p.doc.ID, p.doc.Text, p.claims, entities, p.o); err != nil {
		return err
	}
	// Concepts are read before relations, whose sides they name, and notes last,
	// since they may be about relations.
	for _, kind := range []string{"N", "A", "M", "R", "#"} {
		for _, l := range p.later {
			if strings.HasPrefix(l.fields[0], kind) {
				if err := p.reference(kind, l); err != nil {
					return err
				}
			}
		}
	}
	for _, l := range p.later {
		if !strings.ContainsAny(l.fields[0][:1], "NAR#M") {
			p.o.warn(p.file, p.doc.ID, "lines of kind %s are not kept", quote(l.fields[0][:1]))
		}
	}
	return nil
}

// bad returns the error for a line.
func (p *bratParser) bad(l bratLine, want string) error {
	return badinput.New(p.file, place(l.number, ""), quote(strings.Join(l.fields, "\t")), want)
}

// mention reads T1⇥Chemical 0 9;12 16⇥text.
func (p *bratParser) mention(l bratLine) error {
	const want = "T1, a tab, TYPE START END, a tab, the mention"
	if len(l.fields) != 3 {
		return p.bad(l, want)
	}
	typ, offsets, ok := strings.Cut(l.fields[1], " ")
	if !ok {
		return p.bad(l, want)
	}
	c := claim{mention: l.fields[2], where: place(l.number, "")}
	for part := range strings.SplitSeq(offsets, ";") {
		a, b, _ := strings.Cut(part, " ")
		start, err := strconv.Atoi(a)
		end, err2 := strconv.Atoi(b)
		if err != nil || err2 != nil {
			return p.bad(l, want)
		}
		c.spans = append(c.spans, document.Span{Start: start, End: end})
		c.bases = append(c.bases, 0)
	}
	e := mention(typ, l.fields[2])
	e.ID = l.fields[0]
	if _, twice := p.byID[e.ID]; twice {
		return p.bad(l, "an identifier that is not taken")
	}
	p.byID[e.ID] = len(p.doc.Entities)
	p.claims = append(p.claims, c)
	p.doc.Entities = append(p.doc.Entities, e)
	return nil
}

// entity returns the entity with an ID, or nil.
func (p *bratParser) entity(id string) *document.Entity {
	if i, ok := p.byID[id]; ok {
		return &p.doc.Entities[i]
	}
	return nil
}

// reference reads a line of a kind that refers to mentions or relations.
func (p *bratParser) reference(kind string, l bratLine) error {
	if len(l.fields) < 2 {
		return p.bad(l, "columns separated by tabs")
	}
	switch kind {
	case "N":
		return p.concept(l)
	case "A", "M":
		return p.attribute(l)
	case "R":
		return p.relation(l)
	}
	return p.note(l)
}

// concept reads N1⇥Reference T1 MESH:D008094⇥lithium.
func (p *bratParser) concept(l bratLine) error {
	f := strings.Fields(l.fields[1])
	if len(f) != 3 {
		return p.bad(l, "N1, a tab, Reference T1 DATABASE:IDENTIFIER, a tab, the name")
	}
	e := p.entity(f[1])
	if e == nil {
		return p.bad(l, "a mention that exists")
	}
	id := strings.TrimPrefix(f[2], bareDatabase+":")
	e.Concepts = append(e.Concepts, id)
	if len(l.fields) == 3 && l.fields[2] != "" && l.fields[2] != flat(e.Text) {
		e.Links = append(e.Links, document.Link{ID: id, Name: l.fields[2], Method: referenceMethod, Score: 1})
	}
	return nil
}

// attribute reads A1⇥Negated T1 or A1⇥Certainty T1 low.
func (p *bratParser) attribute(l bratLine) error {
	f := strings.Fields(l.fields[1])
	if len(f) < 2 {
		return p.bad(l, "A1, a tab, NAME T1 VALUE")
	}
	e := p.entity(f[1])
	if e == nil {
		p.o.warn(p.file, p.doc.ID, "attributes of other things than mentions are not kept")
		return nil
	}
	value := "true"
	if len(f) > 2 {
		value = strings.Join(f[2:], " ")
	}
	e.Infons = setInfon(e.Infons, f[0], value)
	return nil
}

// relation reads R1⇥CID Arg1:T1 Arg2:T2.
func (p *bratParser) relation(l bratLine) error {
	const want = "R1, a tab, TYPE Arg1:T1 Arg2:T2 of mentions that exist"
	f := strings.Fields(l.fields[1])
	if len(f) != 3 {
		return p.bad(l, want)
	}
	var nodes []biocNode
	for _, arg := range f[1:] {
		role, id, ok := strings.Cut(arg, ":")
		if !ok || p.entity(id) == nil {
			return p.bad(l, want)
		}
		nodes = append(nodes, biocNode{refid: id, role: role})
	}
	if p.lookup == nil {
		p.lookup, p.byRel = newLookup(p.doc), map[string]int{}
	}
	chemical, disease := pickNodes(p.lookup, nodes)
	r := readRelation(f[0], p.lookup.named(chemical.refid), p.lookup.named(disease.refid))
	r.ID = l.fields[0]
	r.ChemicalEntity, r.DiseaseEntity = chemical.refid, disease.refid
	if chemical.role != bratChemicalRole || disease.role != bratDiseaseRole {
		r.ChemicalRole, r.DiseaseRole = chemical.role, disease.role
	}
	p.byRel[r.ID] = len(p.doc.Relations)
	p.doc.Relations = append(p.doc.Relations, r)
	return nil
}

// note reads a note. Only those that medner writes are kept.
func (p *bratParser) note(l bratLine) error {
	if f := strings.Fields(l.fields[1]); len(f) == 2 && len(l.fields) == 3 && p.ownNote(f[0], f[1], l.fields[2]) {
		return nil
	}
	p.o.warn(p.file, p.doc.ID, "notes are not kept")
	return nil
}

// ownNote reads a note about the mention or the relation with an ID, and returns
// false if medner writes no such note.
func (p *bratParser) ownNote(kind, id, text string) bool {
	e := p.entity(id)
	var r *document.Relation
	if i, ok := p.byRel[id]; ok {
		r = &p.doc.Relations[i]
	}
	switch {
	case kind == compositeNote && e != nil:
		e.Composite = strings.Split(text, "|")
	case kind == normalizedNote && e != nil:
		e.Normalized = text
	case kind == confidenceNote && (e != nil || r != nil):
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return false
		}
		if e != nil {
			e.Confidence = v
		} else {
			r.Confidence = v
		}
	case kind == conceptsNote && r != nil:
		c, d, ok := strings.Cut(text, " | ")
		if !ok {
			return false
		}
		r.Chemical, r.Disease = c, d
	default:
		return false
	}
	return true
}

const (
	bratChemicalRole = "Arg1"
	bratDiseaseRole  = "Arg2"
	// bareDatabase is the database of concept identifiers that name none.
	bareDatabase = "ID"

	// The kinds of notes that medner writes.
	compositeNote  = "Composite"  // the parts of a composite mention
	normalizedNote = "Normalized" // the normalized text of a mention
	confidenceNote = "Confidence" // of a mention or a relation
	conceptsNote   = "Concepts"   // the sides of a relation, where its mentions don't tell them
)

// referenceMethod is the method of a link to an entry that the file itself names.
const referenceMethod = "reference"
