package format

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"sort"
	"strings"

	"github.com/medner/medner/ner/document"
)

//go:embed page.css
var pageStyle string

// pagePolicy is the content security policy that allows a page its style sheet,
// and nothing else.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}()

// htmlHolds is the content that a page shows.
const htmlHolds = ^(hasTitle | hasPassages | hasPassageInfons | hasInfons | hasPrompt | hasIDs | hasEntityInfons | hasComposite |
	hasRelationIDs | hasRelationMentions | hasRelationInfons)

// htmlWriter writes one page that needs no other file: for each document the text
// with its mentions marked and labelled, the pairs, the entities, and what was
// dropped.
type htmlWriter struct {
	w       io.Writer
	o       WriteOptions
	started bool         // the head is written
	count   int          // of documents
	b       bytes.Buffer // what Write or Close is to write
}

func (w *htmlWriter) Write(r *document.Result) error {
	if err := needText(r, HTML); err != nil {
		return err
	}
	x := document.NewIndex(r.Text)
	if err := checkSpans(&r.Document, x); err != nil {
		return err
	}
	w.o.lose(r, htmlHolds)
	w.b.Reset()
	w.head()
	w.count++
	fmt.Fprintf(&w.b, "<article aria-labelledby=\"d%d\">\n<h2 id=\"d%d\">%s</h2>\n<div class=\"text\" dir=\"auto\">", w.count, w.count, escapeHTML(r.ID))
	w.marked(r, x)
	w.b.WriteString("</div>\n")
	w.relations(r)
	w.entities(r)
	w.dropped(r)
	for _, m := range r.Warnings {
		fmt.Fprintf(&w.b, "<p>Warning: %s</p>\n", escapeHTML(m))
	}
	w.run(r)
	w.b.WriteString("</article>\n")
	_, err := w.w.Write(w.b.Bytes())
	return err
}

func (w *htmlWriter) Close() error {
	w.b.Reset()
	w.head()
	w.b.WriteString("</main>\n<footer>For research and information extraction only; not for diagnosis or treatment.</footer>\n</body>\n</html>\n")
	_, err := w.w.Write(w.b.Bytes())
	return err
}

// head writes what stands before the documents, once.
func (w *htmlWriter) head() {
	if w.started {
		return
	}
	w.started = true
	title := w.o.Title
	if title == "" {
		title = "medner: entities"
	}
	fmt.Fprintf(&w.b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"+
		"<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"+
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"+
		"<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n<h1>%s</h1>\n<main>\n",
		pagePolicy, escapeHTML(title), pageStyle, escapeHTML(title))
}

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
		w.b.WriteString(escapeHTML(text))
		at = max(at, end)
	}
	// closeUntil writes the text and the ends of all marks that end at place or
	// before it.
	closeUntil := func(place int) {
		for {
			first := -1
			for i, p := range open {
				if p.span.End <= place && (first < 0 || p.span.End <= open[first].span.End) {
					first = i
				}
			}
			if first < 0 {
				return
			}
			upTo(open[first].span.End)
			for i := len(open) - 1; i > first; i-- {
				w.b.WriteString("</mark>")
			}
			w.closeMark(open[first])
			for _, p := range open[first+1:] {
				w.openMark(p, true)
			}
			open = append(open[:first], open[first+1:]...)
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
	class := "other"
	if p.entity.Type == document.Chemical || p.entity.Type == document.Disease {
		class = p.entity.Type
	}
	if open {
		class += " open"
	}
	tip := strings.Join(concepts(p.entity), ", ") + confidence(p.entity.Confidence)
	fmt.Fprintf(&w.b, "<mark class=\"%s\"", class)
	if tip != "" {
		fmt.Fprintf(&w.b, " title=\"%s\"", escapeHTML(strings.TrimSpace(tip)))
	}
	w.b.WriteByte('>')
}

// closeMark ends the mark of a piece, with the label if the piece has it.
func (w *htmlWriter) closeMark(p piece) {
	if p.last {
		fmt.Fprintf(&w.b, "<span class=\"label\">%s</span>", escapeHTML(labelOf(p.entity.Type)))
	}
	w.b.WriteString("</mark>")
}

func labelOf(typ string) string {
	if typ == "" {
		return "entity"
	}
	return typ
}

func (w *htmlWriter) relations(r *document.Result) {
	if len(r.Relations) == 0 {
		return
	}
	w.table("Influences", "Chemical", "Disease", "Relation", "Confidence", "In the text")
	for i := range r.Relations {
		p := &r.Relations[i]
		w.row(p.Chemical, p.Disease, writeRelationType(p.Type), confidence(p.Confidence), yesNo(p.Grounded))
	}
	w.b.WriteString("</tbody></table>\n")
}

func (w *htmlWriter) entities(r *document.Result) {
	types, groups := groupEntities(&r.Document)
	if len(types) == 0 {
		return
	}
	w.table("Entities", "Text", "Type", "Places", "Normalized", "Concepts", "Terminology", "Confidence", "In the text")
	for _, t := range types {
		for _, g := range groups[t] {
			var links []string
			for _, l := range g.first.Links {
				links = append(links, strings.TrimSpace(fmt.Sprintf("%s %s %s%s", l.ID, l.Name, l.Method, confidence(l.Score))))
			}
			w.row(g.first.Text, labelOf(t), strings.Join(g.places, ", "), g.first.Normalized, strings.Join(concepts(g.first), ", "),
				strings.Join(links, "; "), confidence(g.first.Confidence), yesNo(g.first.Grounded))
		}
	}
	w.b.WriteString("</tbody></table>\n")
}

func (w *htmlWriter) dropped(r *document.Result) {
	if len(r.Dropped) == 0 {
		return
	}
	w.table("Dropped", "Text", "Task", "Reason")
	for _, d := range r.Dropped {
		w.row(d.Text, d.Task, d.Reason)
	}
	w.b.WriteString("</tbody></table>\n")
}

func (w *htmlWriter) run(r *document.Result) {
	if m := r.Model; m != (document.Model{}) {
		method := ""
		if m.Method != "" {
			method = ", method " + escapeHTML(m.Method)
		}
		fmt.Fprintf(&w.b, "<p>Model %s, adapter %s, weights %s, precision %s%s, medner %s</p>\n",
			escapeHTML(m.Name), escapeHTML(m.Adapter), escapeHTML(m.Weights), escapeHTML(m.Precision), method, escapeHTML(m.Engine))
	}
	if t := r.Terminology; t != nil {
		fmt.Fprintf(&w.b, "<p>Terminology %s, release %s, licence %s, SHA-256 %s</p>\n",
			escapeHTML(t.Name), escapeHTML(t.Release), escapeHTML(t.Licence), escapeHTML(t.Hash))
	}
}

func (w *htmlWriter) table(caption string, heads ...string) {
	fmt.Fprintf(&w.b, "<table><caption>%s</caption><thead><tr>", caption)
	for _, h := range heads {
		fmt.Fprintf(&w.b, "<th scope=\"col\">%s</th>", h)
	}
	w.b.WriteString("</tr></thead><tbody>\n")
}

func (w *htmlWriter) row(cells ...string) {
	w.b.WriteString("<tr>")
	for _, c := range cells {
		fmt.Fprintf(&w.b, "<td dir=\"auto\">%s</td>", escapeHTML(strings.TrimSpace(c)))
	}
	w.b.WriteString("</tr>\n")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// escapeHTML returns s as it may stand in text and in attributes. Control
// characters, which HTML can't hold, become U+FFFD.
func escapeHTML(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r >= 0x7f && r < 0xa0 {
			return 0xfffd
		}
		return r
	}, s))
}
