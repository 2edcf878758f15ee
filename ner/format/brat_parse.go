package format

import (
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// bratParser reads the annotations of one article, whose lines may come in any
// order and from several files.
type bratParser struct {
	doc    *document.Document
	o      ReadOptions
	marked bool            // the article's file begins with a byte order mark, which doc.Text lacks
	byID   map[string]int  // the indices of entities by their IDs
	out    map[string]bool // the IDs of mentions that are left out
	claims []claim
	later  []bratLine     // lines that refer to mentions or relations
	lookup *lookup        // of the entities, once their concepts are known
	byRel  map[string]int // the indices of relations by their IDs
}

// bratLine is a line of annotations, cut at its first two tabs.
type bratLine struct {
	file   string
	number int // from 1
	fields []string
}

// newBratParser returns a parser of the annotations of d.
func newBratParser(d *document.Document, marked bool, o ReadOptions) *bratParser {
	return &bratParser{doc: d, o: o, marked: marked, byID: map[string]int{}, out: map[string]bool{}, byRel: map[string]int{}}
}

// parse reads the mentions in a file with the text notes, and keeps the lines that
// refer to mentions for finish.
func (p *bratParser) parse(file, notes string) error {
	separator := "\n"
	if !strings.Contains(notes, separator) {
		separator = "\r"
	}
	number := 0
	for line := range strings.SplitSeq(notes, separator) {
		number++
		line = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		l := bratLine{file: file, number: number, fields: strings.SplitN(line, "\t", 3)}
		var err error
		switch {
		case l.fields[0] == "":
			err = p.bad(l, "an identifier such as T1")
		case line[0] == 'T':
			err = p.mention(l)
		default:
			p.later = append(p.later, l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// finish sets the spans of the mentions, and reads the lines that refer to them.
func (p *bratParser) finish(file string) error {
	layouts := []layout{{claims: p.claims}}
	if p.marked {
		layouts = append(layouts, layout{name: "the byte order mark too", claims: shifted(p.claims, -1)})
	}
	out, err := groundAll(file, p.doc.ID, p.doc.Text, layouts, pointers(p.doc), p.o)
	if err != nil {
		return err
	}
	for e := range out {
		p.out[e.ID] = true
	}
	leaveOut(p.doc, out)
	clear(p.byID)
	for i := range p.doc.Entities {
		p.byID[p.doc.Entities[i].ID] = i
	}
	for _, kind := range referenceKinds {
		for _, l := range p.later {
			if strings.HasPrefix(l.fields[0], kind) {
				if err := p.reference(kind, l); err != nil {
					return err
				}
			}
		}
	}
	for _, l := range p.later {
		if kind := firstRune(l.fields[0]); !slices.Contains(referenceKinds, kind) {
			p.o.warn(l.file, p.doc.ID, "lines of kind %s are not kept", quote(kind))
		}
	}
	return nil
}

// referenceKinds has the kinds of lines that refer to mentions, in the order in
// which they are read: concepts before relations, whose sides they name, and notes
// last, since they may be about relations.
var referenceKinds = []string{"N", "A", "M", "R", "#"}

// firstRune returns the first character of s.
func firstRune(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}

// shifted returns claims whose offsets are larger by n.
func shifted(claims []claim, n int) []claim {
	out := make([]claim, len(claims))
	for i, c := range claims {
		spans := make([]document.Span, len(c.spans))
		for j, s := range c.spans {
			spans[j] = document.Span{Start: saturating(s.Start, n), End: saturating(s.End, n)}
		}
		c.spans = spans
		out[i] = c
	}
	return out
}

// bad reports a line that can't be read: it returns the error if that makes the
// document bad.
func (p *bratParser) bad(l bratLine, want string) error {
	return p.o.annotation(l.file, p.doc.ID, badinput.New(l.file, place(l.number, ""), quote(strings.Join(l.fields, "\t")), want))
}

// mention reads T1⇥Chemical 0 9;12 16⇥text.
func (p *bratParser) mention(l bratLine) error {
	const want = "T1, a tab, TYPE START END, a tab, the mention"
	e := document.Entity{}
	c, ok := bratClaim(l)
	if ok {
		typ, _, _ := strings.Cut(l.fields[1], " ")
		e = mention(typ, l.fields[2])
		e.ID = l.fields[0]
	} else {
		p.out[l.fields[0]] = true
		return p.bad(l, want)
	}
	if _, twice := p.byID[e.ID]; twice {
		return p.bad(l, "an identifier that is not taken")
	}
	p.byID[e.ID] = len(p.doc.Entities)
	p.claims = append(p.claims, c)
	p.doc.Entities = append(p.doc.Entities, e)
	return nil
}

// bratClaim returns what a line says of a mention.
func bratClaim(l bratLine) (c claim, ok bool) {
	if len(l.fields) != 3 {
		return c, false
	}
	_, offsets, ok := strings.Cut(l.fields[1], " ")
	if !ok {
		return c, false
	}
	c = claim{mention: l.fields[2], where: place(l.number, "")}
	for part := range strings.SplitSeq(offsets, ";") {
		f := strings.Fields(part)
		if len(f) != 2 {
			return c, false
		}
		start, err := strconv.Atoi(f[0])
		end, err2 := strconv.Atoi(f[1])
		if err != nil || err2 != nil {
			return c, false
		}
		c.spans = append(c.spans, document.Span{Start: start, End: end})
		c.bases = append(c.bases, 0)
	}
	return c, true
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

// missing reports that the line l refers to the mention with an ID that the
// document doesn't have. Lines about events, and about mentions that are left out,
// are left out; others are bad.
func (p *bratParser) missing(l bratLine, id, want string) error {
	switch {
	case p.out[id]:
		p.o.warn(l.file, p.doc.ID, "lines about mentions that are left out are left out too")
		return nil
	case id != "" && id[0] != 'T':
		p.o.warn(l.file, p.doc.ID, "lines of kind %s about other things than mentions are not kept", quote(l.fields[0][:1]))
		return nil
	}
	return p.bad(l, want)
}

// concept reads N1⇥Reference T1 MESH:D008094⇥lithium.
func (p *bratParser) concept(l bratLine) error {
	f := strings.Fields(l.fields[1])
	if len(f) < 3 {
		return p.bad(l, "N1, a tab, Reference T1 DATABASE:IDENTIFIER, a tab, the name")
	}
	e := p.entity(f[1])
	if e == nil {
		return p.missing(l, f[1], "a mention that exists")
	}
	id := strings.TrimPrefix(strings.Join(f[2:], " "), bareDatabase+":")
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
		return p.missing(l, f[1], "a mention that exists")
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
	if len(f) < 3 {
		return p.bad(l, want)
	}
	if len(f) > 3 {
		p.o.warn(l.file, p.doc.ID, "relations of more than two things are left out")
		return nil
	}
	if p.lookup == nil {
		p.lookup = newLookup(p.doc)
	}
	var sides []side
	for _, arg := range f[1:] {
		role, id, ok := strings.Cut(arg, ":")
		if !ok {
			return p.bad(l, want)
		}
		e := p.entity(id)
		if e == nil {
			return p.missing(l, id, want)
		}
		s, _ := p.lookup.node(biocNode{refid: id, role: role})
		sides = append(sides, s)
	}
	chemical, disease := pickSides(sides)
	r := readRelation(f[0], chemical.concept, disease.concept)
	r.ID = l.fields[0]
	r.ChemicalEntity, r.DiseaseEntity = chemical.entity, disease.entity
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
	p.o.warn(l.file, p.doc.ID, "notes are not kept")
	return nil
}
