package format

import (
	"bufio"
	"encoding/xml"
	"strings"

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
	elements := []string{"PubmedArticle", "PubmedBookArticle", "MedlineCitation", deletions, bookDeletions}
	split := newXMLSplitter(name, in, o.maxDocument(), elements, []string{"PubmedArticleSet", "PubmedBookArticleSet", "MedlineCitationSet"}, pubMedDropped)
	return &pubMedSource{split: split, o: o}
}

// The elements that list deleted articles.
const (
	deletions     = "DeleteCitation"
	bookDeletions = "DeleteDocument"
)

// pubMedDropped lists elements of PubMed's XML, half of a file and more, in which
// there is nothing that is kept.
var pubMedDropped = []string{
	"AuthorList", "InvestigatorList", "PersonalNameSubjectList", "GrantList", "ChemicalList", "SupplMeshList", "CommentsCorrectionsList", "GeneSymbolList",
	"MeshHeadingList", "KeywordList", "DataBankList", "ReferenceList", "PublicationTypeList", "MedlineJournalInfo", "History", "ItemList",
	"DateCompleted", "DateRevised", "ISSN", "Title", "Volume", "Issue", "Pagination", "Language", "CitationSubset", "PublicationStatus", "CoiStatement",
}

func (p *pubMedSource) next() (document.Result, error) {
	for {
		res, deleted, err := p.piece()
		if !deleted || err != nil {
			return res, err
		}
	}
}

// piece reads the next article, or the list of deleted ones.
func (p *pubMedSource) piece() (_ document.Result, deleted bool, err error) {
	piece, err := p.split.next()
	if p.split.started && !p.checked {
		p.checked = true
		if err := p.split.encoding(); err != nil {
			return document.Result{}, false, err
		}
	}
	if err != nil {
		return document.Result{}, false, err
	}
	a := pubMedArticle{file: p.split.name, o: p.o}
	err = parseXML(p.split.name, piece, func(c *xmlCursor, start xml.StartElement) error {
		a.c = c
		switch start.Name.Local {
		case "MedlineCitation":
			return a.c.children(a.citation)
		case deletions, bookDeletions:
			deleted = true
			return a.c.children(a.deletion)
		}
		return a.c.children(a.article)
	})
	if err != nil {
		return document.Result{}, false, err
	}
	if deleted {
		if p.o.Deleted != nil {
			p.o.Deleted(a.deleted)
		}
		return document.Result{}, true, nil
	}
	if a.id == "" {
		return document.Result{}, false, badinput.New(p.split.name, place(piece.line, ""), "an article without PMID", "<PMID>")
	}
	return document.Result{Document: a.document()}, false, nil
}

// The warnings of records in PubMed's XML and in MEDLINE's lines about what is left out.
const (
	otherTitle     = "titles in other languages than English are not kept beside English ones"
	otherAbstracts = "abstracts by others, or in other languages, are not kept beside the article's own"
	oneOfAbstracts = "of several abstracts by others, or in other languages, only one is kept"
)

// pubMedArticle has the parts of an article that are kept.
type pubMedArticle struct {
	file       string
	o          ReadOptions
	c          *xmlCursor
	id         string
	title      string
	bookTitle  string // of a book, or of the one that the article is a chapter of
	vernacular string // the title in the language of the article
	sections   []pubMedSection
	others     []otherAbstract // abstracts by others, or in other languages
	infons     map[string]string
	deleted    []string // the identifiers in a list of deleted articles
}

// pubMedSection is a section of an abstract.
type pubMedSection struct{ label, category, text string }

// otherAbstract is an abstract of the kind OtherAbstract.
type otherAbstract struct {
	typ, language string
	sections      []pubMedSection
}

// article reads the children of PubmedArticle and PubmedBookArticle.
func (a *pubMedArticle) article(start xml.StartElement) error {
	switch start.Name.Local {
	case "MedlineCitation", "BookDocument":
		return a.c.children(a.citation)
	case "PubmedData", "PubmedBookData":
		return a.c.children(a.data)
	}
	return a.c.skip()
}

// data reads the children of PubmedData.
func (a *pubMedArticle) data(start xml.StartElement) error {
	if start.Name.Local != "ArticleIdList" {
		return a.c.skip()
	}
	return a.c.children(func(start xml.StartElement) error {
		v, err := a.flat()
		if typ := attribute(start, "IdType"); v != "" && (typ == "pmc" || typ == "doi" && a.infons["doi"] == "") {
			a.infons = setInfon(a.infons, typ, v)
		}
		return err
	})
}

