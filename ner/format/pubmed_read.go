package format

import (
	"bufio"
	"encoding/xml"
	"strings"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// pubMedSource reads the title and the abstract of each article of PubMed's XML.
// The sections of an abstract follow their labels, "RESULTS: …", as in MEDLINE.
type pubMedSource struct {
	split   *xmlSplitter
	o       ReadOptions
	checked bool // the encoding of the file
}

func newPubMedSource(name string, in *bufio.Reader, o ReadOptions) *pubMedSource {
	elements := []string{"PubmedArticle", "PubmedBookArticle", "MedlineCitation"}
	return &pubMedSource{split: newXMLSplitter(name, in, o.maxDocument(), elements, []string{"PubmedArticleSet", "MedlineCitationSet"}), o: o}
}

func (p *pubMedSource) next() (document.Result, error) {
	piece, err := p.split.next()
	if p.split.started && !p.checked {
		p.checked = true
		if err := p.split.encoding(); err != nil {
			return document.Result{}, err
		}
	}
	if err != nil {
		return document.Result{}, err
	}
	var a pubMedArticle
	err = parseXML(p.split.name, piece, func(c *xmlCursor, start xml.StartElement) error {
		a.c = c
		if start.Name.Local == "MedlineCitation" {
			return a.c.children(a.citation)
		}
		return a.c.children(a.article)
	})
	if err != nil {
		return document.Result{}, err
	}
	if a.id == "" {
		return document.Result{}, badinput.New(p.split.name, place(piece.line, ""), "an article without PMID", "<PMID>")
	}
	return document.Result{Document: a.document()}, nil
}

// pubMedArticle has the parts of an article that are kept.
type pubMedArticle struct {
	c        *xmlCursor
	id       string
	title    string
	sections []pubMedSection
	infons   map[string]string
}

// pubMedSection is a section of an abstract.
type pubMedSection struct{ label, category, text string }

// article reads the children of PubmedArticle and PubmedBookArticle.
func (a *pubMedArticle) article(start xml.StartElement) error {
	switch start.Name.Local {
	case "MedlineCitation", "BookDocument":
		return a.c.children(a.citation)
	}
	return a.c.skip()
}

// citation reads the children of MedlineCitation and BookDocument.
func (a *pubMedArticle) citation(start xml.StartElement) (err error) {
	switch start.Name.Local {
	case "PMID":
		a.id, err = a.flat()
		return err
	case "Article":
		return a.c.children(a.citation)
	case "ArticleTitle":
		a.title, err = a.flat()
		return err
	case "Abstract":
		return a.c.children(a.section)
	case "Journal", "Book":
		return a.c.children(a.publication)
	case "ELocationID":
		v, err := a.flat()
		if attribute(start, "EIdType") == "doi" {
			a.infons = setInfon(a.infons, "doi", v)
		}
		return err
	}
	return a.c.skip()
}

// publication reads the children of Journal and Book.
func (a *pubMedArticle) publication(start xml.StartElement) error {
	v, err := a.flat()
	switch start.Name.Local {
	case "ISOAbbreviation":
		a.infons = setInfon(a.infons, "journal", v)
	case "BookTitle":
		if a.title == "" {
			a.title = v
		}
	}
	return err
}

// section reads the children of Abstract.
func (a *pubMedArticle) section(start xml.StartElement) error {
	if start.Name.Local != "AbstractText" {
		return a.c.skip()
	}
	text, err := a.flat()
	a.sections = append(a.sections, pubMedSection{label: attribute(start, "Label"), category: attribute(start, "NlmCategory"), text: text})
	return err
}

// flat returns the text of an element without the markup in it (italics,
// superscripts, formulas). Each run of white space is one space, since the files
// are broken into lines anywhere.
func (a *pubMedArticle) flat() (string, error) {
	text, err := a.c.text()
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n", r) }), " "), err
}

// document returns the article, with each section as a passage.
func (a *pubMedArticle) document() document.Document {
	d := document.Document{ID: a.id, Infons: a.infons}
	at := utf8.RuneCountInString(a.title)
	d.Text = a.title
	d.Passages = []document.Passage{{Type: titleType, End: at}}
	for _, s := range a.sections {
		text := s.text
		if text == "" {
			continue
		}
		var infons map[string]string
		if s.label != "" {
			text = s.label + ": " + text
			infons = setInfon(infons, "label", s.label)
		}
		if s.category != "" {
			infons = setInfon(infons, "category", s.category)
		}
		n := utf8.RuneCountInString(text)
		d.Passages = append(d.Passages, document.Passage{Type: abstractType, Start: at + 1, End: at + 1 + n, Infons: infons})
		d.Text += " " + text
		at += 1 + n
	}
	return d
}
