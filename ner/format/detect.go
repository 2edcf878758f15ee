package format

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/files"
)

// headSize is how many bytes of a file detection looks at.
const headSize = 64 << 10

// detect returns the format of a file by its first bytes; where they leave it
// open, by the extension of its name; and plain text if neither tells. Markup of an
// unknown kind is no text, nor is a table that can't be read: refused names it then.
func detect(name string, head []byte) (f Format, refused string) {
	name = strings.ToLower(files.Plain(name))
	head = bytes.TrimLeft(bytes.TrimPrefix(head, byteOrderMark), " \t\r\n")
	for _, e := range entries {
		if e.begins != nil && e.begins(name, head) {
			return e.format, ""
		}
	}
	if refused = unknownMarkup(head); refused != "" {
		return "", refused
	}
	for _, c := range citations {
		if c.begins.Match(head) {
			return "", c.name
		}
	}
	if refused = tableName(articleTable(head)); refused != "" {
		return "", refused
	}
	for _, e := range entries {
		if e.read != nil && slices.Contains(e.extensions, filepath.Ext(name)) {
			return e.format, ""
		}
	}
	if refused = tables[filepath.Ext(name)]; refused != "" {
		return "", refused
	}
	return Text, ""
}

// tables names files with rows that no format here has, by their extensions.
var tables = map[string]string{
	".csv": "a table with commas or semicolons (one with tabs is read: .tsv)", ".conllu": "CoNLL-U's columns",
}

// citations are files of reference managers, by how they begin: read as one text,
// many articles and their tags would be one article.
var citations = []struct {
	begins *regexp.Regexp
	name   string
}{
	{regexp.MustCompile(`^%0 [A-Z]`), "citations of EndNote (RIS and MEDLINE's .nbib are read)"},
	{regexp.MustCompile(`^@[A-Za-z]+\s*\{[^\s,{}]*,`), "citations in BibTeX (RIS and MEDLINE's .nbib are read)"},
}

var (
	pubTatorHead = regexp.MustCompile(`^[^<{\[|\t\r\n][^|\t\r\n]*\|[ta]\|`)
	bratHead     = regexp.MustCompile(`^T\d+\t\S+ \d+ \d+(;\d+ \d+)*\t`)
	risHead      = regexp.MustCompile(`^(Provider:[^\n]*\n([^\n]*\n){0,4}\s*)?TY  ?- ?[A-Z]+\s`)
	medlineHead  = regexp.MustCompile(`^PMID- *\d`)
	biocHead     = regexp.MustCompile(`(?i)<!DOCTYPE\s+collection\b|<collection[\s>]`)
	pubMedHead   = regexp.MustCompile(`<(PubmedArticleSet|PubmedArticle|PubmedBookArticle|PubmedBookArticleSet|MedlineCitation|MedlineCitationSet)[\s>]`)
	jatsHead     = regexp.MustCompile(`<([A-Za-z]+:)?article[\s>]`)
	docBookHead  = regexp.MustCompile(`docbook`)

	// jsonHead needs a key or an end behind brackets, so that a text that begins
	// with a bracket isn't taken for JSON.
	jsonHead     = regexp.MustCompile(`^(\[\s*)*(\{\s*("|\}|$)|\]\s*$|$)`)
	casJSONHead  = regexp.MustCompile(`^\{\s*"%[A-Z_]+"\s*:`)
	biocJSONHead = regexp.MustCompile(`"(documents|PubTator3)"\s*:\s*\[`)

	// What may stand before the root element of XML and HTML.
	declarationHead = regexp.MustCompile(`^(?i)<(\?xml|!DOCTYPE)\b`)
	prologHead      = regexp.MustCompile(`^(?is)\s*(<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s[^\[>]*(\[.*?\]\s*)?>)`)
	rootHead        = regexp.MustCompile(`^(?s)\s*<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)((?:\s+[\w:.-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))?)*)\s*/?>`)
)

// root returns the name of the root element of XML or HTML, without a prefix, and
// its attributes; "" if the first bytes of the file are no tag.
func root(head []byte) (name, attributes string) {
	for {
		prolog := prologHead.Find(head)
		if prolog == nil {
			break
		}
		head = head[len(prolog):]
	}
	if m := rootHead.FindSubmatch(head); m != nil {
		return string(m[2]), string(m[3])
	}
	return "", ""
}

// detectXML returns which of the XML formats a file is of; "" for none.
func detectXML(head []byte) Format {
	if !bytes.HasPrefix(head, []byte("<")) {
		return ""
	}
	switch name, _ := root(head); name {
	case "article":
		if docBookHead.Match(head[:min(len(head), 2000)]) {
			return ""
		}
		return JATS
	case "XMI":
		return XMI
	case "pmc-articleset":
		return JATS
	case "OAI-PMH", "records", "articles":
		if jatsHead.Match(head) {
			return JATS
		}
	case "html", "HTML":
		return ""
	}
	bioc := biocHead.FindIndex(head)
	pubMed := pubMedHead.FindIndex(head)
	switch {
	case bioc != nil && (pubMed == nil || bioc[0] < pubMed[0]):
		return BioCXML
	case pubMed != nil:
		return PubMedXML
	}
	return ""
}

// markupNames has words for root elements of XML and HTML in which people have
// articles.
var markupNames = map[string]string{
	"html": "an HTML page",
	"tei":  "TEI, as GROBID writes",
	"book": "a book in XML",
	"svg":  "an SVG image",
}

// unknownMarkup names the XML or HTML that a file holds, by its first bytes; "" if it
// holds none.
func unknownMarkup(head []byte) string {
	name, attributes := root(head)
	switch known := markupNames[strings.ToLower(name)]; {
	case known != "":
		return known
	case name == "article":
		return "DocBook"
	case declarationHead.Match(head) && name == "":
		return "XML or HTML without a root element that is known"
	case name != "" && bytes.HasPrefix(head, []byte("<?xml")), strings.Contains(attributes, "xmlns"):
		return "XML with the root element <" + clip.At(name, maxQuote) + ">"
	case name != "":
		return "XML or HTML that begins with <" + clip.At(name, maxQuote) + ">"
	}
	return ""
}

// detectJSON returns which of the JSON formats a file is of; "" for none.
func detectJSON(name string, head []byte) Format {
	if len(head) == 0 || head[0] != '{' && head[0] != '[' || !jsonHead.Match(head) {
		return ""
	}
	if casJSONHead.Match(head) {
		return CASJSON
	}
	line, _, whole := bytes.Cut(head, []byte("\n"))
	switch extension := filepath.Ext(name); {
	case slices.Contains(jsonlExtensions, extension) && head[0] == '{' && !bytes.Equal(bytes.TrimSpace(line), []byte("{")):
		return JSONL // and otherwise an array, or an object over several lines
	case head[0] == '{' && whole && json.Valid(line) && !biocJSONHead.Match(line):
		return JSONL
	case biocJSONHead.Match(head):
		return BioCJSON
	}
	return JSON
}
