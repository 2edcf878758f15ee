package format

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       Format
	}{
		{"a.txt", "Lithium caused tremor.", Text},
		{"a.txt", "", Text},
		{"a", "{not json", Text},
		{"a", "[1] A reference list", Text},
		{"a.txt", "PMID- the word", Text},
		{"a.txt", "1|t|Lithium\n1|a|x\n", PubTator},
		{"a.pubtator", "", PubTator},
		{"corpus.PubTator.txt", "\n\n12|t|Lithium", PubTator},
		{"a", "\nPMID- 123\nOWN - NLM\n", MEDLINE},
		{"a.nbib", "", MEDLINE},
		{"a.xml", `<?xml version="1.0"?><!DOCTYPE collection SYSTEM "BioC.dtd"><collection>`, BioCXML},
		{"a", "<collection><source/>", BioCXML},
		{"a", "<?xml version='1.0'?>\n<PubmedArticleSet>", PubMedXML},
		{"a.xml", "", BioCXML},
		{"a.xml", "<other/>", ""},
		{"a.html", "<html>", ""},
		{"a", `{"id":"1","text":"x"}` + "\n" + `{"id":"2"`, JSONL},
		{"a.jsonl", `{"id":"1","text":"x`, JSONL},
		{"a.jsonl.gz", "", JSONL},
		{"a.jsonl", "[{\"text\":\"x\"}]\n", JSON},
		{"a.jsonl", "{\n  \"text\": \"x\"\n}\n", JSON},
		{"a.json", "[\n{\"id\": \"1\"", JSON},
		{"a.json", "{\n \"schema\": \"medner/1\"", JSON},
		{"a.json", `{"source":"","documents":[{"id"`, BioCJSON},
		{"a", `{"PubTator3": [{"id"`, BioCJSON},
		{"a", `[{"source":"","documents":[{"id"`, BioCJSON},
		{"a.tsv", "id\ttext\n", TSV},
		{"a", "document\tkind\ttype\ttext\tdisease\tstart\tend\tconcepts\tconfidence\tgrounded\tnormalized\tname\tmethod\tscore\treason\n", TSV},
		{"a.ann", "T1\tChemical 0 2\tLi", Brat},
		{"a", "\ufeff{\"text\":\"x\"}\n", JSONL},
	} {
		f, refused := detect(c.name, []byte(c.head))
		require.Equal(t, c.want, f, "%s: %s", c.name, c.head)
		require.Equal(t, c.want == "", refused != "")
	}
}

func TestParse(t *testing.T) {
	f, err := ParseInput("PubTator")
	require.NoError(t, err)
	require.Equal(t, PubTator, f)
	_, err = ParseInput("html")
	require.EqualError(t, err, `format: found "html", expected one of text, jsonl, json, pubtator, bioc-xml, bioc-json, brat, displacy, tsv, conll, xmi, cas-json, pubmed-xml, medline, ris, jats`)
	_, err = ParseOutput("medline")
	require.ErrorContains(t, err, `found "medline", expected one of text, jsonl, json, pubtator`)
	for _, f := range Inputs() {
		_, err := ParseInput(string(f))
		require.NoError(t, err)
	}
}
