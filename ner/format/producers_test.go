package format

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// What bconv writes of one article, in each of its formats that has the text.
func TestBconvOutputs(t *testing.T) {
	const bioc = `{"source":"","date":"","key":"","infons":{},"documents":[{"id":"7","infons":{},"passages":[` +
		`{"infons":{"type":"Title"},"offset":0,"text":"α-blocker\n","sentences":[],"annotations":[{"id":"1","infons":{"type":"Chemical","cui":"MESH:D1"},"text":"α-blocker","locations":[{"offset":0,"length":10}]}],"relations":[]},` +
		`{"infons":{"type":"Abstract"},"offset":11,"text":"It caused tremor.\n","sentences":[],"annotations":[{"id":"2","infons":{"type":"Disease","cui":"MESH:D2"},"text":"tremor","locations":[{"offset":21,"length":6}]}],"relations":[]}],"relations":[]}]}`
	const pubAnnotation = `[{"text":"α-blocker\nIt caused tremor.\n","denotations":[{"id":"T1","span":{"begin":0,"end":9},"obj":"Chemical"},{"id":"T2","span":{"begin":20,"end":26},"obj":"Disease"}],` +
		`"attributes":[{"id":"A1","subj":"T1","pred":"cui","obj":"MESH:D1"},{"subj":"T2","pred":"cui","obj":"MESH:D2"}],"relations":[{"id":"R1","pred":"causes","subj":"T1","obj":"T2"}],"sourceid":"7","sourcedb":null}]`
	const fbk = "7|t|α-blocker\n7|a|It caused tremor.\n7\tT1\tChemical\t0\t9\tα-blocker\tMESH:D1\n7\tT2\tDisease\t20\t26\ttremor\tMESH:D2\n\n"
	for name, data := range map[string]string{"BioC": bioc, "PubAnnotation": pubAnnotation, "PubAnnotation on a line": strings.Trim(pubAnnotation, "[]") + "\n", "FBK": fbk} {
		docs := mustRead(t, "x", data, ReadOptions{})
		require.Len(t, docs, 1, name)
		require.Equal(t, "7", docs[0].ID, name)
		require.Len(t, docs[0].Entities, 2, name)
		require.Equal(t, []string{"α-blocker", "tremor"}, []string{docs[0].Entities[0].Text, docs[0].Entities[1].Text}, name)
		require.Equal(t, [][]string{{"MESH:D1"}, {"MESH:D2"}}, [][]string{docs[0].Entities[0].Concepts, docs[0].Entities[1].Concepts}, name)
		pubtator := mustWrite(t, WriteOptions{Format: PubTator}, docs...)
		require.True(t, strings.HasPrefix(pubtator, "7|t|α-blocker"), name)
		require.Contains(t, pubtator, "tremor\tDisease\tMESH:D2", name)
	}
	d := mustRead(t, "x", pubAnnotation, ReadOptions{})[0]
	require.Equal(t, []string{"causes", "MESH:D1", "MESH:D2", "T1", "T2"}, []string{d.Relations[0].Type, d.Relations[0].Chemical, d.Relations[0].Disease, d.Relations[0].ChemicalEntity, d.Relations[0].DiseaseEntity})
}

func TestPubAnnotationInTheWild(t *testing.T) {
	d := mustRead(t, "x", `{"sourceid":"7","text":"renal or liver toxicity","denotations":[{"id":"T1","span":[{"begin":0,"end":5},{"begin":15,"end":23}],"obj":"Disease"}],"relations":[{"pred":"x","subj":"T1","obj":"T9"}],"attributes":[{"subj":"T9","pred":"a","obj":"b"},{"subj":"T1","pred":"Certainty","obj":"low"}]}`, ReadOptions{})[0]
	require.Equal(t, []document.Span{{Start: 0, End: 5}, {Start: 15, End: 23}}, d.Entities[0].Spans)
	require.Equal(t, map[string]string{"Certainty": "low"}, d.Entities[0].Infons)
	require.Empty(t, d.Relations)
	for _, denotations := range []string{`7`, `[7]`, `[{"span":{}}]`, `[{"span":[]}]`, `[{"span":{"begin":9,"end":99}}]`} {
		data := `{"id":"1","text":"some aspirin","denotations":` + denotations + `}`
		_, errs := readAll(t, "x.jsonl", data, ReadOptions{})
		require.Len(t, errs, 1, denotations)
		requireBadInput(t, errs[0])
		docs := mustRead(t, "x.jsonl", data, ReadOptions{Annotations: TextOnly})
		require.Equal(t, "some aspirin", docs[0].Text)
	}
}

