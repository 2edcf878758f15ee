package format

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/medner/medner/ner/document"
)

// Types of passages. Those of full texts are PubMed Central's in BioC.
const (
	titleType        = "title"
	abstractType     = "abstract"
	frontType        = "front" // the title, in PubMed Central
	abstractHead     = "abstract_title_1"
	sectionHead      = "title_" // and the depth of the section, from 1
	paragraphType    = "paragraph"
	figureCaption    = "fig_caption"
	tableCaption     = "table_caption"
	tableType        = "table"
	tableFootnote    = "table_footnote"
	supplementType   = "supplementary_caption"
	footnoteType     = "footnote"
	sentenceType     = "sentence"
	sectionInfon     = "section" // the heading of the section around a passage
	abstractTypeName = "abstract_type"
)

// Properties of documents. The property for the year of publication is set by all
// formats that have one.
const (
	yearInfon    = "year"
	versionInfon = "version" // of the record of one PMID, where it isn't 1
)

var yearPattern = regexp.MustCompile(`\b(1[5-9]|20)\d\d\b`)

// yearOf returns the first year in a date ("1998 Dec-1999 Jan", "Spring 2000"), or "".
func yearOf(date string) string { return yearPattern.FindString(date) }

// isType tells whether a file's word for the type of a passage stands for a type:
// some programs write Title and Abstract.
func isType(word, typ string) bool { return strings.EqualFold(word, typ) }

// passages joins the parts of an article.
type passages struct {
	text strings.Builder
	list []document.Passage
	end  int // of the text, in code points
}

// add appends a part, with one code point between it and the part before. A part
// without text is left out, unless it is a title.
func (p *passages) add(typ, text string, infons map[string]string) {
	if text == "" && typ != titleType {
		return
	}
	if n := len(p.list); n > 0 {
		p.text.WriteString(between(p.list[n-1].Type, typ))
		p.end++
	}
	start := p.end
	p.text.WriteString(text)
	p.end += utf8.RuneCountInString(text)
	p.list = append(p.list, document.Passage{Type: typ, Start: start, End: p.end, Infons: infons})
}

// titleAndAbstract returns the text and the passages of an article, joined by a
// space as PubTator counts.
func titleAndAbstract(title, abstract string, hasAbstract bool) (string, []document.Passage) {
	var p passages
	p.add(titleType, title, nil)
	if hasAbstract {
		p.add(abstractType, abstract, nil)
	}
	return p.text.String(), p.list
}

// blanks are the characters of XML's white space.
const blanks = " \t\r\n"

// oneLine returns s with each run of white space as one space, and without any at
// both ends: files of XML are broken into lines anywhere.
func oneLine(s string) string {
	if isOneLine(s) {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(blanks, r) }), " ")
}

// isOneLine reports whether oneLine would leave s as it is, without being sure of each
// text that has other characters than ASCII's.
func isOneLine(s string) bool {
	space := true // the byte before, or the beginning
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return s == "" || !space
}