// citation reads the children of MedlineCitation and BookDocument.
func (a *pubMedArticle) citation(start xml.StartElement) (err error) {
	switch start.Name.Local {
	case "PMID":
		v, err := a.flat()
		if a.id == "" {
			a.id = v
			if version := attribute(start, "Version"); version != "" && version != "1" {
				a.infons = setInfon(a.infons, versionInfon, version)
			}
		}
		return err
	case "Article":
		return a.c.children(a.citation)
	case "ArticleTitle":
		a.title, err = a.flat()
		return err
	case "VernacularTitle":
		a.vernacular, err = a.flat()
		return err
	case "Abstract":
		return a.abstract(&a.sections)
	case "OtherAbstract":
		o := otherAbstract{typ: attribute(start, "Type"), language: attribute(start, "Language")}
		err = a.abstract(&o.sections)
		a.others = append(a.others, o)
		return err
	case "Journal", "Book":
		return a.c.children(a.publication)
	case "ArticleDate":
		return a.c.children(a.date)
	case "ELocationID":
		v, err := a.flat()
		if attribute(start, "EIdType") == "doi" {
			a.infons = setInfon(a.infons, "doi", v)
		}
		return err
	}
	return a.c.skip()
}

// deletion reads the children of DeleteCitation and DeleteDocument.
func (a *pubMedArticle) deletion(start xml.StartElement) error {
	v, err := a.flat()
	if v != "" && start.Name.Local == "PMID" {
		a.deleted = append(a.deleted, v)
	}
	return err
}

// publication reads the children of Journal and Book.
func (a *pubMedArticle) publication(start xml.StartElement) error {
	switch start.Name.Local {
	case "JournalIssue":
		return a.c.children(a.publication)
	case "PubDate":
		return a.c.children(a.date)
	}
	v, err := a.flat()
	switch start.Name.Local {
	case "ISOAbbreviation":
		a.infons = setInfon(a.infons, "journal", v)
	case "BookTitle":
		a.bookTitle = v
	}
	return err
}

// date reads the children of PubDate and ArticleDate. The date of the issue comes
// first in a file, and counts.
func (a *pubMedArticle) date(start xml.StartElement) error {
	v, err := a.flat()
	switch start.Name.Local {
	case "Year", "MedlineDate":
		if year := yearOf(v); year != "" && a.infons[yearInfon] == "" {
			a.infons = setInfon(a.infons, yearInfon, year)
		}
	}
	return err
}

// abstract reads the children of Abstract and OtherAbstract.
func (a *pubMedArticle) abstract(to *[]pubMedSection) error {
	return a.c.children(func(start xml.StartElement) error {
		if start.Name.Local != "AbstractText" {
			return a.c.skip()
		}
		text, err := a.flat()
		if text != "" {
			*to = append(*to, pubMedSection{label: attribute(start, "Label"), category: attribute(start, "NlmCategory"), text: text})
		}
		return err
	})
}

// flat returns the text of an element without the markup in it (italics,
// superscripts, formulas), on one line.
func (a *pubMedArticle) flat() (string, error) {
	text, err := a.c.text()
	return oneLine(text), err
}

// warn warns of a part of the article that is left out.
func (a *pubMedArticle) warn(message string) { a.o.warn(a.file, a.id, "%s", message) }

// document returns the article, with each section as a passage.
func (a *pubMedArticle) document() document.Document {
	d := document.Document{ID: a.id, Infons: a.infons}
	title := bestTitle(a.title, a.bookTitle, a.vernacular)
	if a.vernacular != "" && title != a.vernacular {
		a.warn(otherTitle)
	}
	sections, infons := a.bestAbstract()
	var p passages
	p.add(titleType, title, nil)
	for _, s := range sections {
		text, own := s.text, infons
		if s.label != "" || s.category != "" {
			own = without(infons)
		}
		if s.label != "" {
			text = s.label + ": " + text
			own = setInfon(own, "label", s.label)
		}
		if s.category != "" {
			own = setInfon(own, "category", s.category)
		}
		p.add(abstractType, text, own)
	}
	d.Text, d.Passages = p.text.String(), p.list
	return d
}

// bestAbstract returns the sections of the abstract, and the properties of their
// passages. Where there is only an abstract by others or in another language, it
// is that one, the English one first.
func (a *pubMedArticle) bestAbstract() ([]pubMedSection, map[string]string) {
	best := -1
	for i, o := range a.others {
		switch {
		case len(o.sections) == 0:
		case best < 0, isEnglish(o.language) && !isEnglish(a.others[best].language):
			best = i
		}
	}
	if len(a.sections) > 0 || best < 0 {
		if best >= 0 {
			a.warn(otherAbstracts)
		}
		return a.sections, nil
	}
	if len(a.others) > 1 {
		a.warn(oneOfAbstracts)
	}
	o := a.others[best]
	var infons map[string]string
	if o.typ != "" {
		infons = setInfon(infons, abstractTypeName, o.typ)
	}
	if o.language != "" {
		infons = setInfon(infons, "language", o.language)
	}
	return o.sections, infons
}

// isEnglish tells whether a language is English, as files name it, or unstated.
func isEnglish(language string) bool {
	return language == "" || strings.EqualFold(language, "eng") || strings.EqualFold(language, "en")
}

// bestTitle returns the title of an article, or else that of the book that it is,
// or else the title in the article's own language. PubMed writes "[Not Available]."
// for a title that has no translation.
func bestTitle(title, book, vernacular string) string {
	available := !strings.HasPrefix(strings.ToLower(strings.TrimLeft(title, "[ ")), "not available")
	for _, t := range []string{title, book, vernacular} {
		if t != "" && (t != title || available) {
			return t
		}
	}
	return title
}