// What has annotations or rows and no articles is refused by name and not read as a
// text.
func TestTablesAndStandoffAreNoTexts(t *testing.T) {
	for name, c := range map[string]struct{ file, data, want string }{
		"brat":           {"stdin", "T1\tChemical 0 8\tNaloxone\n", "brat annotations on a stream"},
		"no header":      {"x.tsv", "7\tTitle\t1\t1\t0\t8\tNaloxone\n", "expected a header"},
		"CSV":            {"x.csv", "id,text\n1,x\n", "a table with commas"},
		"commas":         {"stdin", "id,text\n1,x\n", "a table with commas (one with tabs is read"},
		"semicolons":     {"stdin", "pmid;Title;abstract\r\n1;x;y\r\n", "a table with semicolons (one with tabs is read"},
		"quoted cells":   {"x.txt", "\"\";\"text\"\n\"1\";\"x; y\"\n", "a table with semicolons"},
		"a header's sum": {"x.csv", "id;text\n1;x\n", "a table with semicolons"},
		"a csv of else":  {"x.csv", "a;b\n1;x\n", "a table with commas or semicolons"},
		"EndNote":        {"x.txt", "%0 Journal Article\n%T Naloxone\n", "citations of EndNote"},
		"BibTeX":         {"stdin", "@article{a1,\n title={Naloxone}}\n", "citations in BibTeX"},
		"CoNLL":          {"x.conllu", "1\tNaloxone\t_\n", "CoNLL-U's columns"},
		"tar":            {"x.tgz", string(gzipped(t, []byte("a"+strings.Repeat("\x00", 256)+"ustar\x0000"+strings.Repeat("\x00", 300)))), "a tar archive"},
		"no text at all": {"x.jsonl", `{"src":"MED","id":"1","anns":[]}`, `found an object with the keys "anns, id, src"`},
	} {
		var err error
		r, err := NewReader(c.file, strings.NewReader(c.data), ReadOptions{})
		if err == nil {
			for _, err2 := range r.Results() {
				err = err2
			}
		}
		requireBadInput(t, err, name)
		require.ErrorContains(t, err, c.want, name)
	}
}

// Prose may have commas and semicolons anywhere, and words that name columns.
func TestProseIsNoTable(t *testing.T) {
	for _, text := range []string{
		"Aspirin; a drug; an acid.\nIt causes headache; nausea; and more.\nYes;no.\n",
		"Title; abstract\nAspirin; headache\n",
		"Title, abstract, text\nAspirin, an acid, is a drug.\n",
		"Text,abstract and title of the article follow. Aspirin,headache\nAspirin,headache\n",
		"id;name\n1;2\n",
		"abstract\nAspirin; an acid\n",
		"id;text\n",
		"id;text\nAspirin is an acid.\n",
		"Background,abstract\n",
		"A text\twith a tab\nand another\ttext\n",
	} {
		for _, name := range []string{"stdin", "x.txt"} {
			docs := mustRead(t, name, text, ReadOptions{})
			require.Len(t, docs, 1, text)
			require.Equal(t, strings.TrimSuffix(text, "\n"), strings.TrimSuffix(docs[0].Text, "\n"))
		}
	}
	docs := mustRead(t, "stdin", "id;text\n1;x\n", ReadOptions{Format: Text})
	require.Contains(t, docs[0].Text, "id;text", "whoever names the format gets it")
}

// A table of articles is found by its header, whatever the file is called.
func TestTablesWithTabsAreFoundByTheirHeader(t *testing.T) {
	for _, name := range []string{"stdin", "x.txt", "x.csv", "x.tsv"} {
		docs := mustRead(t, name, "\ufeffpmid\tTitle\tabstract\r\n7\tAspirin\tAn acid.\r\n", ReadOptions{})
		require.Len(t, docs, 1, name)
		require.Equal(t, "7", docs[0].ID, name)
		require.Equal(t, "Aspirin An acid.", docs[0].Text, name)
	}
}

// A field that isn't kept is reported, beside whatever other fields it stands.
func TestFieldsAreNotIgnoredInSilence(t *testing.T) {
	for data, want := range map[string]string{
		`{"id":"1","text":"x","ents":[],"title":"T"}`:                    `the field "title" is not kept`,
		`{"id":"1","prompt":"x","title":"T"}`:                            `the field "title" is not kept`,
		`{"schema":"medner/1","id":"1","text":"x","title":"T"}`:          `the field "title" is not kept`,
		`{"id":"1","text":"x","denotations":[],"title":"T"}`:             `the field "title" is not kept`,
		`{"id":"1","passages":[{"offset":0,"text":"x"}],"title":"T"}`:    `the field "title" is not kept`,
		`{"id":"1","title":"T","abstract":"A","keywords":["a"]}`:         `the field "keywords" is not kept`,
		`{"id":"1","passages":["a"],"label":[[0,1,"X"]]}`:                `the field "label" is not kept`,
		`{"source":"x","documents":[{"id":"1","passages":[],"x":true}]}`: `the field "x" is not kept`,
	} {
		var tally Tally
		mustRead(t, "x", data, ReadOptions{Warn: tally.Add})
		require.Equal(t, []string{"x: document 1: " + want}, tally.Lines(), data)
	}
}
