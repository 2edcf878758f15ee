package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// pubTatorSource reads blocks of lines, each about one article, between blank
// lines. Offsets count in the title, a space and the abstract:
//
//	1|t|Lithium and tremor
//	1|a|Seven cases.
//	1	0	7	Lithium	Chemical	D008094
//	1	CID	D008094	D014202
type pubTatorSource struct {
	name  string
	lines *lines
	o     ReadOptions
}

// pubTatorBlock is the article of one block.
type pubTatorBlock struct {
	id              string
	line            int // where it begins
	title, abstract string
	hasTitle        bool
	hasAbstract     bool
	size            int // bytes
	entities        []document.Entity
	claims          []claim // for each entity
	relations       []document.Relation
	bad             error // the first thing that is wrong
}

func (p *pubTatorSource) next() (document.Result, error) {
	b, err := p.block()
	if err != nil {
		return document.Result{}, err
	}
	if b.bad != nil {
		return document.Result{}, b.bad
	}
	if !b.hasTitle && !b.hasAbstract {
		return document.Result{}, badinput.New(p.name, place(b.line, b.id), "annotations only", "a line ID|t|TITLE")
	}
	d := b.document()
	out, err := groundAll(p.name, d.ID, d.Text, []layout{{claims: b.claims}}, pointers(&d), p.o)
	if err != nil {
		return document.Result{}, err
	}
	leaveOut(&d, out)
	orderSides(&d)
	return document.Result{Document: d}, nil
}

// orderSides makes the sides of relations those that their columns name: the
// columns may have a type before the identifier, Chemical|MESH:D008094, and the
// disease may come first.
func orderSides(d *document.Document) {
	if len(d.Relations) == 0 {
		return
	}
	l := newTypeLookup(d)
	for i := range d.Relations {
		r := &d.Relations[i]
		first, ok := l.parseSide(r.Chemical)
		second, ok2 := l.parseSide(r.Disease)
		if ok && ok2 {
			first, second = inOrder(first, second)
			r.Chemical, r.Disease = first.concept, second.concept
		}
	}
}

