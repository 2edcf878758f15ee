package format

import (
	"fmt"
	"io"

	"github.com/medner/medner/internal/page"
	"github.com/medner/medner/ner/document"
)

// htmlHolds is the content that a page shows.
const htmlHolds = ^(hasTitle | hasPassages | hasPassageInfons | hasInfons | hasPrompt | hasIDs | hasEntityInfons | hasComposite |
	hasRelationIDs | hasRelationMentions | hasRelationInfons)

// pageNotice stands once on a page.
const pageNotice = "For research and information extraction only; not for diagnosis or treatment."

// htmlWriter writes one page that needs no other file: for each document the text
// with its mentions marked and labelled, the pairs, the entities, and what was
// dropped; then the contents and the filters, which the style puts first. Of each
// document it keeps only what the contents say.
type htmlWriter struct {
	w        io.Writer
	o        WriteOptions
	started  bool           // the head is written
	contents []contentsItem // of the documents so far
	types    typeCounts     // of all documents
	runs     []string       // how documents were annotated, each way once
	notices  []pageWarning  // the warnings so far, each text once
	noticed  map[string]int // the index in notices, by text
	rated    bool           // some item has a confidence
	b        page.Builder   // what Write or Close is to write
}

// pageWarning is a warning, and how many documents have it.
type pageWarning struct {
	text      string
	documents int
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
	w.head()
	item := w.list(r)
	n := len(w.contents)
	w.b.Add("<article id=\"d%d\" aria-labelledby=\"t%d\">\n<div class=\"head\"><h2 id=\"t%d\" dir=\"auto\">%s</h2>", n, n, n, r.ID)
	item.chips(&w.b)
	w.b.Add("<a class=\"up\" href=\"#contents\">Contents</a></div>\n<div class=\"text\" dir=\"auto\">")
	w.marked(r, x)
	w.b.Add("</div>\n")
	w.relations(r)
	w.entities(r)
	w.dropped(r)
	w.warnings(r)
	w.run(r)
	w.b.Add("</article>\n")
	_, err := w.b.WriteTo(w.w)
	return err
}

func (w *htmlWriter) Close() error {
	w.head()
	w.b.Add("</main>\n")
	w.aside()
	w.footer()
	w.b.Put(page.Tail())
	_, err := w.b.WriteTo(w.w)
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
	w.b.Put(page.Head(title, pageNotice))
	w.b.Add("<main id=\"text\">\n")
}

// warnings writes the warnings of a document that no document before it has; all
// of those that come again are counted at the end of the page.
func (w *htmlWriter) warnings(r *document.Result) {
	if w.noticed == nil {
		w.noticed = map[string]int{}
	}
	seen := map[string]bool{}
	for _, text := range r.Warnings {
		at, known := w.noticed[text]
		if !known {
			w.noticed[text] = len(w.notices)
			w.notices = append(w.notices, pageWarning{text: text, documents: 1})
			w.b.Add("<p class=\"soft\" dir=\"auto\">Warning: %s</p>\n", text)
		} else if !seen[text] {
			w.notices[at].documents++
		}
		seen[text] = true
	}
}

// run notes how a document was annotated. The page says it once, at its end; a
// document that was annotated otherwise than the first one says which way it was.
func (w *htmlWriter) run(r *document.Result) {
	text := runText(r)
	if text == "" {
		return
	}
	for i, known := range w.runs {
		if known == text {
			if i > 0 {
				w.b.Add("<p class=\"soft\"><a href=\"#run%d\">Run %d</a></p>\n", i+1, i+1)
			}
			return
		}
	}
	w.runs = append(w.runs, text)
	if n := len(w.runs); n > 1 {
		w.b.Add("<p class=\"soft\"><a href=\"#run%d\">Run %d</a></p>\n", n, n)
	}
}

// runText says how a document was annotated.
func runText(r *document.Result) string {
	text := ""
	if m := r.Model; m != (document.Model{}) {
		method := ""
		if m.Method != "" {
			method = ", method " + m.Method
		}
		text = fmt.Sprintf("Model %s, adapter %s, weights %s, precision %s%s, medner %s. ", m.Name, m.Adapter, m.Weights, m.Precision, method, m.Engine)
		if r.Calibrated {
			text += "Confidences estimate the probability that an item is right. "
		} else {
			text += "Confidences are not calibrated: they rank items, and promise nothing else. "
		}
	}
	if t := r.Terminology; t != nil {
		text += fmt.Sprintf("Terminology %s, release %s, licence %s, SHA-256 %s. ", t.Name, t.Release, t.Licence, t.Hash)
	}
	return text
}

// footer writes how the documents were annotated, and the warnings of several.
func (w *htmlWriter) footer() {
	w.b.Add("<footer>\n")
	for i, text := range w.runs {
		if len(w.runs) > 1 {
			text = fmt.Sprintf("Run %d: %s", i+1, text)
		}
		w.b.Add("<p id=\"run%d\">%s</p>\n", i+1, text)
	}
	for _, n := range w.notices {
		if n.documents > 1 {
			w.b.Add("<p dir=\"auto\">Warning for %d documents: %s</p>\n", n.documents, n.text)
		}
	}
	w.b.Add("</footer>\n")
}
