package format

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/ner/document"
)

// biocXMLSource reads the documents of a BioC XML file one by one.
type biocXMLSource struct {
	split *xmlSplitter
	o     ReadOptions
	told  bool // what the file says of itself has been passed on
}

func newBioCXMLSource(name string, in *bufio.Reader, o ReadOptions) *biocXMLSource {
	return &biocXMLSource{split: newXMLSplitter(name, in, o.maxDocument(), []string{"document"}, []string{"collection"}, nil), o: o}
}

func (b *biocXMLSource) next() (document.Result, error) {
	piece, err := b.split.next()
	if b.split.started && !b.told {
		b.told = true
		if err := b.collection(); err != nil {
			return document.Result{}, err
		}
	}
	if err != nil {
		return document.Result{}, err
	}
	var doc biocDocument
	p := biocXMLParser{file: b.split.name, o: b.o, doc: &doc}
	err = parseXML(b.split.name, piece, func(c *xmlCursor, _ xml.StartElement) error {
		p.c = c
		return p.document()
	})
	where := place(piece.line, doc.id)
	if err != nil {
		var bad *badinput.Error
		if doc.id != "" && errors.As(err, &bad) {
			bad.Field += " (document " + clip.At(doc.id, maxID) + ")"
		}
		return document.Result{}, err
	}
	d, err := doc.document(b.split.name, where, b.o)
	if err != nil {
		return document.Result{}, err
	}
	return document.Result{Document: d}, nil
}

// collection checks the file's encoding, and passes on what stands before the
// first document.
func (b *biocXMLSource) collection() error {
	if err := b.split.encoding(); err != nil {
		return err
	}
	if b.o.Collection == nil {
		return nil
	}
	var about Collection
	d := xml.NewDecoder(bytes.NewReader(b.split.head))
	var open, key string
	for {
		t, err := d.Token()
		if err != nil {
			// The head ends before the documents do, so that there always is an error.
			break
		}
		switch t := t.(type) {
		case xml.StartElement:
			open, key = t.Name.Local, attribute(t, "key")
		case xml.EndElement:
			open = ""
		case xml.CharData:
			switch open {
			case "source":
				about.Source += string(t)
			case "date":
				about.Date += string(t)
			case "key":
				about.Key += string(t)
			case "infon":
				if about.Infons == nil {
					about.Infons = map[string]string{}
				}
				about.Infons[key] += string(t)
			}
		}
	}
	b.o.Collection(about)
	return nil
}

// biocXMLParser reads one document element.
type biocXMLParser struct {
	file string
	c    *xmlCursor
	o    ReadOptions
	doc  *biocDocument
	told bool // the warning about sentences has been given
}

// document reads the children of a document element.
func (p *biocXMLParser) document() error {
	return p.c.children(func(start xml.StartElement) (err error) {
		switch start.Name.Local {
		case "id":
			p.doc.id, err = p.c.text()
			p.doc.id = strings.TrimSpace(p.doc.id)
			return err
		case "infon":
			return p.infon(start, &p.doc.infons)
		case "passage":
			return p.passage()
		case "relation":
			return p.relation(start, &p.doc.relations)
		case "annotation":
			return p.annotation(start, &p.doc.annotations)
		}
		return p.unknown(start)
	})
}

// passage reads the children of a passage element.
func (p *biocXMLParser) passage() error {
	passage := biocPassage{}
	var sentences []biocPassage
	err := p.c.children(func(start xml.StartElement) error {
		if start.Name.Local == "sentence" {
			s := biocPassage{}
			sentences = append(sentences, s)
			return p.c.children(func(start xml.StartElement) error {
				return p.part(start, &sentences[len(sentences)-1])
			})
		}
		return p.part(start, &passage)
	})
	if err != nil {
		return err
	}
	if len(sentences) > 0 && !p.told {
		p.told = true
		p.o.warn(p.file, p.doc.id, "sentences are read as passages")
	}
	p.doc.passages = append(p.doc.passages, joinSentences(passage, sentences)...)
	return nil
}

