package stats

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/internal/page"
)

// pageNotice stands once on a page.
const pageNotice = "For research and information extraction only; not for diagnosis or treatment."

// WriteHTML writes the report as a page that needs no other file. Its text is
// complete without the script, which sorts tables.
func (r *Report) WriteHTML(w io.Writer, title string) error {
	h := htmlPage{r: r}
	h.b.Put(page.Head(title, pageNotice))
	h.b.Add("<main id=\"text\">\n")
	h.section("summary", "Summary", h.summary)
	h.section("years", "Documents by year", h.years)
	for _, t := range r.Types {
		h.section("concepts-"+strconv.Itoa(len(h.contents)), "Concepts of type "+t.Type, func() { h.concepts(t.Type) })
	}
	h.section("pairs", "Chemicals and diseases", h.pairs)
	h.section("map", "Map of pairs", h.heat)
	h.section("method", "How this was counted", h.method)
	h.b.Add("</main>\n<aside id=\"contents\" tabindex=\"-1\" aria-label=\"Contents\">\n<nav class=\"panel\" aria-label=\"Contents\"><h2>Contents</h2>\n<ul class=\"list\">\n")
	for _, c := range h.contents {
		h.b.Add("<li><a href=\"#%s\">%s</a></li>\n", c.id, c.title)
	}
	h.b.Add("</ul></nav>\n</aside>\n")
	h.b.Put(page.Tail())
	_, err := h.b.WriteTo(w)
	return err
}

type htmlPage struct {
	r        *Report
	b        page.Builder
	contents []struct{ id, title string }
}

func (h *htmlPage) section(id, title string, write func()) {
	h.contents = append(h.contents, struct{ id, title string }{id, title})
	h.b.Add("<article id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n", id, id, id, title)
	write()
	h.b.Add("</article>\n")
}

// table writes a table whose columns can be sorted. Cells are HTML; those of the
// columns from numbers on are numbers.
func (h *htmlPage) table(caption string, numbers int, head []string, rows [][]page.HTML) {
	if len(rows) == 0 {
		h.b.Add("<p class=\"soft\">None.</p>\n")
		return
	}
	h.b.Add("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n<table class=\"sortable\">\n<caption>%s</caption>\n<thead><tr>",
		caption, caption)
	class := func(column int) page.HTML {
		if column >= numbers {
			return " class=\"number\""
		}
		return ""
	}
	for i, name := range head {
		h.b.Add("<th scope=\"col\"%s>%s</th>", class(i), name)
	}
	h.b.Add("</tr></thead>\n<tbody>\n")
	for _, row := range rows {
		h.b.Add("<tr>")
		for i, cell := range row {
			h.b.Add("<td%s>%s</td>", class(i), cell)
		}
		h.b.Add("</tr>\n")
	}
	h.b.Add("</tbody>\n</table></div>\n")
}

func (h *htmlPage) summary() {
	r := h.r
	h.b.Add("<p>%d documents, %d of them without mentions", r.Documents, r.Empty)
	if r.Failed > 0 {
		h.b.Add("; %d documents could not be read", r.Failed)
	}
	h.b.Add(". %d concepts; %d pairs of a chemical and a disease, of which some document asserts %d.</p>\n",
		r.Totals.Concepts, r.Totals.Pairs, r.Totals.Asserted)
	var rows [][]page.HTML
	for _, t := range r.Types {
		rows = append(rows, []page.HTML{page.Escape(t.Type), number(t.Mentions), number(t.Documents), number(t.Concepts)})
	}
	h.table("Mentions by type", 1, []string{"Type", "Mentions", "Documents", "Concepts"}, rows)
}

func number(n int64) page.HTML { return page.Format("%d", n) }

func (h *htmlPage) years() {
	h.chart()
	var rows [][]page.HTML
	head := []string{"Year", "Documents", "With relations"}
	for _, t := range h.r.Types {
		head = append(head, "Mentions: "+t.Type)
	}
	for _, y := range h.r.Years {
		row := []page.HTML{page.Escape(y.Year), number(y.Documents), number(y.Asserting)}
		for _, t := range h.r.Types {
			row = append(row, number(y.Mentions[t.Type]))
		}
		rows = append(rows, row)
	}
	h.table("Documents and mentions by year", 1, head, rows)
}

// The chart's size, in units of its view.
const (
	chartHeight = 160
	barWidth    = 10
	labelWidth  = 26 // of a bar with the four digits of its year below
	mostYears   = 150
)

// chart draws the documents of each year from the first to the last.
func (h *htmlPage) chart() {
	documents := map[int]int64{}
	first, last, most := 0, 0, int64(1)
	for _, y := range h.r.Years {
		n, err := strconv.Atoi(y.Year)
		if err != nil {
			continue
		}
		documents[n] = y.Documents
		most = max(most, y.Documents)
		if first == 0 {
			first = n
		}
		last = n
	}
	if first == 0 {
		h.b.Add("<p class=\"soft\">No document names its year.</p>\n")
		return
	}
	first = max(first, last-mostYears+1)
	bar := barWidth
	if last-first <= 10 {
		bar = labelWidth // each bar has its label
	}
	width := (last-first+1)*bar + 2*bar
	h.b.Add("<svg class=\"plot years\" viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"chart-title\">\n<title id=\"chart-title\">Documents by year, %d to %d: at most %d in one. The table below has the numbers.</title>\n",
		width, chartHeight+30, first, last, most)
	step := 1
	for (last-first)/step > 10 {
		step *= 5
		if (last-first)/step > 10 {
			step *= 2
		}
	}
	for y := first; y <= last; y++ {
		x := bar + (y-first)*bar
		height := documents[y] * chartHeight / most
		if documents[y] > 0 {
			height = max(height, 1)
			h.b.Add("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"currentColor\"><title>%d: %d</title></rect>\n",
				x+1, chartHeight+10-height, bar-2, height, y, documents[y])
		}
		if y%step == 0 {
			h.b.Add("<text x=\"%d\" y=\"%d\" font-size=\"9\" text-anchor=\"middle\" fill=\"currentColor\">%d</text>\n", x+bar/2, chartHeight+24, y)
		}
	}
	h.b.Add("</svg>\n")
}

