package eval

import (
	"bytes"
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
		{Type: "Chemical", Text: "tin", Spans: []document.Span{{Start: 2, End: 5}}},
		{Type: "Disease", Text: "failure", Spans: []document.Span{{Start: 19, End: 26}}},
		{Type: "Chemical", Text: "lead", Spans: []document.Span{{Start: 41, End: 45}}},
	}}
	require.Equal(t, []segment{
		{Text: "α-"},
		{"tin", "hit", "chemical"},
		{Text: " caused "},
		{"renal ", "missed", "disease missed"},
		{"failure", "border", "disease, other borders"},
		{Text: " and "},
		{"pain", "missed", "disease missed"},
		{Text: ", not "},
		{"lead", "spurious", "chemical too much"},
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
	require.NotContains(t, page, "<script")
	require.Contains(t, page, "&lt;script&gt;")
	require.Contains(t, page, "a &amp; b")
	require.Contains(t, page, "for research only")
	for _, id := range r.ids {
		require.Contains(t, page, "<h3>"+id+"</h3>")
	}
	require.Equal(t, strings.Count(page, "http"), strings.Count(page, "http-equiv"), "no address outside")
}
