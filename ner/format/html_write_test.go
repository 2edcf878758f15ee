package format

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

func markup(t *testing.T, text string, spans ...[3]int) string {
	t.Helper()
	d := document.Result{Document: document.Document{ID: "1", Text: text}}
	for _, s := range spans {
		typ := []string{document.Chemical, document.Disease, "Gene"}[s[2]]
		d.Entities = append(d.Entities, document.Entity{Type: typ, Text: "e", Spans: []document.Span{{Start: s[0], End: s[1]}}, Confidence: math.NaN()})
	}
	page := mustWrite(t, WriteOptions{Format: HTML}, d)
	page = regexp.MustCompile(` data-t="\w+"`).ReplaceAllString(page, "")
	m := regexp.MustCompile(`(?s)<div class="text" dir="auto">(.*?)</div>`).FindStringSubmatch(page)
	require.NotNil(t, m)
	out := strings.NewReplacer(`<span class="label">`, "(", "</span>", ")", `<mark class="`, "<", `">`, ">", "</mark>", "</>").Replace(m[1])
	return out
}

func TestHTMLMarks(t *testing.T) {
	require.Equal(t, "ab", markup(t, "ab"))
	require.Equal(t, "<chemical>α(chemical)</>b", markup(t, "αb", [3]int{0, 1, 0}))
	require.Equal(t, "<disease>a<chemical>b(chemical)</>c(disease)</>", markup(t, "abc", [3]int{1, 2, 0}, [3]int{0, 3, 1}), "nested")
	require.Equal(t, "<disease><chemical>ab(chemical)</>(disease)</>", markup(t, "ab", [3]int{0, 2, 1}, [3]int{0, 2, 0}), "equal")
	require.Equal(t, "<chemical>a<disease>b</>(chemical)</><disease open>c(disease)</>d", markup(t, "abcd", [3]int{0, 2, 0}, [3]int{1, 3, 1}), "crossing")
	require.Equal(t, "<chemical>a<disease>b<other>c</>(disease)</>(chemical)</><other open>d(Gene)</>", markup(t, "abcd", [3]int{0, 3, 0}, [3]int{1, 3, 1}, [3]int{2, 4, 2}), "two end where they cross a third")
	require.Equal(t, "<other>a(Gene)</><chemical>b(chemical)</>", markup(t, "ab", [3]int{0, 1, 2}, [3]int{1, 2, 0}), "touching")
	require.Equal(t, "&lt;b&gt; &amp; \ufffd<chemical>&#34;(chemical)</>", markup(t, "<b> & \x1b\"", [3]int{7, 8, 0}), "escaped")
}

// For any spans, tags balance and no text is lost.
func TestHTMLMarksBalance(t *testing.T) {
	text := "0123456789"
	tag := regexp.MustCompile(`<[^>]*>`)
	for a := range 10 {
		for b := a + 1; b <= 10; b++ {
			for c := range 10 {
				for d := c + 1; d <= 10; d++ {
					got := markup(t, text, [3]int{a, b, 0}, [3]int{c, d, 1}, [3]int{3, 7, 2})
					depth := 0
					for _, m := range tag.FindAllString(got, -1) {
						if m == "</>" {
							depth--
						} else {
							depth++
						}
						require.GreaterOrEqual(t, depth, 0, got)
					}
					require.Zero(t, depth, got)
					require.NotRegexp(t, `<\w[^>]*></>`, got, "a mark without text")
					plain := tag.ReplaceAllString(got, "")
					plain = regexp.MustCompile(`\([A-Za-z]+\)`).ReplaceAllString(plain, "")
					require.Equal(t, text, plain)
					require.Equal(t, 3, strings.Count(got, "("), "each mention has one label: %s", got)
				}
			}
		}
	}
}

