package format

import (
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/medner/medner/internal/page"
	"github.com/medner/medner/ner/document"
)

// maxMarks bounds how many marks may lie over one place.
const maxMarks = 32

// piece is one span of an entity.
type piece struct {
	span   document.Span
	entity *document.Entity
	last   bool // the last span of its entity, which has the label
}

// marked writes the text with a mark around every mention. Marks are nested. Where
// two cross, the inner one is closed and opened again:
//
//	<mark>renal <mark>failure</mark></mark><mark> and</mark>
func (w *htmlWriter) marked(r *document.Result, x *document.Index) {
	pieces := piecesOf(&r.Document)
	var open []piece // the outermost first
	at := 0          // code points written
	// upTo writes the text up to end.
	upTo := func(end int) {
		text, _ := x.Slice(document.Span{Start: at, End: end})
		w.b.Put(page.Escape(text))
		at = max(at, end)
	}
	// closeUntil writes the text and the ends of all marks that end at place or
	// before it.
	closeUntil := func(place int) {
		for {
			first := -1 // the outermost of the open marks that end first
			for i, p := range open {
				if p.span.End <= place && (first < 0 || p.span.End < open[first].span.End) {
					first = i
				}
			}
			if first < 0 {
				return
			}
			end := open[first].span.End
			upTo(end)
			for _, p := range slices.Backward(open[first:]) {
				if p.span.End == end {
					w.closeMark(p)
				} else {
					w.b.Add("</mark>")
				}
			}
			open = slices.DeleteFunc(open, func(p piece) bool { return p.span.End == end })
			for _, p := range open[first:] {
				w.openMark(p, true)
			}
		}
	}
	for _, p := range pieces {
		closeUntil(p.span.Start)
		if len(open) == maxMarks {
			w.o.warn(r.ID, "html does not mark mentions that overlap %d others in the text (they are in the table)", maxMarks)
			continue
		}
		upTo(p.span.Start)
		w.openMark(p, !p.last)
		open = append(open, p)
	}
	closeUntil(x.Len())
	upTo(x.Len())
}

// piecesOf returns the spans of all entities by their starts, longer ones first, so
// that they nest.
func piecesOf(d *document.Document) []piece {
	var out []piece
	for i := range d.Entities {
		e := &d.Entities[i]
		for j, s := range e.Spans {
			if s.End > s.Start {
				out = append(out, piece{span: s, entity: e, last: j == len(e.Spans)-1})
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i].span, out[j].span
		return a.Start < b.Start || a.Start == b.Start && a.End > b.End
	})
	return out
}

// openMark begins the mark of a piece. If open, its right side looks open.
func (w *htmlWriter) openMark(p piece, open bool) {
	class := classOf(p.entity.Type)
	if open {
		class += " open"
	}
	if p.entity.Confidence < lowConfidence {
		class += " low"
	}
	w.b.Add("<mark class=\"%s\"%s", class, filterKeys(labelOf(p.entity.Type), p.entity.Confidence))
	if tip := strings.Join(concepts(p.entity), ", "); tip != "" {
		w.b.Add(" title=\"%s\"", tip)
	}
	w.b.Add(">")
}

// lowConfidence is the confidence below which a mark looks less sure.
const lowConfidence = 0.5

// classOf returns the class that gives a type its colour.
func classOf(typ string) string {
	if typ == document.Chemical || typ == document.Disease {
		return typ
	}
	return "other"
}

// filterKeys returns the attributes by which the page's filters tell an item: its
// type, and its confidence in hundredths, rounded down, if it is known.
func filterKeys(typ string, confidence float64) page.HTML {
	keys := page.Format(" data-t=\"%s\"", typ)
	if !math.IsNaN(confidence) {
		keys += page.Format(" data-c=\"%d\"", int(math.Floor(100*confidence+1e-9)))
	}
	return keys
}

// closeMark ends the mark of a piece, with the label if the piece has it.
func (w *htmlWriter) closeMark(p piece) {
	if p.last {
		var sure page.HTML
		if c := confidence(p.entity.Confidence); c != "" {
			sure = page.Format("<b>%s</b>", c)
		}
		w.b.Add("<span class=\"label\">%s%s</span>", labelOf(p.entity.Type), sure)
	}
	w.b.Add("</mark>")
}

func labelOf(typ string) string {
	if typ == "" {
		return "entity"
	}
	return typ
}
