package format

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

func TestPubTator(t *testing.T) {
	const data = "1|t|Lithium | a title\n1|a|No tremor.\n1\t0\t7\tLithium\tChemical\tD008094\n1\t21\t27\ttremor\tDisease\t-1\n" +
		"1\t0\t7\tLithium\tChemical\n1\tCID\tD008094\tD014202\n1\tAssociation\tA\tB\tNovel\n\n\n2|t|Only a title\n3|t|T\n3|a|\n"
	for name, data := range map[string]string{"LF": data, "CRLF": strings.ReplaceAll(data, "\n", "\r\n"), "BOM": "\ufeff" + data, "no end": strings.TrimSpace(data)} {
		docs := mustRead(t, "x.txt", data, ReadOptions{})
		require.Len(t, docs, 3, name)
		d := docs[0]
		require.Equal(t, "Lithium | a title No tremor.", d.Text, name)
		require.Equal(t, []document.Passage{{Type: "title", End: 17}, {Type: "abstract", Start: 18, End: 28}}, d.Passages)
		require.Len(t, d.Entities, 3)
		require.Equal(t, []string{"D008094"}, d.Entities[0].Concepts)
		require.Nil(t, d.Entities[1].Concepts)
		require.Equal(t, "CID", d.Relations[0].Type)
		require.Equal(t, map[string]string{"novelty": "Novel"}, d.Relations[1].Infons)
		require.Equal(t, "Only a title", docs[1].Text)
		require.Equal(t, "T", docs[2].Text)
	}
}

func TestPubTatorWithoutTitle(t *testing.T) {
	docs := mustRead(t, "x", "1|t|\n1|a|Li helps\n1\t1\t3\tLi\tChemical\tD1\n", ReadOptions{})
	require.Equal(t, " Li helps", docs[0].Text)
	require.Equal(t, "1|t|\n1|a|Li helps\n1\t1\t3\tLi\tChemical\tD1\n\n", mustWrite(t, WriteOptions{Format: PubTator}, docs...))
}

// In an article that is only an abstract, offsets grow by the space after the empty
// title.
func TestPubTatorOfAnAbstractAlone(t *testing.T) {
	d := document.Document{ID: "1", Text: "Li helps", Passages: []document.Passage{{Type: "abstract", End: 8}}}
	d.Entities = []document.Entity{entity(d.Text, document.Chemical, "Li")}
	require.Equal(t, "1|t|\n1|a|Li helps\n1\t1\t3\tLi\tChemical\t-1\n\n", mustWrite(t, WriteOptions{Format: PubTator}, document.Result{Document: d}))
}

func TestPubTatorOffsetsInOtherUnits(t *testing.T) {
	for offset, unit := range map[string]string{"4\t6": "", "8\t10": "bytes", "5\t7": "UTF-16 units"} {
		var told []string
		docs := mustRead(t, "x", "1|t|α😀.\n1|a|Li\n1\t"+offset+"\tLi\tChemical\tD1\n", ReadOptions{Warn: func(w Warning) { told = append(told, w.String()) }})
		require.Equal(t, []document.Span{{Start: 4, End: 6}}, docs[0].Entities[0].Spans, offset)
		if unit != "" {
			require.Equal(t, []string{"x: document 1: offsets count " + unit + "; converted to code points"}, told)
		}
	}
}

func TestPubTatorErrors(t *testing.T) {
	for block, want := range map[string]string{
		"1|t|Lithium\n1\t1\t8\tLithium\tChemical\tD1": `x: line 2 (document 1): found offsets 1 to 8 outside the text of 7 code points, expected "Lithium" (which is at 0; neither code points, bytes nor UTF-16 units fit)`,
		"1|t|Lithium\n1\t0\t3\tXyz\tChemical\tD1":     `x: line 2 (document 1): found "Lit" at 0 to 3, expected "Xyz", in code points, bytes or UTF-16 units`,
		"1|t|Lithium\n1\t3\t3\t\tChemical\tD1":        `found offsets 3 to 3`,
		"1|t|Lithium\n1\t5\t2\tx\tChemical\tD1":       `found offsets 5 to 2`,
		"1|t|L\n1\ta\t2\tx\tChemical\tD1":             `line 2 (document 1): start: found "a", expected a number`,
		"1|t|L\n1\t0\tb\tx\tChemical\tD1":             `end: found "b"`,
		"1|t|L\n1\t0\t1":                              `found 3 columns`,
		"1|t|L\n9\t0\t1\tL\tChemical\tD1":             `found identifier "9", expected "1"`,
		"1|t|L\n1|a|x\n1|a|y":                         `found a second part "a"`,
		"1\t0\t1\tL\tChemical\tD1":                    `line 1 (document 1): found annotations only`,
		"1|t|L\xff":                                   `invalid UTF-8 at byte 5`,
		"1|t|L\x00":                                   `a NUL byte at byte 5`,
		"1|t|L\n1\t99999999999999999999\t1\tL\tC\tD1": `start: found`,
		"1|t|L\n1\t9223372036854775807\t1\tL\tC\tD1":  `found offsets`,
		"1|t|L\nloose words":                          `found identifier "", expected "1"`,
	} {
		docs, errs := readAll(t, "x", block+"\n\n2|t|fine\n", ReadOptions{Format: PubTator})
		require.Len(t, errs, 1, block)
		require.ErrorContains(t, errs[0], want, block)
		var bad *badinput.Error
		require.True(t, errors.As(errs[0], &bad))
		require.Len(t, docs, 1, block)
		require.Equal(t, "2", docs[0].ID)
	}
}

