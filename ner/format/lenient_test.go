package format

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/ner/document"
)

// mentionAt returns a PubTator article with one mention.
func mentionAt(title string, start, end int, text string) string {
	return fmt.Sprintf("1|t|%s\n1\t%d\t%d\t%s\tChemical\tD1\n", title, start, end, text)
}

// Lenient reading mends mentions whose offsets or spelling are a little wrong, and
// reports each.
func TestLenientReadingMendsMentions(t *testing.T) {
	for name, c := range map[string]struct {
		title, text string
		start, end  int
		want        [2]int
	}{
		"Greek letter as Latin letter":    {"TNF-α and aspirin", "TNF-a", 0, 5, [2]int{0, 5}},
		"Greek letter as its name":        {"TNF-α and aspirin", "TNF-alpha", 0, 9, [2]int{0, 5}},
		"name for a Greek letter":         {"TNF-alpha and aspirin", "TNF-α", 0, 5, [2]int{0, 9}},
		"micro sign as u":                 {"5 µg of Li", "ug", 2, 4, [2]int{2, 4}},
		"mu as m":                         {"5 μg of Li", "mg", 2, 4, [2]int{2, 4}},
		"hyphens":                         {"beta–blocker", "beta-blocker", 0, 12, [2]int{0, 12}},
		"accents":                         {"a Sjögren case", "Sjogren", 2, 9, [2]int{2, 9}},
		"case":                            {"ASPIRIN helps", "aspirin", 0, 7, [2]int{0, 7}},
		"quotes":                          {"Parkinson’s disease", "Parkinson's disease", 0, 19, [2]int{0, 19}},
		"unknown characters":              {"x TNF-α", "TNF-?", 2, 7, [2]int{2, 7}},
		"an entity of HTML":               {"a <b acid", "&lt;b acid", 2, 12, [2]int{2, 9}},
		"shifted by one":                  {"aspirin and aspirin", "aspirin", 13, 20, [2]int{12, 19}},
		"the nearest of several":          {"aspirin or aspirin or aspirin", "aspirin", 9, 16, [2]int{11, 18}},
		"beyond the end":                  {"some aspirin", "aspirin", 90, 97, [2]int{5, 12}},
		"before the start":                {"some aspirin", "aspirin", -3, 4, [2]int{5, 12}},
		"no length":                       {"some aspirin", "aspirin", 5, 5, [2]int{5, 12}},
		"within a word":                   {"some chemoaspirine", "aspirin", 9, 16, [2]int{10, 17}},
		"in bytes, with another spelling": {"αβγ TNF–α x", "TNF-α", 7, 15, [2]int{4, 9}},
	} {
		var told []Warning
		o := ReadOptions{Annotations: Lenient, Warn: func(w Warning) { told = append(told, w) }}
		docs := mustRead(t, "x", mentionAt(c.title, c.start, c.end, c.text), o)
		require.Len(t, docs[0].Entities, 1, name)
		require.Equal(t, []document.Span{{Start: c.want[0], End: c.want[1]}}, docs[0].Entities[0].Spans, name)
		require.Equal(t, string([]rune(c.title)[c.want[0]:c.want[1]]), docs[0].Entities[0].Text, name)
		require.Len(t, told, 1, "%s: %v", name, told)
		require.Equal(t, "line 2 (document 1)", told[0].Place)
		require.Contains(t, told[0].Message, "is mended to", name)

		_, errs := readAll(t, "x", mentionAt(c.title, c.start, c.end, c.text), ReadOptions{})
		require.Len(t, errs, 1, name)
		require.Contains(t, hint.Of(errs[0]), "Annotations: Lenient")
	}
}

