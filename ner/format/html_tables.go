package format

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/medner/medner/internal/page"
	"github.com/medner/medner/ner/document"
)

func (w *htmlWriter) relations(r *document.Result) {
	if len(r.Relations) == 0 {
		return
	}
	names := namesOf(&r.Document)
	var t table
	for i := range r.Relations {
		p := &r.Relations[i]
		t.row(filterKeys(pairType, p.Confidence)+" data-n=\"1\"", cell{head: "Chemical", html: sideHTML(p.Chemical, names)}, cell{head: "Disease", html: sideHTML(p.Disease, names)},
			confidenceCell(p.Confidence), cell{head: "Relation", html: page.Escape(writeRelationType(p.Type))}, yesNo("In the text", p.Grounded))
	}
	t.write(&w.b, "Influences")
}

// namesOf returns the text of the first mention of each concept.
func namesOf(d *document.Document) map[string]string {
	names := map[string]string{}
	for i := range d.Entities {
		for _, id := range concepts(&d.Entities[i]) {
			if _, known := names[id]; !known {
				names[id] = d.Entities[i].Text
			}
		}
	}
	return names
}

// sideHTML returns a side of a pair in HTML: its text, or the text of the concept that
// it names, with the concept's identifier.
func sideHTML(s string, names map[string]string) page.HTML {
	if name, known := names[s]; known {
		return page.Format("%s (%s)", name, page.Link(s))
	}
	return page.Link(s)
}

// fewPlaces is the number of places that a row shows at once.
const fewPlaces = 12

func (w *htmlWriter) entities(r *document.Result) {
	types, groups := groupEntities(&r.Document)
	if len(types) == 0 {
		return
	}
	var rows table
	for _, t := range types {
		for _, g := range groups[t] {
			e := g.first
			var ids, links []page.HTML
			for _, id := range concepts(e) {
				ids = append(ids, page.Link(id))
			}
			for _, l := range e.Links {
				links = append(links, page.Format("%s%s", page.Link(l.ID), strings.TrimRight(fmt.Sprintf(" %s %s%s", l.Name, l.Method, confidence(l.Score)), " ")))
			}
			rows.row(filterKeys(labelOf(t), e.Confidence), cell{head: "Text", html: page.Escape(e.Text)}, cell{head: "Type", html: page.Format("<span class=\"chip %s\">%s</span>", classOf(t), labelOf(t))},
				confidenceCell(e.Confidence), cell{head: "Concepts", html: page.Join(ids, ", ")}, cell{head: "Terminology", html: page.Join(links, "; ")},
				cell{head: "Normalized", html: page.Escape(e.Normalized)}, cell{head: "Places", html: places(g.places)}, yesNo("In the text", e.Grounded))
		}
	}
	rows.write(&w.b, "Entities")
}

// places returns the places of an entity, those over the first few folded away.
func places(all []string) page.HTML {
	if len(all) <= fewPlaces {
		return page.Escape(strings.Join(all, ", "))
	}
	return page.Format("%s <details><summary>%d more</summary>%s</details>", strings.Join(all[:fewPlaces], ", "), len(all)-fewPlaces, strings.Join(all[fewPlaces:], ", "))
}

func (w *htmlWriter) dropped(r *document.Result) {
	if len(r.Dropped) == 0 {
		return
	}
	var t table
	for _, d := range r.Dropped {
		t.row("", cell{head: "Text", html: page.Escape(d.Text)}, cell{head: "Task", html: page.Escape(d.Task)}, cell{head: "Reason", html: page.Escape(d.Reason)})
	}
	t.write(&w.b, "Dropped")
}

// table collects the rows of a table, whose cells have the same heads.
type table struct {
	attributes []page.HTML // of each row
	rows       [][]cell
}

// cell is a cell of a table, in HTML. On narrow screens, where a row is a list, its
// head stands before it.
type cell struct {
	head, class string
	html        page.HTML
}

// row adds a row with the attributes that filters need.
func (t *table) row(attributes page.HTML, cells ...cell) {
	t.attributes = append(t.attributes, attributes)
	t.rows = append(t.rows, cells)
}

// write writes the table without the columns that are empty.
func (t *table) write(b *page.Builder, caption string) {
	var columns []int
	for i := range t.rows[0] {
		if slices.ContainsFunc(t.rows, func(row []cell) bool { return row[i].html != "" }) {
			columns = append(columns, i)
		}
	}
	b.Add("<table class=\"stack\"><caption>%s</caption><thead><tr>", caption)
	for _, i := range columns {
		b.Add("<th scope=\"col\">%s</th>", t.rows[0][i].head)
	}
	b.Add("</tr></thead><tbody>\n")
	for n, row := range t.rows {
		b.Add("<tr%s>", t.attributes[n])
		for _, i := range columns {
			var class page.HTML
			if row[i].class != "" {
				class = page.Format(" class=\"%s\"", row[i].class)
			}
			b.Add("<td dir=\"auto\" data-h=\"%s\"%s>%s</td>", row[i].head, class, page.HTML(strings.TrimSpace(string(row[i].html))))
		}
		b.Add("</tr>\n")
	}
	b.Add("</tbody></table>\n")
}

// confidenceCell shows a confidence as a number and as a bar.
func confidenceCell(v float64) cell {
	if math.IsNaN(v) {
		return cell{head: "Confidence"}
	}
	width := min(max(v, 0), 1) * 100
	return cell{head: "Confidence", class: "sure", html: page.Format("%.2f<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"+
		"<rect class=\"room\" width=\"100\" height=\"10\"/><rect class=\"full\" width=\"%.0f\" height=\"10\"/></svg>", v, width)}
}

func yesNo(head string, b bool) cell {
	if b {
		return cell{head: head, html: "yes"}
	}
	return cell{head: head, html: "no"}
}
