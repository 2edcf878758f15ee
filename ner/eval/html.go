package eval

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/medner/medner/ner/document"
)

// Page has the contents of the page that WriteHTML writes.
type Page struct {
	Title       string
	Notice      string // a paragraph under the title
	Report      *Report
	Calibration map[string]Calibration // by task; may be nil
	CrossFitted bool                   // Calibration is of confidences by curves that hadn't seen the items
	Gold        []document.Document
	Predicted   []document.Document
}

// The classes of marks and pairs, with their names on the page.
var (
	hit      = verdict{Class: "hit", Name: "found"}
	missed   = verdict{Class: "missed", Name: "missed"}
	spurious = verdict{Class: "spurious", Name: "too much"}
	border   = verdict{Class: "border", Name: "other borders or type"}
)

// verdict says what came of a mention or a pair; or, with a count, how often that
// came of those of an article.
type verdict struct {
	Class, Name string
	Count       int
}

// article is what the page shows of a document.
type article struct {
	ID, Anchor string
	Segments   []segment
	Pairs      []pairOutcome
	Counts     []verdict // without those of count 0
}

// pairOutcome is a pair of a document.
type pairOutcome struct {
	verdict
	Text string
}

// WriteHTML writes one self-contained page: scores, kinds of errors,
// reliability diagrams, and every article with its errors marked in the text. Its
// contents count the marks and pairs of each article; its filters choose them by kind
// and by confidence.
func WriteHTML(w io.Writer, p Page) error {
	p.Gold, p.Predicted = TypeMap{}.Apply(p.Gold), TypeMap{}.Apply(p.Predicted)
	byID := map[string]*document.Document{}
	for i := range p.Predicted {
		byID[p.Predicted[i].ID] = &p.Predicted[i]
	}
	var articles []article
	all := map[string]int{}
	rated := false
	for i := range p.Gold {
		g, predicted := &p.Gold[i], byID[p.Gold[i].ID]
		if predicted == nil {
			predicted = &document.Document{}
		}
		a := article{ID: g.ID, Anchor: fmt.Sprintf("d%d", i+1), Segments: segments(g, predicted), Pairs: pairOutcomes(g, predicted)}
		counts := map[string]int{}
		for _, s := range a.Segments {
			counts[s.Class]++
			all[s.Class]++
			rated = rated || s.Confidence != ""
		}
		for _, pair := range a.Pairs {
			counts[pair.Class]++
			all[pair.Class]++
		}
		a.Counts = countsOf(counts)
		articles = append(articles, a)
	}
	h := htmlPage{Page: p, articles: articles, counts: countsOf(all), rated: rated}
	return h.write(w)
}

// countsOf returns the verdicts that there are, in the order in which the page shows
// them.
func countsOf(counts map[string]int) []verdict {
	var out []verdict
	for _, v := range []verdict{hit, missed, spurious, border} {
		if v.Count = counts[v.Class]; v.Count > 0 {
			out = append(out, v)
		}
	}
	return out
}

// pairOutcomes returns the pairs of gold and of the prediction, at the document
// level.
func pairOutcomes(gold, predicted *document.Document) []pairOutcome {
	g, p := itemStrings(gold, Influences), itemStrings(predicted, Influences)
	var out []pairOutcome
	for _, k := range g.keys {
		if p.has[k] {
			out = append(out, pairOutcome{hit, k})
		} else {
			out = append(out, pairOutcome{missed, k})
		}
	}
	for _, k := range p.keys {
		if !g.has[k] {
			out = append(out, pairOutcome{spurious, k})
		}
	}
	return out
}

// segment is a piece of an article that lies within the same mentions everywhere.
type segment struct {
	Text       string
	Class      string // of a verdict, or "" outside mentions
	Label      string // what the page says of it
	Confidence string // of the predicted mention, such as "0.93"; "" if there is none
	Hundredths string // the same, in hundredths rounded down
}

// rate sets the confidence of a segment to that of a mention, which may be nil.
func (s *segment) rate(e *document.Entity) {
	if e != nil && !math.IsNaN(e.Confidence) && e.Confidence > 0 {
		s.Confidence = fmt.Sprintf("%.2f", e.Confidence)
		s.Hundredths = strconv.Itoa(int(math.Floor(100*e.Confidence + 1e-9)))
	}
}

// segments cuts the text of gold where gold or predicted mentions begin and end,
// and says of each piece how the mentions agree there.
func segments(gold, predicted *document.Document) []segment {
	runes := []rune(gold.Text)
	g, p := placed(gold), placed(predicted)
	cuts := []int{0, len(runes)}
	for _, es := range [][]*document.Entity{g, p} {
		for _, e := range es {
			for _, s := range e.Spans {
				cuts = append(cuts, min(max(s.Start, 0), len(runes)), min(max(s.End, 0), len(runes)))
			}
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	written := map[string]bool{}
	for _, e := range p {
		written[mentionKey(e)] = true
	}
	var out []segment
	for i := 0; i+1 < len(cuts); i++ {
		s := segment{Text: string(runes[cuts[i]:cuts[i+1]])}
		inGold, inPredicted := covering(g, cuts[i]), covering(p, cuts[i])
		switch {
		case inGold == nil && inPredicted == nil:
		case inGold != nil && written[mentionKey(inGold)]:
			s.Class, s.Label = hit.Class, entityType(inGold)
		case inGold != nil && inPredicted != nil && entityType(inGold) == entityType(inPredicted):
			s.Class, s.Label = border.Class, entityType(inGold)+", other borders"
		case inGold != nil && inPredicted != nil:
			s.Class, s.Label = border.Class, entityType(inGold)+", written as "+entityType(inPredicted)
		case inGold != nil:
			s.Class, s.Label = missed.Class, entityType(inGold)+" missed"
		default:
			s.Class, s.Label = spurious.Class, entityType(inPredicted)+" too much"
		}
		if s.Class != "" {
			s.rate(inPredicted)
		}
		out = append(out, s)
	}
	return out
}

// placed returns the mentions of d that have a place and a scored type.
func placed(d *document.Document) []*document.Entity {
	var out []*document.Entity
	for i := range d.Entities {
		if e := &d.Entities[i]; len(e.Spans) > 0 && taskOfType[entityType(e)] != "" {
			out = append(out, e)
		}
	}
	return out
}

// covering returns the first mention that has the code point at position, or nil.
func covering(es []*document.Entity, position int) *document.Entity {
	for _, e := range es {
		for _, s := range e.Spans {
			if s.Start <= position && position < s.End {
				return e
			}
		}
	}
	return nil
}