// What is too far away, or not there, is left out; so are lines that can't be read.
func TestLenientReadingLeavesOutWhatItCannotMend(t *testing.T) {
	far := "aspirin" + strings.Repeat(" x", 300)
	for name, data := range map[string]string{
		"absent":       mentionAt("some aspirin", 5, 12, "warfarin"),
		"far away":     mentionAt(far, 400, 407, "aspirin"),
		"empty":        mentionAt("some aspirin", 5, 5, ""),
		"few columns":  "1|t|x\n1\t0\t1\n",
		"no number":    "1|t|x\n1\t0\tb\tx\tChemical\tD1\n",
		"huge numbers": mentionAt("some aspirin", 1<<62, 1<<62, "aspirix"),
		"long":         mentionAt(strings.Repeat("y ", 2000), 1, 3001, strings.Repeat("y z ", 700)),
	} {
		var told []Warning
		docs := mustRead(t, "x", data, ReadOptions{Annotations: Lenient, Warn: func(w Warning) { told = append(told, w) }})
		require.Empty(t, docs[0].Entities, name)
		require.NotEmpty(t, docs[0].Text, name)
		require.Len(t, told, 1, name)
		require.Equal(t, "the annotation is left out", told[0].Message, name)
		require.Contains(t, told[0].Place, "line 2", name)
	}
}

// The unit of offsets is found even if some mentions are wrong in it.
func TestLenientReadingFindsTheUnitOfMost(t *testing.T) {
	for unit, offsets := range map[string][4]int{"bytes": {10, 12, 13, 15}, "UTF-16 units": {6, 8, 9, 11}} {
		data := fmt.Sprintf("1|t|αβ😀x Li Na\n1\t%d\t%d\tLi\tChemical\tD1\n1\t%d\t%d\tNa\tChemical\tD2\n1\t0\t5\tzzzzz\tChemical\tD3\n", offsets[0], offsets[1], offsets[2], offsets[3])
		var tally Tally
		docs := mustRead(t, "x", data, ReadOptions{Annotations: Lenient, Warn: tally.Add})
		require.Len(t, docs[0].Entities, 2, unit)
		require.Equal(t, []string{"Li", "Na"}, []string{docs[0].Entities[0].Text, docs[0].Entities[1].Text})
		require.Len(t, tally.Lines(), 2, tally.Lines())
		require.Contains(t, tally.Lines()[0], "offsets count "+unit)
	}
}

