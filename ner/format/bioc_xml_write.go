package format

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/ner/document"
)

// biocHolds is the content that both BioC formats can hold.
const biocHolds = hasOverlaps | hasEdges | hasText | hasLineBreaks | hasTitle | hasPassages | hasPassageInfons | hasInfons | hasIDs | hasEntityInfons |
	hasDiscontinuous | hasUngrounded | hasConcepts | hasComposite | hasNormalized | hasConfidence | hasRelations |
	hasRelationIDs | hasRelationMentions | hasRelationInfons

// biocXMLWriter writes a BioC XML collection.
type biocXMLWriter struct {
	w       io.Writer
	o       WriteOptions
	started bool // the head is written
}

func (w *biocXMLWriter) Write(r *document.Result) error {
	if err := needText(r, BioCXML); err != nil {
		return err
	}
	doc, err := fromDocument(r)
	if err != nil {
		return err
	}
	w.o.lose(r, biocHolds)
	var b xmlBuffer
	if !w.started {
		w.started = true
		w.head(&b)
	}
	b.document(doc)
	if b.replaced {
		w.o.warn(r.ID, "%s does not hold control characters (U+FFFD stands for them)", BioCXML)
	}
	_, err = w.w.Write(b.Bytes())
	return err
}

// head writes what stands before the documents.
func (w *biocXMLWriter) head(b *xmlBuffer) {
	about := w.o.collection()
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE collection SYSTEM \"BioC.dtd\">\n<collection>\n")
	b.element("source", about.Source)
	b.element("date", about.Date)
	b.element("key", about.Key)
	b.infons("", about.Infons)
}

// collection returns what a BioC file says of itself.
func (o WriteOptions) collection() Collection {
	if o.Collection == nil {
		return Collection{Source: "medner", Key: "BioC.key"}
	}
	return o.Collection()
}

func (w *biocXMLWriter) Close() error {
	var b xmlBuffer
	if !w.started {
		w.head(&b)
	}
	b.WriteString("</collection>\n")
	_, err := w.w.Write(b.Bytes())
	return err
}

// xmlBuffer collects indented elements.
type xmlBuffer struct {
	bytes.Buffer
	replaced bool // control characters were replaced
}

func (b *xmlBuffer) document(d *biocDocument) {
	b.WriteString("  <document>\n    ")
	b.element("id", d.id)
	b.infons("    ", d.infons)
	for i := range d.passages {
		p := &d.passages[i]
		b.WriteString("    <passage>\n")
		b.infons("      ", p.infons)
		b.WriteString("      ")
		b.element("offset", strconv.Itoa(p.offset))
		b.WriteString("      ")
		b.element("text", p.text)
		for j := range p.annotations {
			b.annotation(&p.annotations[j])
		}
		b.WriteString("    </passage>\n")
	}
	for i := range d.relations {
		r := &d.relations[i]
		fmt.Fprintf(b, "    <relation id=\"%s\">\n", b.escape(r.id))
		b.infons("      ", r.infons)
		for _, n := range r.nodes {
			fmt.Fprintf(b, "      <node refid=\"%s\" role=\"%s\"/>\n", b.escape(n.refid), b.escape(n.role))
		}
		b.WriteString("    </relation>\n")
	}
	b.WriteString("  </document>\n")
}

func (b *xmlBuffer) annotation(a *biocAnnotation) {
	fmt.Fprintf(b, "      <annotation id=\"%s\">\n", b.escape(a.id))
	b.infons("        ", a.infons)
	for _, l := range a.locations {
		fmt.Fprintf(b, "        <location offset=\"%d\" length=\"%d\"/>\n", l.offset, l.length)
	}
	b.WriteString("        ")
	b.element("text", a.text)
	b.WriteString("      </annotation>\n")
}

func (b *xmlBuffer) infons(indent string, m map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(b, "%s<infon key=\"%s\">%s</infon>\n", indent, b.escape(k), b.escape(m[k]))
	}
}

func (b *xmlBuffer) element(name, text string) {
	fmt.Fprintf(b, "<%s>%s</%s>\n", name, b.escape(text), name)
}

// escape returns s as it may stand in content and in attributes. Line ends and
// tabs become references: XML parsers make a line feed of a carriage return, and
// spaces of both in attributes.
func (b *xmlBuffer) escape(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\r' && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
			b.replaced = true
			return 0xfffd
		}
		return r
	}, s)
	return xmlEscapes.Replace(clean)
}

var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\t", "&#9;", "\n", "&#10;", "\r", "&#13;")
