package format

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

func TestTSVOfTexts(t *testing.T) {
	var told []string
	docs := mustRead(t, "x.tsv", "PMID\tTitle\tYear\tAbstract\n1\tT\t2001\tA \\n b\n\n2\tU\t\t\n", ReadOptions{Warn: func(w Warning) { told = append(told, w.String()) }})
	require.Len(t, docs, 2)
	require.Equal(t, document.Document{ID: "1", Text: `T A \n b`, Passages: []document.Passage{{Type: "title", End: 1}, {Type: "abstract", Start: 2, End: 8}}}, docs[0].Document)
	require.Equal(t, "U", docs[1].Text)
	require.Equal(t, []string{`x.tsv: the column "Year" is not kept`}, told)
	require.Equal(t, "Li", mustRead(t, "x.tsv", "text\nLi\n", ReadOptions{})[0].Text)
}

func TestTSVOfAResult(t *testing.T) {
	const text = "a\tb Li"
	e := entity(text, document.Chemical, "Li")
	e.Confidence = 0.5
	e.Links = []document.Link{{ID: "MESH:D008094", Name: "Lithium", Method: "fuzzy", Score: 0.75}}
	r := document.Result{Document: document.Document{ID: "1", Text: text, Entities: []document.Entity{entity(text, "Gene", "a\tb"), e}}, Dropped: []document.Dropped{{Text: "x", Task: "diseases", Reason: "short"}}}
	empty := document.Result{Document: document.Document{ID: "2"}}
	got := mustWrite(t, WriteOptions{Format: TSV}, r, empty)
	require.Equal(t, []string{
		strings.Join(columnNames[:], "\t"),
		"1\tentity\tGene\ta\\tb\t\t0\t3\t\t\ttrue\t\t\t\t\t",
		"1\tentity\tchemical\tLi\t\t4\t6\tMESH:D008094\t0.5\ttrue\t\tLithium\tfuzzy\t0.75\t",
		"1\tdropped\tdiseases\tx\t\t\t\t\t\t\t\t\t\t\tshort",
		"2\tdocument\t\t\t\t\t\t\t\t\t\t\t\t\t",
	}, strings.Split(strings.TrimSuffix(got, "\n"), "\n"))
	back := mustRead(t, "x", got, ReadOptions{})
	r.Text = ""
	require.Equal(t, comparable(r), comparable(back[0]))
	require.Equal(t, comparable(empty), comparable(back[1]))
}

func TestTSVErrors(t *testing.T) {
	head := strings.Join(columnNames[:], "\t") + "\n"
	for data, want := range map[string]string{
		"":                  "an empty file",
		"a\tb\n1\t2":        `found the columns "a, b"`,
		"id\ttext\n1":       "line 2: found 1 columns, expected 2",
		"id\ttext\n1\t\xff": "invalid UTF-8",
		head + "1\tentity\t" + strings.Repeat("\t", 2) + "\tx\t2" + strings.Repeat("\t", 8): `start, end: found "x 2"`,
		head + "1\tthing" + strings.Repeat("\t", 13):                                        `kind: found "thing"`,
		head + "1\tentity" + strings.Repeat("\t", 7) + "much" + strings.Repeat("\t", 6):     `found "much", expected a number`,
	} {
		_, errs := readAll(t, "x", data, ReadOptions{Format: TSV})
		require.Len(t, errs, 1, data)
		require.ErrorContains(t, errs[0], want, data)
	}
}
