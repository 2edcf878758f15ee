package eval

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/medner/medner/internal/page"
)

// htmlPage is a page that is being written.
type htmlPage struct {
	Page
	articles []article
	counts   []verdict // of all articles
	rated    bool      // some mark has a confidence
	b        page.Builder
}

// write writes the page, a part at a time.
func (h *htmlPage) write(w io.Writer) error {
	h.b.Put(page.Head(h.Title, h.Notice))
	h.b.Add("<main id=\"text\">\n")
	h.scores()
	for i := range h.articles {
		h.article(&h.articles[i])
		if _, err := h.b.WriteTo(w); err != nil {
			return err
		}
	}
	h.b.Add("</main>\n")
	h.aside()
	h.b.Add("<footer></footer>\n")
	h.b.Put(page.Tail())
	_, err := h.b.WriteTo(w)
	return err
}

// scores writes all that is said of the articles together.
func (h *htmlPage) scores() {
	r := h.Report
	h.b.Add("<section aria-label=\"Scores\">\n<p>%d documents.", r.Documents)
	if s := r.Resolution; s != nil {
		h.b.Add(" Identifiers of predictions: %d their own, %d of the gold mention with the same text, %d without.", s.Given, s.GoldMentions, s.None)
	}
	h.b.Add("</p>\n")
	for _, w := range r.Warnings {
		h.b.Add("<p class=\"soft\" dir=\"auto\">Warning: %s</p>\n", w)
	}
	h.level(DocumentLevel, Level{Tasks: r.Tasks, Micro: r.Micro, Macro: r.Macro})
	for _, name := range spanLevels {
		if l := r.Levels[name]; l.Micro.Gold > 0 {
			h.level(name, l)
		}
	}
	h.errors()
	if len(r.Strategies) > 0 {
		h.b.Add("<h2>If answers had been filtered otherwise</h2>\n")
		for _, s := range r.Strategies {
			h.level(s.Name, s.Level)
		}
	}
	h.reliability()
	h.b.Add("</section>\n")
}

// level writes the scores of a level, or of a strategy, as a table.
func (h *htmlPage) level(name string, l Level) {
	h.b.Add("<table class=\"stack scores\">\n<caption>%s</caption>\n<thead><tr>", name)
	for _, column := range []string{"task", "TP", "predicted", "gold", "P", "R", "F1", "95 %"} {
		h.b.Add("<th scope=\"col\">%s</th>", column)
	}
	h.b.Add("</tr></thead>\n<tbody>\n")
	row := func(name string, s Score, f1 page.HTML) {
		h.b.Add("<tr><td>%s</td><td data-h=\"TP\">%v</td><td data-h=\"predicted\">%d</td><td data-h=\"gold\">%d</td>"+
			"<td data-h=\"P\">%s</td><td data-h=\"R\">%s</td><td data-h=\"F1\">%s</td><td data-h=\"95 %%\">%s</td></tr>\n",
			name, s.TP, s.Predicted, s.Gold, percent(s.Precision), percent(s.Recall), f1, interval(s.F1CI))
	}
	for _, task := range slices.Sorted(maps.Keys(l.Tasks)) {
		s := l.Tasks[task]
		row(task, s, page.Format("<strong>%s</strong>", percent(s.F1)))
	}
	row("micro", l.Micro, page.Escape(percent(l.Micro.F1)))
	h.b.Add("<tr><td>macro</td><td></td><td></td><td></td><td data-h=\"P\">%s</td><td data-h=\"R\">%s</td><td data-h=\"F1\">%s</td><td data-h=\"95 %%\">%s</td></tr>\n",
		percent(l.Macro.Precision), percent(l.Macro.Recall), percent(l.Macro.F1), interval(l.Macro.F1CI))
	h.b.Add("</tbody></table>\n")
}

func percent(x float64) string { return fmt.Sprintf("%.1f", 100*x) }

func interval(i *Interval) string {
	if i == nil {
		return ""
	}
	return percent(i.Low) + "–" + percent(i.High)
}

func (h *htmlPage) errors() {
	if len(h.Report.Errors) == 0 {
		return
	}
	h.b.Add("<table class=\"stack\">\n<caption>Errors at the document level</caption>\n" +
		"<thead><tr><th scope=\"col\">task</th><th scope=\"col\">kind</th><th scope=\"col\">count</th><th scope=\"col\">examples: predicted → gold</th></tr></thead>\n<tbody>\n")
	for _, e := range h.Report.Errors {
		h.b.Add("<tr><td>%s</td><td data-h=\"kind\" class=\"sure\">%s</td><td data-h=\"count\">%d</td><td data-h=\"examples\" dir=\"auto\">", e.Task, e.Kind, e.Count)
		for _, x := range e.Examples {
			h.b.Add("%s: %s", x.Document, x.Predicted)
			if x.Gold != "" {
				h.b.Add(" → %s", x.Gold)
			}
			h.b.Add("<br>")
		}
		h.b.Add("</td></tr>\n")
	}
	h.b.Add("</tbody></table>\n")
}