func TestHTMLPage(t *testing.T) {
	const text = "renal or hepatic <script>alert(1)</script> toxicity by Li"
	tox := entity(text, document.Disease, "renal")
	tox.Spans = append(tox.Spans, entity(text, document.Disease, "toxicity").Spans...)
	r := document.Result{
		Document: document.Document{ID: `"><img src=x>`, Text: text, Entities: []document.Entity{tox, entity(text, document.Chemical, "Li", "MESH:D008094")},
			Relations: []document.Relation{{Chemical: "<Li>", Disease: "toxicity"}}},
		Dropped: []document.Dropped{{Text: "<pain>", Task: "diseases", Reason: "blacklist"}},
		Model:   document.Model{Name: "m"}, Terminology: &document.Terminology{Name: "MeSH", Release: "2026"}, Warnings: []string{"<w>"},
	}
	page := mustWrite(t, WriteOptions{Format: HTML, Title: "<T>"}, r, r)
	require.True(t, strings.HasPrefix(page, "<!DOCTYPE html>\n<html lang=\"en\">"))
	require.True(t, strings.HasSuffix(page, "</html>\n"))
	require.Contains(t, page, `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-`)
	require.Equal(t, 1, strings.Count(page, "<script"), "the page's own")
	require.Contains(t, page, "; script-src 'sha256-")
	require.NotContains(t, page, "<img")
	require.NotContains(t, page, "<pain>")
	require.NotContains(t, page, "<w>")
	require.NotContains(t, page, " style=")
	require.NotContains(t, page, "%!", "formats and arguments agree")
	require.NotContains(t, page, "http://")
	require.Contains(t, page, "<title>&lt;T&gt;</title>")
	require.Contains(t, page, `title="MESH:D008094"`)
	require.Contains(t, page, "release 2026")
	require.Equal(t, 2, strings.Count(page, "<article"))
	require.Contains(t, page, `<mark class="disease open" data-t="disease">renal</mark>`)
	require.Contains(t, page, `<mark class="disease" data-t="disease">toxicity<span class="label">disease</span></mark>`)
	require.Contains(t, page, `<a href="https://meshb.nlm.nih.gov/record/ui?ui=D008094" rel="noreferrer">MESH:D008094</a>`)
	require.Equal(t, 1, strings.Count(page, "not for diagnosis"), "the notice stands once")
	require.Equal(t, 1, strings.Count(page, "release 2026"), "so does the run")
	require.Contains(t, page, "<p dir=\"auto\">Warning for 2 documents: &lt;w&gt;</p>")
}

// Confidences are text at each mention and pair, and attributes for the filters.
func TestHTMLConfidences(t *testing.T) {
	const text = "Li, pain"
	li, pain := entity(text, document.Chemical, "Li"), entity(text, document.Disease, "pain")
	li.Confidence, pain.Confidence = 0.29, math.NaN()
	r := document.Result{Document: document.Document{ID: "1", Text: text, Entities: []document.Entity{li, pain},
		Relations: []document.Relation{{Chemical: "Li", Disease: "pain", Confidence: 1}}}}
	page := mustWrite(t, WriteOptions{Format: HTML}, r)
	require.Contains(t, page, `<mark class="chemical low" data-t="chemical" data-c="29">Li<span class="label">chemical<b> 0.29</b></span></mark>`)
	require.Contains(t, page, `<mark class="disease" data-t="disease">pain<span class="label">disease</span></mark>`)
	require.Contains(t, page, `<tr data-t="pair" data-c="100" data-n="1">`)
	require.Contains(t, page, `<td dir="auto" data-h="Confidence" class="sure">1.00<svg`)
	require.Contains(t, page, `type="range"`)
	r.Entities, r.Relations = r.Entities[1:], nil
	require.NotContains(t, mustWrite(t, WriteOptions{Format: HTML}, r), `type="range"`, "there is nothing to filter by")
}

// The contents have a line for each document, with its counts and those of all.
func TestHTMLContents(t *testing.T) {
	const text = "Li, pain"
	one := document.Result{Document: document.Document{ID: "<1>", Text: text, Entities: []document.Entity{entity(text, document.Chemical, "Li"), entity(text, "Gene\"", "pain")},
		Relations: []document.Relation{{Chemical: "Li", Disease: "pain"}}}}
	two := document.Result{Document: document.Document{ID: "2", Text: text, Entities: []document.Entity{entity(text, document.Chemical, "Li")}}}
	page := mustWrite(t, WriteOptions{Format: HTML}, one, two, document.Result{Document: document.Document{ID: "3", Text: text}})
	require.Contains(t, page, "<h2>3 documents</h2>\n<p> <span class=\"chip chemical\">2 chemicals</span> <span class=\"chip other\">1 Gene&#34;</span> <span class=\"chip pair\">1 pair</span></p>")
	require.Contains(t, page, `<li><a href="#d1" dir="auto">&lt;1&gt;</a> <span class="chip chemical">1 chemical</span>`)
	require.Contains(t, page, `<li><a href="#d3" dir="auto">3</a></li>`)
	require.Contains(t, page, `<article id="d3"`)
	require.Contains(t, page, `name="type" value="Gene&#34;" checked`)
	empty := mustWrite(t, WriteOptions{Format: HTML})
	require.Contains(t, empty, "<h2>0 documents</h2>")
	require.NotContains(t, empty, "<form")
}

// Documents that were annotated in several ways say which.
func TestHTMLRuns(t *testing.T) {
	a := document.Result{Document: document.Document{ID: "a"}, Model: document.Model{Name: "one"}, Calibrated: true}
	b := document.Result{Document: document.Document{ID: "b"}, Model: document.Model{Name: "two"}}
	page := mustWrite(t, WriteOptions{Format: HTML}, a, b, a, b)
	require.Equal(t, 1, strings.Count(page, "Run 1: Model one"))
	require.Equal(t, 1, strings.Count(page, "Run 2: Model two"))
	require.Equal(t, 2, strings.Count(page, `<a href="#run2">`))
	require.Equal(t, 0, strings.Count(page, `<a href="#run1">`))
}
