package format

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/medner/medner/ner/document"
)

// pubTatorWriter writes blocks of lines, as pubTatorSource reads them.
type pubTatorWriter struct {
	w     io.Writer
	o     WriteOptions
	count int // of documents, those that were there before included
}

// pubTatorHolds is the content that PubTator can hold of any document; it can also hold the
// novelty of relations.
const pubTatorHolds = hasOverlaps | hasEdges | hasText | hasTitle | hasGaps | hasConcepts | hasComposite | hasRelations

func (p *pubTatorWriter) Write(r *document.Result) error {
	if err := needText(r, PubTator); err != nil {
		return err
	}
	x := document.NewIndex(r.Text)
	if err := checkSpans(&r.Document, x); err != nil {
		return err
	}
	p.count++
	p.o.lose(r, pubTatorHolds|noveltyOnly(r))
	id := p.id(r)
	title, abstract, shift := articleParts(&r.Document, x)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s|t|%s\n%s|a|%s\n", id, flatLines.Replace(title), id, flatLines.Replace(abstract))
	for i := range r.Entities {
		e := &r.Entities[i]
		if len(e.Spans) == 0 {
			continue
		}
		whole := document.Span{Start: e.Spans[0].Start, End: e.Spans[len(e.Spans)-1].End}
		if len(e.Spans) > 1 && whole.End-whole.Start > maxWhole {
			p.o.warn(r.ID, "pubtator does not hold discontinuous mentions over more than %d characters (they are left out)", maxWhole)
			continue
		}
		text, _ := x.Slice(whole)
		ids := noConcept
		if c := concepts(e); len(c) > 0 {
			ids = strings.Join(c, "|")
		}
		fmt.Fprintf(&b, "%s\t%d\t%d\t%s\t%s\t%s", id, whole.Start+shift, whole.End+shift, flat(text), flat(writeType(e.Type)), flat(ids))
		if len(e.Composite) > 0 {
			fmt.Fprintf(&b, "\t%s", flat(strings.Join(e.Composite, "|")))
		}
		b.WriteByte('\n')
	}
	l := newLookup(&r.Document)
	for i := range r.Relations {
		writePubTatorRelation(&b, id, l, &r.Relations[i])
	}
	b.WriteByte('\n')
	_, err := p.w.Write(b.Bytes())
	return err
}

func (p *pubTatorWriter) Close() error { return nil }

// Bounds that keep the output in proportion to the document: of the characters from
// the first to the last part of a discontinuous mention, and of the lines for one
// relation between composite mentions.
const (
	maxWhole = 10000
	maxPairs = 100
)

// writePubTatorRelation writes a line for each pair of concepts of the two sides. If
// there are too many pairs, it writes one line with all concepts.
func writePubTatorRelation(b *bytes.Buffer, id string, l *lookup, r *document.Relation) {
	chemicals, diseases := l.sides(r)
	if len(chemicals)*len(diseases) > maxPairs {
		chemicals, diseases = []string{strings.Join(chemicals, "|")}, []string{strings.Join(diseases, "|")}
	}
	for _, c := range chemicals {
		for _, s := range diseases {
			fmt.Fprintf(b, "%s\t%s\t%s\t%s", id, flat(writeRelationType(r.Type)), flat(c), flat(s))
			for _, key := range noveltyKeys {
				if novelty, ok := r.Infons[key]; ok {
					fmt.Fprintf(b, "\t%s", flat(novelty))
					break
				}
			}
			b.WriteByte('\n')
		}
	}
}

// noveltyOnly returns hasRelationInfons if relations have no properties but their
// novelty and the names of their sides, for which their lines have room.
func noveltyOnly(r *document.Result) content {
	for i := range r.Relations {
		for key := range r.Relations[i].Infons {
			if key == infonType && r.Relations[i].Infons[key] == r.Relations[i].Type {
				continue
			}
			if !slices.Contains(noveltyKeys, key) && !slices.ContainsFunc(sidePairs, func(p [2]string) bool { return p[0] == key || p[1] == key }) {
				return 0
			}
		}
		if r.Relations[i].ChemicalRole != "" || r.Relations[i].DiseaseRole != "" {
			return 0
		}
	}
	return hasRelationInfons
}

// id returns the identifier of r as a first column can hold it.
func (p *pubTatorWriter) id(r *document.Result) string {
	id := strings.NewReplacer("|", "_", "\t", "_", "\n", "_", "\r", "_").Replace(r.ID)
	if strings.TrimSpace(id) == "" {
		id = fmt.Sprintf("document%d", p.count)
	}
	if id != r.ID {
		p.o.warn(r.ID, "the identifier %s is written as %s", quote(r.ID), id)
	}
	return id
}

// flatLines replaces line ends by spaces. Other than flat it keeps tabs, which a
// title or an abstract may have.
var flatLines = strings.NewReplacer("\n", " ", "\r", " ")

// articleParts cuts the text of d into a title and an abstract with one code point
// between them, which PubTator joins by a space again. Where the text has no title,
// offsets grow by shift, since a space follows the empty title.
func articleParts(d *document.Document, x *document.Index) (title, abstract string, shift int) {
	cut := func(at int) (string, string, bool) {
		if at == x.Len() {
			return d.Text, "", true
		}
		between, _ := x.Slice(document.Span{Start: at, End: at + 1})
		if strings.TrimSpace(between) != "" {
			return "", "", false
		}
		return d.Text[:x.Byte(at)], d.Text[x.Byte(at+1):], true
	}
	if len(d.Passages) > 0 {
		first := d.Passages[0]
		if !isType(first.Type, titleType) && !isType(first.Type, frontType) {
			return "", d.Text, 1
		}
		if title, abstract, ok := cut(first.End); ok {
			return title, abstract, 0
		}
		return d.Text, "", 0
	}
	if i := strings.IndexAny(d.Text, "\r\n"); i >= 0 {
		return d.Text[:i], d.Text[i+1:], 0
	}
	return d.Text, "", 0
}
