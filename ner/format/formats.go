package format

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
)

// Format is a document format, by the name that users give it.
type Format string

// The formats. PubMedXML and MEDLINE are only read; HTML is only written, as is
// Text, which as an output is a summary for terminals.
const (
	Text      Format = "text"
	JSON      Format = "json"  // medner/1 and every other JSON kind below, pretty-printed or in an array
	JSONL     Format = "jsonl" // one JSON object a line: medner/1, {"id","text"}, {"prompt"}, displaCy or a BioC document
	PubTator  Format = "pubtator"
	BioCXML   Format = "bioc-xml"
	BioCJSON  Format = "bioc-json"
	Brat      Format = "brat"
	DisplaCy  Format = "displacy"
	TSV       Format = "tsv"
	PubMedXML Format = "pubmed-xml"
	MEDLINE   Format = "medline"
	HTML      Format = "html"
)

// Inputs lists what can be read.
func Inputs() []Format {
	return []Format{Text, JSONL, JSON, PubTator, BioCXML, BioCJSON, Brat, DisplaCy, TSV, PubMedXML, MEDLINE}
}

// Outputs lists what can be written.
func Outputs() []Format {
	return []Format{Text, JSON, JSONL, TSV, PubTator, BioCXML, BioCJSON, Brat, DisplaCy, HTML}
}

// ParseInput returns the input format of that name.
func ParseInput(name string) (Format, error) { return parse(name, Inputs()) }

// ParseOutput returns the output format of that name.
func ParseOutput(name string) (Format, error) { return parse(name, Outputs()) }

func parse(name string, among []Format) (Format, error) {
	f := Format(strings.ToLower(name))
	if slices.Contains(among, f) {
		return f, nil
	}
	names := make([]string, len(among))
	for i, a := range among {
		names[i] = string(a)
	}
	return "", badinput.New("", "format", `"`+name+`"`, "one of "+strings.Join(names, ", "))
}

// headSize is how much of a file detection looks at.
const headSize = 64 << 10

var (
	pubTatorHead = regexp.MustCompile(`^[^|\t\r\n]+\|[ta]\|`)
	medlineHead  = regexp.MustCompile(`^PMID- *\d`)
	xmlBioC      = regexp.MustCompile(`(?i)<!DOCTYPE\s+collection\b|<collection[\s>]`)
	xmlPubMed    = regexp.MustCompile(`<(PubmedArticleSet|PubmedArticle|PubmedBookArticle|MedlineCitation|MedlineCitationSet)[\s>]`)
)

// Detect returns the format of a file by its first bytes and, where they leave
// it open, by its name; plain text is the last resort.
func Detect(name string, head []byte) Format {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	body := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(body) > 0 && body[0] == '<':
		if f := detectXML(body); f != "" {
			return f
		}
	case len(body) > 0 && (body[0] == '{' || body[0] == '['):
		if f := detectJSON(name, body); f != "" {
			return f
		}
	case pubTatorHead.Match(body):
		return PubTator
	case medlineHead.Match(body):
		return MEDLINE
	case bytes.HasPrefix(body, []byte(strings.Join(columnNames[:], "\t"))):
		return TSV
	}
	switch filepath.Ext(name) {
	case ".ann":
		return Brat
	case ".jsonl", ".ndjson":
		return JSONL
	case ".json":
		return JSON
	case ".tsv":
		return TSV
	case ".pubtator":
		return PubTator
	case ".nbib", ".medline":
		return MEDLINE
	case ".xml":
		return BioCXML
	}
	return Text
}

func detectXML(body []byte) Format {
	bioc, pubmed := xmlBioC.FindIndex(body), xmlPubMed.FindIndex(body)
	switch {
	case bioc != nil && (pubmed == nil || bioc[0] < pubmed[0]):
		return BioCXML
	case pubmed != nil:
		return PubMedXML
	}
	return ""
}

// detectJSON tells lines from other JSON. A text that begins with a brace is
// not taken for JSON unless a key follows.
func detectJSON(name string, body []byte) Format {
	if !jsonStart.Match(body) {
		return ""
	}
	line, _, whole := bytes.Cut(body, []byte("\n"))
	switch ext := filepath.Ext(name); {
	case ext == ".jsonl" || ext == ".ndjson":
		return JSONL
	case body[0] == '{' && whole && json.Valid(line) && !biocCollectionStart.Match(line):
		return JSONL
	case biocCollectionStart.Match(body):
		return BioCJSON
	}
	return JSON
}

var (
	jsonStart           = regexp.MustCompile(`^(\[\s*)*(\{\s*("|\}|$)|\]\s*$|$)`)
	biocCollectionStart = regexp.MustCompile(`"(documents|PubTator3)"\s*:\s*\[`)
)