// joinSentences returns the sentences of a passage as passages, with the infons
// of the passage. If the passage has a text of its own, it is returned instead,
// with the annotations of the sentences.
func joinSentences(passage biocPassage, sentences []biocPassage) []biocPassage {
	if len(sentences) == 0 {
		return []biocPassage{passage}
	}
	if passage.text != "" {
		for _, s := range sentences {
			passage.annotations = append(passage.annotations, s.annotations...)
			passage.relations = append(passage.relations, s.relations...)
		}
		return []biocPassage{passage}
	}
	for i := range sentences {
		if i > 0 && len(passage.infons) > maxShared {
			break
		}
		infons := map[string]string{}
		for _, from := range []map[string]string{passage.infons, sentences[i].infons} {
			for k, v := range from {
				infons[k] = v
			}
		}
		sentences[i].infons = infons
	}
	sentences[0].annotations = append(passage.annotations, sentences[0].annotations...)
	sentences[0].relations = append(passage.relations, sentences[0].relations...)
	return sentences
}

// maxShared bounds how many infons of a passage each of its sentences gets; beyond,
// only the first sentence gets them.
const maxShared = 100

// part reads one of the children that passages and sentences have in common.
func (p *biocXMLParser) part(start xml.StartElement, to *biocPassage) (err error) {
	switch start.Name.Local {
	case "infon":
		return p.infon(start, &to.infons)
	case "offset":
		s, err := p.c.text()
		if err != nil {
			return err
		}
		to.hasOffset = strings.TrimSpace(s) != ""
		if to.hasOffset {
			to.offset, err = atoi(p.file, p.c.place(), "offset", s)
		}
		return err
	case "text":
		to.text, err = p.c.text()
		return err
	case "annotation":
		return p.annotation(start, &to.annotations)
	case "relation":
		return p.relation(start, &to.relations)
	}
	return p.unknown(start)
}

// annotation reads an annotation element and appends it.
func (p *biocXMLParser) annotation(start xml.StartElement, to *[]biocAnnotation) error {
	a := biocAnnotation{id: attribute(start, "id")}
	var bad error // with which the annotation can't be kept
	err := p.c.children(func(start xml.StartElement) (err error) {
		switch start.Name.Local {
		case "infon":
			return p.infon(start, &a.infons)
		case "text":
			a.text, err = p.c.text()
			a.hasText = true
			return err
		case "location":
			var l biocLocation
			if l.offset, err = atoi(p.file, p.c.place(), "location offset", attribute(start, "offset")); err != nil {
				bad = err
			}
			if l.length, err = atoi(p.file, p.c.place(), "location length", attribute(start, "length")); err != nil {
				bad = err
			}
			a.locations = append(a.locations, l)
			return p.c.skip()
		}
		return p.unknown(start)
	})
	if err == nil && bad != nil {
		return p.o.annotation(p.file, p.doc.id, bad)
	}
	*to = append(*to, a)
	return err
}

// relation reads a relation element and appends it.
func (p *biocXMLParser) relation(start xml.StartElement, to *[]biocRelation) error {
	r := biocRelation{id: attribute(start, "id")}
	err := p.c.children(func(start xml.StartElement) error {
		switch start.Name.Local {
		case "infon":
			return p.infon(start, &r.infons)
		case "node":
			r.nodes = append(r.nodes, biocNode{refid: attribute(start, "refid"), role: attribute(start, "role")})
			return p.c.skip()
		}
		return p.unknown(start)
	})
	*to = append(*to, r)
	return err
}

// infon reads an infon element into a map.
func (p *biocXMLParser) infon(start xml.StartElement, to *map[string]string) error {
	v, err := p.c.text()
	if *to == nil {
		*to = map[string]string{}
	}
	(*to)[attribute(start, "key")] = v
	return err
}

// unknown skips an element that BioC doesn't have, and warns of it.
func (p *biocXMLParser) unknown(start xml.StartElement) error {
	p.o.warn(p.file, p.doc.id, "the element <%s> is not kept", start.Name.Local)
	return p.c.skip()
}