// block reads the next block. What is wrong with it is in its bad, so that the
// article is skipped as a whole.
func (p *pubTatorSource) block() (*pubTatorBlock, error) {
	var b *pubTatorBlock
	for {
		line, err := p.lines.next()
		switch {
		case errors.Is(err, errLongLine):
			b = b.orNew(p.lines.number)
			b.fail(badinput.New(p.name, place(p.lines.number, b.id), fmt.Sprintf("more than %d bytes", p.lines.max), "a line of text"))
			continue
		case err == io.EOF && b != nil: //nolint:errorlint // lines returns it bare
			return b, nil
		case err == io.EOF: //nolint:errorlint // lines returns it bare
			return nil, io.EOF
		case err != nil:
			return nil, badRead(p.name, err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			if b != nil {
				return b, nil
			}
			continue
		}
		id, kind, _, isText := textLine(line)
		if b != nil && isText && kind == "t" && (b.hasTitle || b.id != "" && id != b.id) {
			p.lines.unread()
			return b, nil
		}
		b = b.orNew(p.lines.number)
		if b.id == "" {
			b.id = id
		}
		p.add(b, line)
	}
}

// orNew returns b, or a new block that begins at a line if b is nil.
func (b *pubTatorBlock) orNew(line int) *pubTatorBlock {
	if b == nil {
		return &pubTatorBlock{line: line}
	}
	return b
}

// fail notes that the block is bad.
func (b *pubTatorBlock) fail(err error) {
	if b.bad == nil {
		b.bad = err
	}
}

// textLine splits ID|KIND|TEXT at the first two pipes. For a line of columns it
// returns the first one as the id, and false.
func textLine(line []byte) (id, kind, text string, ok bool) {
	i := bytes.IndexAny(line, "|\t")
	if i < 0 || line[i] == '\t' {
		if i > 0 {
			return string(line[:i]), "", "", false
		}
		return "", "", "", false
	}
	rest := line[i+1:]
	j := bytes.IndexByte(rest, '|')
	if j < 0 || j > 8 {
		return "", "", "", false
	}
	return string(line[:i]), string(rest[:j]), string(rest[j+1:]), true
}

// add adds a line to a block.
func (p *pubTatorSource) add(b *pubTatorBlock, line []byte) {
	at := func() string { return place(p.lines.number, b.id) }
	if b.bad != nil {
		return
	}
	if b.size += len(line); b.size > p.lines.max {
		b.fail(badinput.New(p.name, at(), fmt.Sprintf("more than %d bytes", p.lines.max), "an article"))
		return
	}
	if bad := badText(line); bad != "" {
		b.fail(badinput.New(p.name, at(), bad, textWanted(bad)))
		return
	}
	id, kind, text, isText := textLine(line)
	if id != b.id {
		var err error = badinput.New(p.name, at(), "identifier "+quote(id), quote(b.id)+", or a blank line before the next article")
		if !isText {
			err = p.o.annotation(p.name, b.id, err)
		}
		if err != nil {
			b.fail(err)
		}
		return
	}
	switch {
	case isText && kind == "t" && !b.hasTitle:
		b.title, b.hasTitle = text, true
	case isText && kind == "a" && !b.hasAbstract:
		b.abstract, b.hasAbstract = text, true
	case isText && kind != "t" && kind != "a":
		p.o.warn(p.name, b.id, "parts of kind %s are not kept", quote(kind))
	case isText:
		b.fail(badinput.New(p.name, at(), "a second part "+quote(kind), "one title (t) and one abstract (a)"))
	default:
		p.annotation(b, strings.Split(string(line), "\t"))
	}
}

// annotation adds the mention or the relation in the columns f. A mention has an
// offset in the second column, a relation its type.
func (p *pubTatorSource) annotation(b *pubTatorBlock, f []string) {
	for len(f) > 4 && strings.TrimSpace(f[len(f)-1]) == "" {
		f = f[:len(f)-1]
	}
	bad := func(found, want string, more ...string) {
		err := badinput.New(p.name, place(p.lines.number, b.id, more...), found, want)
		if err := p.o.annotation(p.name, b.id, err); err != nil {
			b.fail(err)
		}
	}
	if len(f) < 4 {
		bad(fmt.Sprintf("%d columns", len(f)), "5 to 7 for a mention, 4 or 5 for a relation")
		return
	}
	id := ""
	if len(f) > 5 && isNumber(f[3]) && isNumber(f[4]) {
		// ID, TYPE, START, END, TEXT, as bconv writes for knowledge bases.
		id = f[1]
		f = append([]string{f[0], f[3], f[4], f[5], f[2]}, f[6:]...)
	}
	start, err := strconv.Atoi(strings.TrimSpace(f[1]))
	if err != nil {
		if isNumber(f[2]) && len(f) > 5 || f[1] == "" {
			bad(quote(f[1]), "a number", "start")
			return
		}
		p.relation(b, f)
		return
	}
	end, err := strconv.Atoi(strings.TrimSpace(f[2]))
	if err != nil {
		bad(quote(f[2]), "a number", "end")
		return
	}
	if len(f) < 5 {
		bad(fmt.Sprintf("%d columns", len(f)), "5 to 7 for a mention")
		return
	}
	e := mention(strings.TrimSpace(f[4]), f[3])
	e.ID = id
	if len(f) > 5 {
		e.Concepts = splitConcepts(f[5])
	}
	if len(f) > 6 && f[6] != "" {
		e.Composite = strings.Split(f[6], "|")
	}
	if len(f) > 7 {
		p.o.warn(p.name, b.id, "columns of mentions beyond the seventh are not kept")
	}
	b.entities = append(b.entities, e)
	b.claims = append(b.claims, claim{bases: []int{0}, spans: []document.Span{{Start: start, End: end}}, mention: f[3], where: place(p.lines.number, b.id)})
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(strings.TrimSpace(s))
	return err == nil
}

// relation adds the relation in the columns f.
func (p *pubTatorSource) relation(b *pubTatorBlock, f []string) {
	r := readRelation(f[1], f[2], f[3])
	if len(f) > 4 {
		r.Infons = map[string]string{noveltyKey: f[4]}
	}
	if len(f) > 5 {
		p.o.warn(p.name, b.id, "columns of relations beyond the fifth are not kept")
	}
	b.relations = append(b.relations, r)
}

// noveltyKey is the infon for the fifth column of a relation, which BioRED has.
const noveltyKey = "novelty"

// noveltyKeys has the infons that become that column: BioRED has another one in
// BioC.
var noveltyKeys = []string{noveltyKey, "novel"}

// document returns the article, whose mentions have no spans yet.
func (b *pubTatorBlock) document() document.Document {
	d := document.Document{ID: b.id, Entities: b.entities, Relations: b.relations}
	d.Text, d.Passages = titleAndAbstract(b.title, b.abstract, b.hasAbstract)
	return d
}
