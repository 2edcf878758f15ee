package format

import (
	"bufio"
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// jatsSource reads full texts in JATS, the XML of PubMed Central and of publishers:
// the title, the abstract, and of the body and what follows it the headings,
// paragraphs, captions and tables, each as a passage. Markup within a paragraph
// is left out, and what it marks is kept.
type jatsSource struct {
	split   *xmlSplitter
	o       ReadOptions
	checked bool // the encoding of the file
	count   int  // articles
}

func newJATSSource(name string, in *bufio.Reader, o ReadOptions) *jatsSource {
	roots := []string{"pmc-articleset", "OAI-PMH", "records", "articles"}
	return &jatsSource{split: newXMLSplitter(name, in, o.maxDocument(), []string{"article"}, roots, nil), o: o}
}

func (j *jatsSource) next() (document.Result, error) {
	piece, err := j.split.next()
	if j.split.started && !j.checked {
		j.checked = true
		if err := j.split.encoding(); err != nil {
			return document.Result{}, err
		}
	}
	if err != nil {
		return document.Result{}, err
	}
	j.count++
	a := jatsArticle{file: j.split.name, o: j.o}
	err = parseXML(j.split.name, piece, func(c *xmlCursor, _ xml.StartElement) error {
		a.c = c
		return a.article()
	})
	if err != nil {
		return document.Result{}, err
	}
	d := document.Document{ID: a.id(), Text: a.text.String(), Passages: a.list, Infons: a.infons}
	if d.ID == "" {
		d.ID = j.o.fileID(j.split.name)
		if j.count > 1 {
			d.ID += ":" + strconv.Itoa(piece.line)
		}
	}
	return document.Result{Document: d}, nil
}

// jatsArticle has the parts of an article that are kept.
type jatsArticle struct {
	passages
	file     string
	o        ReadOptions
	c        *xmlCursor
	infons   map[string]string
	titled   bool
	known    bool // it has a part that JATS has
	abstract bool // there is one in the article's language

	sections []string         // the headings of the sections around, from the outermost
	flow     *strings.Builder // the text of the paragraph so far; nil outside of paragraphs
	raised   bool             // the next text is the first of a cross-reference
	kind     string           // the type of that paragraph's passage
}

// id returns the identifier of the article: PubMed's, PubMed Central's or the DOI;
// "" if it has none of them.
func (a *jatsArticle) id() string {
	for _, key := range []string{"pmid", "pmc", "doi"} {
		if id := a.infons[key]; id != "" {
			return id
		}
	}
	return ""
}

// forget skips an element, and warns of it.
func (a *jatsArticle) forget(start xml.StartElement) error {
	a.o.warn(a.file, a.id(), "the element <%s> is not kept", start.Name.Local)
	return a.c.skip()
}

// article reads the children of article.
func (a *jatsArticle) article() error {
	err := a.c.children(func(start xml.StartElement) error {
		switch start.Name.Local {
		case "front", "front-stub":
			a.known = true
			return a.c.children(a.front)
		case "body", "back", "floats-group", "floats-wrap":
			a.known = true
			a.title() // an article without one has an empty one
			return a.blocks(paragraphType)
		case "sub-article", "response":
			return a.forget(start)
		case "processing-meta":
			return a.c.skip()
		}
		return a.forget(start)
	})
	a.title()
	if err == nil && !a.known {
		return badinput.New(a.file, a.c.place(), "an <article> without front and body", "JATS")
	}
	return err
}

// title begins the text with an empty title, unless it has begun.
func (a *jatsArticle) title() {
	if !a.titled {
		a.titled = true
		a.add(titleType, "", nil)
	}
}

// front reads the children of front and of article-meta.
func (a *jatsArticle) front(start xml.StartElement) error {
	switch start.Name.Local {
	case "article-meta":
		return a.c.children(a.front)
	case "article-id":
		v, err := a.line()
		a.identifier(attribute(start, "pub-id-type"), v)
		return err
	case "journal-meta":
		return a.c.children(a.journal)
	case "pub-date":
		return a.c.children(a.date)
	case "title-group":
		return a.c.children(a.titles)
	case "abstract":
		a.title()
		infons := map[string]string(nil)
		if typ := attribute(start, "abstract-type"); typ != "" {
			infons = setInfon(infons, abstractTypeName, typ)
		}
		a.abstract = true
		return a.abstractBlocks(infons)
	case "trans-abstract":
		if a.abstract {
			return a.forget(start)
		}
		a.title()
		return a.abstractBlocks(nil)
	case "kwd-group", "notes":
		return a.forget(start)
	}
	return a.c.skip() // who wrote it, when, where and under which licence
}

// date reads the children of pub-date; the year of the first date counts.
func (a *jatsArticle) date(start xml.StartElement) error {
	v, err := a.line()
	if year := yearOf(v); start.Name.Local == "year" && year != "" && a.infons[yearInfon] == "" {
		a.infons = setInfon(a.infons, yearInfon, year)
	}
	return err
}

// identifier keeps an identifier of the article.
func (a *jatsArticle) identifier(typ, v string) {
	switch typ {
	case "pmid", "doi":
	case "pmc", "pmcid":
		typ, v = "pmc", "PMC"+strings.TrimPrefix(strings.ToUpper(v), "PMC")
	default:
		return
	}
	if v != "" && v != "PMC" {
		a.infons = setInfon(a.infons, typ, v)
	}
}

// journal reads the children of journal-meta.
func (a *jatsArticle) journal(start xml.StartElement) error {
	switch start.Name.Local {
	case "journal-title-group":
		return a.c.children(a.journal)
	case "journal-title":
		v, err := a.line()
		if a.infons["journal"] == "" && v != "" {
			a.infons = setInfon(a.infons, "journal", v)
		}
		return err
	}
	return a.c.skip()
}

// titles reads the children of title-group.
func (a *jatsArticle) titles(start xml.StartElement) error {
	switch start.Name.Local {
	case "article-title":
		v, err := a.line()
		if !a.titled && err == nil {
			a.titled = true
			a.add(titleType, v, nil)
		}
		return err
	case "subtitle":
		v, err := a.line()
		a.title()
		a.add("subtitle", v, nil)
		return err
	case "trans-title-group", "trans-title", "trans-subtitle":
		if a.titled {
			return a.forget(start)
		}
		if start.Name.Local == "trans-title-group" {
			return a.c.children(a.titles)
		}
		v, err := a.line()
		a.titled = true
		a.add(titleType, v, nil)
		return err
	}
	return a.c.skip()
}

// line returns the text of an element on one line.
func (a *jatsArticle) line() (string, error) {
	outer, kind := a.flow, a.kind
	defer func() { a.flow, a.kind = outer, kind }()
	a.flow, a.kind = &strings.Builder{}, ""
	err := a.inline()
	return oneLine(a.flow.String()), err
}
