package format

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/medner/medner/ner/document"
)

// randomResult returns a document with everything that formats find hard to hold;
// its text has the extra pieces too.
func randomResult(rng *rand.Rand, id string, extra ...string) document.Result {
	var r document.Result
	r.ID = id
	title, abstract := randomText(rng, 40, extra...), randomText(rng, 200, extra...)
	switch rng.IntN(5) {
	case 0: // a text without parts
		r.Text = title + "\r\n" + abstract
	case 1: // no abstract
		r.Text = title
		r.Passages = []document.Passage{{Type: titleType, End: runes(title)}}
	default:
		r.Text, r.Passages = titleAndAbstract(title, abstract, true)
	}
	if len(r.Passages) == 2 && rng.IntN(3) == 0 {
		r.Passages[1].Type, r.Passages[1].Infons = "paragraph", map[string]string{"section_type": "INTRO", "a&b": "<\"'>"}
		text := []rune(r.Text)
		text[r.Passages[0].End] = '\n'
		r.Text = string(text)
		if rng.IntN(2) == 0 {
			r.Passages[1].Shift = 17
		}
	}
	for range rng.IntN(6) {
		if e, ok := randomEntity(rng, r.Text); ok {
			r.Entities = append(r.Entities, e)
		}
	}
	if rng.IntN(4) == 0 {
		r.Infons = map[string]string{"journal": "J. <Test> & Co."}
	}
	for range rng.IntN(3) {
		r.Relations = append(r.Relations, randomRelation(rng, r.Entities)...)
	}
	if rng.IntN(3) == 0 {
		r.Dropped = []document.Dropped{{Text: "pain", Task: "diseases", Reason: "blacklist"}}
		r.Model = document.Model{Name: "m", Precision: "f32"}
		r.Warnings = []string{"cut\tshort"}
		r.Terminology = &document.Terminology{Name: "MeSH", Release: "2026"}
	}
	return r
}

func runes(s string) int { return len([]rune(s)) }

func randomText(rng *rand.Rand, most int, extra ...string) string {
	alphabet := []string{"a", "b", " ", "c", "lithium", "-", "é", "漢", "😀", "\u0301", "אב", "|", "&", "<", ">", "\"", "\\", "\t", "\u2028", "\u00a0"}
	alphabet = append(alphabet, extra...)
	var b strings.Builder
	b.WriteString("x")
	for range rng.IntN(most) {
		b.WriteString(alphabet[rng.IntN(len(alphabet))])
	}
	if rng.IntN(4) == 0 {
		b.WriteString("\r\nz\n")
	}
	b.WriteString("y")
	return b.String()
}

func randomEntity(rng *rand.Rand, text string) (document.Entity, bool) {
	all := []rune(text)
	e := document.Entity{Type: []string{document.Chemical, document.Disease, "Gene"}[rng.IntN(3)], Confidence: math.NaN(), Grounded: true}
	if rng.IntN(8) == 0 {
		e.Text, e.Grounded = "not there", false
	} else {
		at := 0
		var parts []string
		for range 1 + rng.IntN(8)/6 {
			if at >= len(all)-1 {
				break
			}
			start := at + rng.IntN(len(all)-at-1)
			end := start + 1 + rng.IntN(min(12, len(all)-start))
			end = min(end, len(all))
			if strings.ContainsAny(string(all[start:end]), "\r\n") {
				return e, false // brat would write it in pieces; that has a test of its own
			}
			e.Spans = append(e.Spans, document.Span{Start: start, End: end})
			parts = append(parts, string(all[start:end]))
			at = end + 1
		}
		e.Text = strings.Join(parts, " ")
	}
	switch rng.IntN(4) {
	case 0:
		e.Concepts = []string{"MESH:D008094"}
	case 1:
		e.Concepts, e.Composite = []string{"MESH:D000001", "OMIM:12"}, []string{"one part", "other part"}
	}
	if rng.IntN(4) == 0 {
		e.Confidence = float64(rng.IntN(100)) / 100
		e.Normalized = "norm"
	}
	if rng.IntN(6) == 0 {
		e.Infons = map[string]string{"Negated": "true", "Certainty": "very low"}
	}
	if rng.IntN(8) == 0 {
		e.Infons = map[string]string{"a key": "line\r\nend <>"}
	}
	return e, true
}

func randomRelation(rng *rand.Rand, entities []document.Entity) []document.Relation {
	var chemicals, diseases []document.Entity
	for _, e := range entities {
		switch {
		case len(e.Concepts) != 1 || len(e.Spans) == 0:
		case e.Type == document.Chemical:
			chemicals = append(chemicals, e)
		case e.Type == document.Disease:
			diseases = append(diseases, e)
		}
	}
	if len(chemicals) == 0 || len(diseases) == 0 {
		return nil
	}
	r := document.Relation{Type: "CID", Chemical: chemicals[0].Concepts[0], Disease: diseases[0].Concepts[0], Confidence: math.NaN(), Grounded: true}
	if rng.IntN(3) == 0 {
		r.Infons = map[string]string{"evidence": "weak & old"}
	}
	if rng.IntN(3) == 0 {
		r.Confidence = 0.25
	}
	return []document.Relation{r}
}