func TestPubTatorOfPredictions(t *testing.T) {
	const text = "Lithium (Li) caused tremor\nand Li caused nausea"
	li := entity(text, document.Chemical, "Li")
	li.Links = []document.Link{{ID: "MESH:D008094", Method: "exact", Score: 1}, {ID: "MESH:D999999", Method: "fuzzy", Score: 0.7}}
	tremor := entity(text, document.Disease, "tremor")
	r := document.Result{Document: document.Document{ID: "a|b", Text: text, Entities: []document.Entity{li, tremor},
		Relations: []document.Relation{{Type: "influences", Chemical: "li", Disease: "tremor"}}}}
	var told []string
	got := mustWrite(t, WriteOptions{Format: PubTator, Warn: func(w Warning) { told = append(told, w.Message) }}, r)
	require.Equal(t, "a_b|t|Lithium (Li) caused tremor\na_b|a|and Li caused nausea\n"+
		"a_b\t0\t2\tLi\tChemical\tMESH:D008094\na_b\t20\t26\ttremor\tDisease\t-1\na_b\tCID\tMESH:D008094\ttremor\n\n", got)
	require.Equal(t, []string{
		"pubtator does not hold line breaks (they become spaces)",
		"pubtator does not hold confidences",
		"pubtator does not hold terminology entries beyond their identifiers",
		`the identifier "a|b" is written as a_b`,
	}, told)
}

func TestOneBadDocumentInAThousand(t *testing.T) {
	for f, c := range map[Format]struct{ head, good, bad, tail string }{
		PubTator:  {"", "%d|t|fine\n\n", "%d|t|bad\n5\t5\t5\t5\t5\n\n", ""},
		JSONL:     {"", `{"id":%d,"text":"fine"}` + "\n", `{"id":%d,"text":` + "\n", ""},
		JSON:      {"[", `{"id":%d,"text":"fine"},` + "\n", `{"id":%d,"text":7},` + "\n", "]"},
		BioCJSON:  {`{"documents":[`, `{"id":%d,"passages":[]},` + "\n", `{"id":%d,"passages":{]},` + "\n", "]}"},
		BioCXML:   {"<collection>", "<document><id>%d</id></document>\n", "<document><id>%d</idx></document>\n", "</collection>"},
		PubMedXML: {"<PubmedArticleSet>", "<PubmedArticle><MedlineCitation><PMID>%d</PMID></MedlineCitation></PubmedArticle>\n", "<PubmedArticle><PMID>%d\n", "</PubmedArticleSet>"},
		MEDLINE:   {"", "PMID- %d\nTI  - fine\n\n", "PMID- %d\nbroken\n\n", ""},
		TSV:       {"id\ttext\n", "%d\tfine\n", "%d\n", ""},
	} {
		t.Run(string(f), func(t *testing.T) {
			var b strings.Builder
			b.WriteString(c.head)
			for i := range 1000 {
				if i == 500 {
					fmt.Fprintf(&b, c.bad, i)
				} else {
					fmt.Fprintf(&b, c.good, i)
				}
			}
			docs, errs := readAll(t, "x", b.String()+c.tail, ReadOptions{Format: f})
			require.Len(t, errs, 1)
			var bad *badinput.Error
			require.True(t, errors.As(errs[0], &bad))
			require.Contains(t, bad.Field, "line ")
			require.Len(t, docs, 999)
			for i, d := range docs {
				require.Equal(t, fmt.Sprint(i+i/500), d.ID)
			}
		})
	}
}