// Whatever is wrong with annotations, the text is read if only the text is wanted.
func TestTextOnlyReadsTextsWithBadAnnotations(t *testing.T) {
	const sha = `"text_sha256":"00",`
	for name, c := range map[string]struct {
		format Format
		data   string
	}{
		"mention":            {PubTator, mentionAt("some aspirin", 5, 12, "warfarin")},
		"outside":            {PubTator, mentionAt("some aspirin", 500, 512, "aspirin")},
		"columns":            {PubTator, "1|t|some aspirin\n1\t0\t3\n1\t0\n1\n1\t\t\t\t\t\n"},
		"numbers":            {PubTator, "1|t|some aspirin\n1\ta\tb\tx\ty\tz\tz\n1\t0\tb\tx\ty\n"},
		"location":           {BioCXML, `<collection><document><id>1</id><passage><offset>0</offset><text>some aspirin</text><annotation id="1"><location offset="x" length=""/><text>a</text></annotation></passage></document></collection>`},
		"annotation":         {BioCXML, `<collection><document><id>1</id><passage><offset>0</offset><text>some aspirin</text><annotation id="1"><location offset="3" length="2"/><text>zz</text></annotation></passage></document></collection>`},
		"annotations":        {BioCJSON, `{"documents":[{"id":"1","passages":[{"offset":0,"text":"some aspirin","annotations":{}}],"relations":3}]}`},
		"one annotation":     {BioCJSON, `{"documents":[{"id":"1","passages":[{"offset":0,"text":"some aspirin","annotations":[7,{"locations":[{"offset":"a","length":1}]},{"locations":[{}]}]}]}]}`},
		"ents":               {JSONL, `{"id":"1","text":"some aspirin","ents":{}}`},
		"an ent":             {JSONL, `{"id":"1","text":"some aspirin","ents":[{"start":90,"end":99,"label":"x"}]}`},
		"entities":           {JSONL, `{"schema":"medner/1","id":"1","text":"some aspirin","entities":[{"text":"x","type":"y","start":1,"end":2}]}`},
		"entities' kind":     {JSONL, `{"schema":"medner/1","id":"1","text":"some aspirin","entities":{"a":7}}`},
		"spans":              {JSONL, `{"schema":"medner/1","id":"1","text":"some aspirin","entities":[{"text":"x","start":-5,"end":99}],"passages":[{"start":5,"end":1}]}`},
		"the hash":           {JSONL, `{"schema":"medner/1","id":"1",` + sha + `"text":"some aspirin"}`},
		"relations' sides":   {BioCJSON, `{"id":"1","passages":[{"offset":0,"text":"some aspirin"}],"relations":[{"id":"R","nodes":[{"refid":"9"},{"refid":"8"}]},{"nodes":5}]}`},
		"PubTator 3, broken": {JSONL, `{"PubTator3":[{"id":1,"passages":[{"offset":0,"text":"some aspirin","annotations":[{"id":"x","text":"zz","locations":[{"offset":1,"length":1}]}]}]}]}`},
	} {
		var tally Tally
		docs := mustRead(t, "x", c.data, ReadOptions{Format: c.format, Annotations: TextOnly, Warn: tally.Add})
		require.Len(t, docs, 1, name)
		require.Equal(t, "some aspirin", docs[0].Text, name)
		require.Equal(t, "1", docs[0].ID, name)
		require.NotEmpty(t, tally.Lines(), name)
		require.LessOrEqual(t, len(tally.Lines()), 3, "%s: %v", name, tally.Lines())

		mustRead(t, "x", c.data, ReadOptions{Format: c.format, Annotations: Lenient, Warn: tally.Add})
	}
}

func TestTextOnlyRefusesResultsWithoutTexts(t *testing.T) {
	for _, data := range []string{`{"schema":"medner/1","id":"1","text_sha256":"aa","entities":[]}`, `{"schema":"medner/1","id":"1"}`} {
		_, errs := readAll(t, "x.jsonl", data, ReadOptions{Annotations: TextOnly})
		require.Len(t, errs, 1)
		require.ErrorContains(t, errs[0], "text")
	}
	table := mustWrite(t, WriteOptions{Format: TSV}, document.Result{Document: document.Document{ID: "1"}})
	_, err := NewReader("x.tsv", strings.NewReader(table), ReadOptions{Annotations: TextOnly})
	require.ErrorContains(t, err, "medner's own table, which has no texts")
}

// Gold text may differ in white space, which no reader sees.
func TestMentionsMayDifferInWhiteSpace(t *testing.T) {
	for name, c := range map[string]struct {
		title, text string
		start, end  int
		want        string
	}{
		"two spaces":       {"renal  failure x", "renal failure", 0, 14, "renal  failure"},
		"no-break space":   {"renal\u00a0failure x", "renal failure", 0, 13, "renal\u00a0failure"},
		"trailing blank":   {"aspirin x", "aspirin", 0, 8, "aspirin"},
		"leading blank":    {"an aspirin x", "aspirin", 2, 10, "aspirin"},
		"zero-width space": {"ibu\u200bprofen x", "ibuprofen", 0, 10, "ibu\u200bprofen"},
		"blank in mention": {"aspirin x", " aspirin ", 0, 7, "aspirin"},
	} {
		var tally Tally
		docs := mustRead(t, "x", mentionAt(c.title, c.start, c.end, c.text), ReadOptions{Warn: tally.Add})
		require.Equal(t, c.want, docs[0].Entities[0].Text, name)
		require.Equal(t, []string{"x: document 1: mentions differ from the text in white space; they are read as in the text"}, tally.Lines(), name)
	}
}
