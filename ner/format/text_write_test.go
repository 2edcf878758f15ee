package format

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

func TestTerminal(t *testing.T) {
	const text = "Li caused tremor; Li \x1b[31mred"
	li := entity(text, document.Chemical, "Li", "MESH:D008094")
	li.Confidence = 0.9
	again := entity(text, document.Chemical, "Li")
	again.Spans = []document.Span{{Start: 18, End: 20}}
	r := document.Result{
		Document: document.Document{ID: "1", Text: text, Entities: []document.Entity{li, entity(text, document.Disease, "tremor"), entity(text, "Gene", "\x1b[31mred"), again,
			{Text: "ghost", Type: document.Disease, Confidence: 0.1}},
			Relations: []document.Relation{{Chemical: "Li", Disease: "tremor", Confidence: 0.5, Grounded: true}}},
		Dropped: []document.Dropped{{Text: "pain", Task: "diseases", Reason: "blacklist"}, {Text: "Li", Task: "chemicals", Reason: "duplicate"}, {Text: "Li", Task: "chemicals", Reason: "duplicate"}}, Warnings: []string{"cut short"},
	}
	require.Equal(t, `1
  chemicals (1)
    Li [MESH:D008094] 0.90  0–2, 18–20
  diseases (2)
    tremor  10–16
    ghost 0.10 (not in the text)
  Gene (1)
    <U+001B>[31mred  21–29
  influences (1)
    Li | tremor 0.50
  dropped from diseases: pain (blacklist)
  dropped from chemicals: Li (duplicate, 2 times)
  warning: cut short

2
  nothing found
`, mustWrite(t, WriteOptions{Format: Text}, r, document.Result{Document: document.Document{ID: "2"}}))
	colours := mustWrite(t, WriteOptions{Format: Text, Color: true}, r)
	require.Contains(t, colours, "\x1b[36mLi\x1b[0m")
	require.Contains(t, colours, "\x1b[33mtremor\x1b[0m")
	require.NotContains(t, colours, "\x1b[31m")
}
