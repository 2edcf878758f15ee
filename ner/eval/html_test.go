package eval

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

func TestSegments(t *testing.T) {
	gold := document.Document{Text: "α-tin caused renal failure and pain, not lead.", Entities: []document.Entity{
		{Type: "Chemical", Text: "tin", Spans: []document.Span{{Start: 2, End: 5}}},
		{Type: "Disease", Text: "renal failure", Spans: []document.Span{{Start: 13, End: 26}}},
		{Type: "Disease", Text: "pain", Spans: []document.Span{{Start: 31, End: 35}}},
	}}
	predicted := document.Document{Entities: []document.Entity{
		{Type: "Chemical", Text: "tin", Spans: []document.Span{{Start: 2, End: 5}}, Confidence: 0.87},
		{Type: "Disease", Text: "failure", Spans: []document.Span{{Start: 19, End: 26}}},
		{Type: "Chemical", Text: "lead", Spans: []document.Span{{Start: 41, End: 45}}},
	}}
	require.Equal(t, []segment{
		{Text: "α-"},
		{Text: "tin", Class: "hit", Label: "chemical", Confidence: "0.87", Hundredths: "87"},
		{Text: " caused "},
		{Text: "renal ", Class: "missed", Label: "disease missed"},
		{Text: "failure", Class: "border", Label: "disease, other borders"},
		{Text: " and "},
		{Text: "pain", Class: "missed", Label: "disease missed"},
		{Text: ", not "},
		{Text: "lead", Class: "spurious", Label: "chemical too much"},
		{Text: "."},
	}, segments(&gold, &predicted))
}

func TestWriteHTMLEscapesAndIsSelfContained(t *testing.T) {
	gold := readPubTator(t, "testdata/gold.PubTator")
	predicted := readPubTator(t, "testdata/predicted.PubTator")
	gold[0].Text += " <script>alert(1)</script>"
	r, err := Evaluate(t.Context(), gold, predicted, Options{Resamples: 20})
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, WriteHTML(&b, Page{
		Title: "a & b", Notice: "for research only", Report: r, Gold: gold, Predicted: predicted,
		Calibration: map[string]Calibration{Chemicals: calibrated(t, []Graded{{"1", 0.3, true}, {"1", 0.8, false}}, 10)},
	}))
	page := b.String()
	require.Equal(t, 1, strings.Count(page, "<script"), "the page's own")
	require.Contains(t, page, "&lt;script&gt;")
	require.Contains(t, page, "a &amp; b")
	require.Contains(t, page, "for research only")
	require.Contains(t, page, "<figcaption>chemicals: accuracy over confidence; 2 items, error ")
	require.Contains(t, page, `<td data-h="TP">`+strconv.FormatFloat(r.Micro.TP, 'g', -1, 64)+"</td>")
	require.NotContains(t, page, "%!", "formats and arguments agree")
	for _, id := range r.ids {
		require.Contains(t, page, ">"+id+"</h2>")
		require.Contains(t, page, `dir="auto">`+id+"</a>")
	}
	require.Equal(t, strings.Count(page, "http"), strings.Count(page, "http-equiv"), "no address outside")
}