// reliability draws a diagram for each task whose confidences were measured.
func (h *htmlPage) reliability() {
	if len(h.Calibration) == 0 {
		return
	}
	fitted := ""
	if h.CrossFitted {
		fitted = ", cross-fitted"
	}
	h.b.Add("<h2>Reliability of confidences%s</h2>\n", fitted)
	for _, task := range slices.Sorted(maps.Keys(h.Calibration)) {
		c := h.Calibration[task]
		h.b.Add("<figure>\n<svg class=\"plot\" width=\"200\" height=\"200\" viewBox=\"0 0 200 200\" role=\"img\" aria-label=\"Reliability of %s\">\n"+
			"<line x1=\"0\" y1=\"200\" x2=\"200\" y2=\"0\" stroke=\"currentColor\" stroke-opacity=\".4\"/>\n", task)
		for _, bin := range c.Bins {
			h.b.Add("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"currentColor\"/>", 200*bin.Confidence, 200-200*bin.Accuracy)
		}
		h.b.Add("\n</svg>\n<figcaption>%s: accuracy over confidence; %d items, error %s %% debiased (%s), %s %% plain, Brier %.3f</figcaption>\n</figure>\n",
			task, c.Items, percent(c.Debiased), interval(c.DebiasedCI), percent(c.ECE), c.Brier)
	}
}

// article writes a document's text with its marks, and its pairs.
func (h *htmlPage) article(a *article) {
	h.b.Add("<article id=\"%s\" aria-labelledby=\"t-%s\">\n<div class=\"head\"><h2 id=\"t-%s\" dir=\"auto\">%s</h2>", a.Anchor, a.Anchor, a.Anchor, a.ID)
	h.chips(a.Counts)
	h.b.Add("<a class=\"up\" href=\"#contents\">Contents</a></div>\n<div class=\"text\" dir=\"auto\">")
	for i := range a.Segments {
		h.segment(&a.Segments[i])
	}
	h.b.Add("</div>\n")
	if len(a.Pairs) > 0 {
		h.b.Add("<table class=\"stack\"><caption>Influences</caption><thead><tr><th scope=\"col\">pair</th><th scope=\"col\">outcome</th></tr></thead><tbody>\n")
		for _, p := range a.Pairs {
			h.b.Add("<tr data-t=\"%s\" data-n=\"1\"><td dir=\"auto\">%s</td><td data-h=\"outcome\"><span class=\"chip %s\">%s</span></td></tr>\n", p.Class, p.Text, p.Class, p.Name)
		}
		h.b.Add("</tbody></table>\n")
	}
	h.b.Add("</article>\n")
}

func (h *htmlPage) segment(s *segment) {
	if s.Class == "" {
		h.b.Put(page.Escape(s.Text))
		return
	}
	var key, sure page.HTML // of a confidence
	if s.Confidence != "" {
		key, sure = page.Format(" data-c=\"%s\"", s.Hundredths), page.Format("<b> %s</b>", s.Confidence)
	}
	h.b.Add("<mark class=\"%s\" data-t=\"%s\"%s>%s<span class=\"label\">%s%s</span></mark>", s.Class, s.Class, key, s.Text, s.Label, sure)
}

// chips writes counts of verdicts, each in its colour.
func (h *htmlPage) chips(counts []verdict) {
	for _, v := range counts {
		h.b.Add(" <span class=\"chip %s\">%d %s</span>", v.Class, v.Count, v.Name)
	}
}

// aside writes the contents and the filters.
func (h *htmlPage) aside() {
	h.b.Add("<aside id=\"contents\" tabindex=\"-1\" aria-label=\"Contents and filters\">\n<div class=\"panel\">\n<h2>Marks and pairs</h2>\n<p>")
	h.chips(h.counts)
	h.b.Add("</p>\n<form id=\"filters\" hidden>\n<fieldset><legend>Show</legend>\n")
	for _, v := range h.counts {
		h.b.Add("<label><input type=\"checkbox\" name=\"type\" value=\"%s\" checked> <span class=\"chip %s\">%s</span></label>\n", v.Class, v.Class, v.Name)
	}
	h.b.Add("</fieldset>\n")
	if h.rated {
		h.b.Add("<label>Confidence at least <output>0.00</output>\n<input type=\"range\" name=\"least\" min=\"0\" max=\"100\" step=\"5\" value=\"0\"></label>\n")
	}
	h.b.Add("<label><input type=\"checkbox\" name=\"labels\" checked> labels in the text</label>\n" +
		"<label><input type=\"checkbox\" name=\"only\"> only documents with something shown</label>\n" +
		"<p class=\"soft\" role=\"status\"></p>\n<button type=\"reset\">Show all</button>\n</form>\n" +
		"<details open><summary>Contents</summary>\n<ul class=\"list\">\n")
	for i := range h.articles {
		a := &h.articles[i]
		h.b.Add("<li><a href=\"#%s\" dir=\"auto\">%s</a>", a.Anchor, a.ID)
		h.chips(a.Counts)
		h.b.Add("</li>\n")
	}
	h.b.Add("</ul>\n</details>\n</div>\n</aside>\n")
}