func (h *htmlPage) concepts(typ string) {
	var rows [][]page.HTML
	for _, c := range h.r.Concepts {
		if c.Type != typ {
			continue
		}
		id := page.Escape(c.Concept)
		if c.Linked {
			id = page.Link(c.Concept)
		}
		rows = append(rows, []page.HTML{page.Escape(c.Name), id, number(c.Documents), number(c.Mentions), page.Escape(year(c.First)), page.Escape(year(c.Last))})
	}
	h.table(fmt.Sprintf("The %d concepts of type %s that most documents mention", len(rows), typ), 2,
		[]string{"Name", "Concept", "Documents", "Mentions", "First year", "Last year"}, rows)
}

func (h *htmlPage) pairs() {
	var rows [][]page.HTML
	for _, p := range h.r.Pairs {
		ids := page.Escape(strings.Join(p.IDs, ", "))
		if more := max(p.Documents, p.Asserted) - int64(len(p.IDs)); more > 0 {
			ids += " …"
		}
		rows = append(rows, []page.HTML{
			withID(p.ChemicalName, p.Chemical), withID(p.DiseaseName, p.Disease), ids,
			number(p.Documents), number(p.Asserted), short(p.NPMI),
		})
	}
	h.table(fmt.Sprintf("%d of %d pairs", len(rows), h.r.Totals.Pairs), 3,
		[]string{"Chemical", "Disease", "First documents", "Mention both", "Assert a relation", "NPMI"}, rows)
}

// withID returns a concept's name, with its identifier unless that is the name.
func withID(name, id string) page.HTML {
	if fold(name) == id || name == id {
		return page.Escape(name)
	}
	return page.Format("%s (%s)", name, page.Link(id))
}

func short(v *float64) page.HTML {
	if v == nil {
		return ""
	}
	return page.Format("%.3f", *v)
}

// mapSize is the number of chemicals and of diseases on the map.
const mapSize = 12

// levels is the number of shades on the map.
const levels = 4

// heat writes how many documents mention the chemicals and diseases of the first
// pairs together.
func (h *htmlPage) heat() {
	var chemicals, diseases []string
	names := map[string]string{}
	type cell struct{ chemical, disease string }
	counts := map[cell]int64{}
	most := int64(0)
	for _, p := range h.r.Pairs {
		c, d := p.Chemical, p.Disease
		names["c"+c], names["d"+d] = p.ChemicalName, p.DiseaseName
		if !slices.Contains(chemicals, c) && len(chemicals) < mapSize {
			chemicals = append(chemicals, c)
		}
		if !slices.Contains(diseases, d) && len(diseases) < mapSize {
			diseases = append(diseases, d)
		}
		counts[cell{c, d}] = p.Documents
	}
	if len(chemicals) == 0 {
		h.b.Add("<p class=\"soft\">None.</p>\n")
		return
	}
	for _, c := range chemicals {
		for _, d := range diseases {
			most = max(most, counts[cell{c, d}])
		}
	}
	h.b.Add("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Map of pairs\"><table class=\"heat\">\n<caption>Documents that mention both, of the chemicals and diseases of the first pairs; empty: not among the listed pairs</caption>\n<thead><tr><td></td>")
	for _, d := range diseases {
		h.b.Add("<th scope=\"col\">%s</th>", names["d"+d])
	}
	h.b.Add("</tr></thead>\n<tbody>\n")
	for _, c := range chemicals {
		h.b.Add("<tr><th scope=\"row\">%s</th>", names["c"+c])
		for _, d := range diseases {
			n := counts[cell{c, d}]
			if n == 0 {
				h.b.Add("<td></td>")
				continue
			}
			h.b.Add("<td class=\"h%d\">%d</td>", (n*levels+most-1)/most, n)
		}
		h.b.Add("</tr>\n")
	}
	h.b.Add("</tbody>\n</table></div>\n")
}

func (h *htmlPage) method() {
	s := h.r.Settings
	h.b.Add(`<p>A concept is the identifier that a mention has, or where it has none its text in lower case. A document mentions a pair if
it mentions both, and asserts it if it has a relation of them. NPMI is pmi divided by −ln p(both), where pmi is ln of p(both) divided by
p(chemical) · p(disease), and p is a share of all %d documents; it is empty where no document mentions both, or each one does. It is 1 where
neither comes without the other, and 0 where they are independent.</p>
<p>Mentions and relations of confidence %g or more count, and those of unknown confidence; mentions without a place in the text don't.
Concepts and pairs of %d or more documents are listed, at most %s; pairs in the order of: %s.</p>
`, h.r.Documents, s.MinConfidence, max(1, s.MinCount), atMost(s.Top), s.Order)
}

func atMost(n int) string {
	if n == 0 {
		return "all"
	}
	return strconv.Itoa(n)
}
