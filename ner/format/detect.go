package format

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// headSize is how many bytes of a file detection looks at.
const headSize = 64 << 10

// detect returns the format of a file by its first bytes; where they leave it
// open, by the extension of its name; and plain text if neither tells.
func detect(name string, head []byte) Format {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	for _, e := range entries {
		if e.begins != nil && e.begins(name, head) {
			return e.format
		}
	}
	for _, e := range entries {
		if e.read != nil && slices.Contains(e.extensions, filepath.Ext(name)) {
			return e.format
		}
	}
	return Text
}

var (
	pubTatorHead = regexp.MustCompile(`^[^<{\[|\t\r\n][^|\t\r\n]*\|[ta]\|`)
	medlineHead  = regexp.MustCompile(`^PMID- *\d`)
	biocHead     = regexp.MustCompile(`(?i)<!DOCTYPE\s+collection\b|<collection[\s>]`)
	pubMedHead   = regexp.MustCompile(`<(PubmedArticleSet|PubmedArticle|PubmedBookArticle|MedlineCitation|MedlineCitationSet)[\s>]`)

	// jsonHead needs a key or an end behind brackets, so that a text that begins
	// with a bracket isn't taken for JSON.
	jsonHead     = regexp.MustCompile(`^(\[\s*)*(\{\s*("|\}|$)|\]\s*$|$)`)
	biocJSONHead = regexp.MustCompile(`"(documents|PubTator3)"\s*:\s*\[`)
)

// detectXML returns which of the XML formats a file is of, by the root element
// that comes first; "" for neither.
func detectXML(head []byte) Format {
	if !bytes.HasPrefix(head, []byte("<")) {
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

// detectJSON returns which of the JSON formats a file is of; "" for none.
func detectJSON(name string, head []byte) Format {
	if len(head) == 0 || head[0] != '{' && head[0] != '[' || !jsonHead.Match(head) {
		return ""
	}
	line, _, whole := bytes.Cut(head, []byte("\n"))
	switch extension := filepath.Ext(name); {
	case slices.Contains(jsonlExtensions, extension):
		return JSONL
	case head[0] == '{' && whole && json.Valid(line) && !biocJSONHead.Match(line):
		return JSONL
	case biocJSONHead.Match(head):
		return BioCJSON
	}
	return JSON
}
