package format

import (
	"math"

	"github.com/medner/medner/internal/page"
	"github.com/medner/medner/ner/document"
)

// pairType stands for pairs among the types of mentions.
const pairType = "pair"

// typeCounts says how many mentions have each type, and how many pairs there are,
// in the order in which to show them.
type typeCounts struct {
	types []string
	of    map[string]int
}

func (c *typeCounts) add(typ string, n int) {
	if n == 0 {
		return
	}
	if c.of == nil {
		c.of = map[string]int{}
	}
	if c.of[typ] == 0 {
		c.types = append(c.types, typ)
	}
	c.of[typ] += n
}

// ordered returns the types: chemicals, diseases, others as they came, and pairs.
func (c *typeCounts) ordered() []string {
	var out []string
	for _, first := range []string{document.Chemical, document.Disease} {
		if c.of[first] > 0 {
			out = append(out, first)
		}
	}
	for _, t := range c.types {
		if t != document.Chemical && t != document.Disease && t != pairType {
			out = append(out, t)
		}
	}
	if c.of[pairType] > 0 {
		out = append(out, pairType)
	}
	return out
}

// contentsItem is a document's line in the contents.
type contentsItem struct {
	id     string
	counts typeCounts
}

// list adds a document to the contents.
func (w *htmlWriter) list(r *document.Result) *contentsItem {
	item := contentsItem{id: r.ID}
	for i := range r.Entities {
		e := &r.Entities[i]
		item.counts.add(labelOf(e.Type), 1)
		w.rated = w.rated || !math.IsNaN(e.Confidence)
	}
	item.counts.add(pairType, len(r.Relations))
	for i := range r.Relations {
		w.rated = w.rated || !math.IsNaN(r.Relations[i].Confidence)
	}
	for _, t := range item.counts.types {
		w.types.add(t, item.counts.of[t])
	}
	w.contents = append(w.contents, item)
	return &w.contents[len(w.contents)-1]
}

// chips writes the counts of a document, each in the colour of its type.
func (c *contentsItem) chips(b *page.Builder) {
	for _, t := range c.counts.ordered() {
		n := c.counts.of[t]
		b.Add(" <span class=\"chip %s\">%d %s</span>", chipClass(t), n, plural(t, n))
	}
}

func chipClass(typ string) string {
	if typ == pairType {
		return pairType
	}
	return classOf(typ)
}

// plural returns a type as it reads after a number.
func plural(typ string, n int) string {
	if n == 1 || typ != document.Chemical && typ != document.Disease && typ != pairType {
		return typ
	}
	return typ + "s"
}

// aside writes the contents and the filters. The filters are hidden until the
// page's script, without which they do nothing, shows them.
func (w *htmlWriter) aside() {
	b := &w.b
	b.Add("<aside id=\"contents\" tabindex=\"-1\" aria-label=\"Contents and filters\">\n<div class=\"panel\">\n")
	all := contentsItem{counts: w.types}
	noun := "documents"
	if len(w.contents) == 1 {
		noun = "document"
	}
	b.Add("<h2>%d %s</h2>\n<p>", len(w.contents), noun)
	all.chips(b)
	b.Add("</p>\n")
	w.filters()
	if len(w.contents) > 1 {
		b.Add("<details open><summary>Contents</summary>\n<ul class=\"list\">\n")
		for i := range w.contents {
			b.Add("<li><a href=\"#d%d\" dir=\"auto\">%s</a>", i+1, w.contents[i].id)
			w.contents[i].chips(b)
			b.Add("</li>\n")
		}
		b.Add("</ul>\n</details>\n")
	}
	b.Add("</div>\n</aside>\n")
}

func (w *htmlWriter) filters() {
	types := w.types.ordered()
	if len(types) == 0 {
		return
	}
	b := &w.b
	b.Add("<form id=\"filters\" hidden>\n<fieldset><legend>Show</legend>\n")
	for _, t := range types {
		b.Add("<label><input type=\"checkbox\" name=\"type\" value=\"%s\" checked> <span class=\"chip %s\">%s</span></label>\n",
			t, chipClass(t), plural(t, 2))
	}
	b.Add("</fieldset>\n")
	if w.rated {
		b.Add("<label>Confidence at least <output>0.00</output>\n<input type=\"range\" name=\"least\" min=\"0\" max=\"100\" step=\"5\" value=\"0\"></label>\n")
	}
	b.Add("<label><input type=\"checkbox\" name=\"labels\" checked> labels in the text</label>\n")
	if len(w.contents) > 1 {
		b.Add("<label><input type=\"checkbox\" name=\"only\"> only documents with something shown</label>\n")
	} else {
		b.Add("<input type=\"checkbox\" name=\"only\" hidden>\n")
	}
	b.Add("<p class=\"soft\" role=\"status\"></p>\n<button type=\"reset\">Show all</button>\n</form>\n")
}
