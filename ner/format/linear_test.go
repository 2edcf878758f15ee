package format

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// repeat returns n copies of s, in which # stands for the number of the copy.
func repeat(s string, n int) string { //nolint:unparam // other numbers are for trying
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(s, "#", fmt.Sprint(i)))
	}
	return b.String()
}

// What is allocated to read a document, and the size of what is written of it, grow
// with the document and not with its square.
func TestWorkGrowsWithTheDocument(t *testing.T) {
	const n = 8000
	gap := fmt.Sprintf(`<annotation id="a"><location offset="0" length="7"/><location offset="%d" length="7"/><text>aspirin aspirin</text></annotation>`, (n-1)*10)
	whole := fmt.Sprintf(`<annotation id="a"><location offset="0" length="%d"/></annotation>`, (n-1)*10)
	concepts := func(prefix string) string { return strings.TrimPrefix(repeat("|"+prefix+"#", n), "|") }
	for name, data := range map[string]string{
		"sections":  "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><Abstract>" + repeat(`<AbstractText Label="L#">text</AbstractText>`, n) + "</Abstract></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>",
		"sentences": "<collection><document><id>1</id><passage>" + repeat(`<infon key="k#">v</infon>`, n) + repeat("<sentence><text>x</text></sentence>", n) + "</passage></document></collection>",
		"gaps":      "<collection><document><id>1</id><passage><offset>0</offset><text>" + repeat("aspirin a ", n) + "</text>" + repeat(gap, n) + "</passage></document></collection>",
		"no texts":  "<collection><document><id>1</id><passage><offset>0</offset><text>" + repeat("aspirin a ", n) + "</text>" + repeat(whole, n) + "</passage></document></collection>",
		"composite": "1|t|aspirin ulcer\n1\t0\t7\taspirin\tChemical\t" + concepts("D") + "\n1\t8\t13\tulcer\tDisease\t" + concepts("E") + "\n1\tCID\t" + concepts("D") + "\t" + concepts("E") + "\n",
		"full text": "<article><body>" + repeat("<sec><title>t#</title><p>x<list><list-item><p>y</p></list-item></list></p></sec>", n) + "</body></article>",
		"lists":     `{"id":"1","title":["x"` + repeat(`,"x"`, n) + `],"body":["y"` + repeat(`,"y#"`, n) + "]}",
		"keys":      `{"id":"1","text":"a"` + repeat(`,"k#":"x"`, n) + "}",
		"types":     "1|t|aspirin\n" + repeat("1\t0\t7\taspirin\tT#\tD#\n", n),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		docs, _ := readAll(t, "x", data, ReadOptions{Annotations: TextOnly})
		runtime.ReadMemStats(&after)
		require.Len(t, docs, 1, name)
		allocated := after.TotalAlloc - before.TotalAlloc
		require.Less(t, allocated, uint64(400*len(data)), "%s: %d bytes allocated for %d", name, allocated, len(data))
		for _, f := range []Format{PubTator, BioCXML, TSV, Text} {
			out := mustWrite(t, WriteOptions{Format: f}, docs...)
			require.Less(t, len(out), 50*len(data), "%s as %s", name, f)
		}
	}
}

// Documents of one identifier are named in time that grows with their number: the
// square of this many would take minutes.
func TestBratFolderNamesManyDocumentsOfOneName(t *testing.T) {
	w := fileNames{}
	seen := map[string]bool{}
	for range 200000 {
		seen[strings.ToLower(w.name("same"))] = true
	}
	for _, id := range []string{"SAME", "same-5", "same-200001", "Same-2", "same"} {
		seen[strings.ToLower(w.name(id))] = true
	}
	require.Len(t, seen, 200005)
}

func TestManyDroppedItemsAreCounted(t *testing.T) {
	r := document.Result{Document: document.Document{ID: "1"}}
	for i := range 50000 {
		r.Dropped = append(r.Dropped, document.Dropped{Text: fmt.Sprint(i / 2), Task: "x", Reason: "y"})
	}
	require.Equal(t, 25000, strings.Count(mustWrite(t, WriteOptions{Format: Text}, r), ", 2 times"))
}
