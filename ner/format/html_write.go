package format

import (
	"bytes"
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
	b        bytes.Buffer   // what Write or Close is to write
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
	w.b.Reset()
	w.head()
	item := w.list(r)
	n := len(w.contents)
	fmt.Fprintf(&w.b, "<article id=\"d%d\" aria-labelledby=\"t%d\">\n<div class=\"head\"><h2 id=\"t%d\" dir=\"auto\">%s</h2>", n, n, n, page.Escape(r.ID))
	item.chips(&w.b)
	w.b.WriteString("<a class=\"up\" href=\"#contents\">Contents</a></div>\n<div class=\"text\" dir=\"auto\">")
	w.marked(r, x)
	w.b.WriteString("</div>\n")
	w.relations(r)
	w.entities(r)
	w.dropped(r)
	w.warnings(r)
	w.run(r)
	w.b.WriteString("</article>\n")
	_, err := w.w.Write(w.b.Bytes())
	return err
}

func (w *htmlWriter) Close() error {
	w.b.Reset()
	w.head()
	w.b.WriteString("</main>\n")
	w.aside()
	w.footer()
	w.b.WriteString(string(page.Tail()))
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
	w.b.WriteString(string(page.Head(title, pageNotice)))
	w.b.WriteString("<main id=\"text\">\n")
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
			fmt.Fprintf(&w.b, "<p class=\"soft\" dir=\"auto\">Warning: %s</p>\n", page.Escape(text))
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
				fmt.Fprintf(&w.b, "<p class=\"soft\"><a href=\"#run%d\">Run %d</a></p>\n", i+1, i+1)
			}
			return
		}
	}
	w.runs = append(w.runs, text)
	if n := len(w.runs); n > 1 {
		fmt.Fprintf(&w.b, "<p class=\"soft\"><a href=\"#run%d\">Run %d</a></p>\n", n, n)
	}
}

// runText says how a document was annotated, in HTML.
func runText(r *document.Result) string {
	text := ""
	if m := r.Model; m != (document.Model{}) {
		method := ""
		if m.Method != "" {
			method = ", method " + page.Escape(m.Method)
		}
		text = fmt.Sprintf("Model %s, adapter %s, weights %s, precision %s%s, medner %s. ",
			page.Escape(m.Name), page.Escape(m.Adapter), page.Escape(m.Weights), page.Escape(m.Precision), method, page.Escape(m.Engine))
		if r.Calibrated {
			text += "Confidences estimate the probability that an item is right. "
		} else {
			text += "Confidences are not calibrated: they rank items, and promise nothing else. "
		}
	}
	if t := r.Terminology; t != nil {
		text += fmt.Sprintf("Terminology %s, release %s, licence %s, SHA-256 %s. ",
			page.Escape(t.Name), page.Escape(t.Release), page.Escape(t.Licence), page.Escape(t.Hash))
	}
	return text
}

// footer writes how the documents were annotated, and the warnings of several.
func (w *htmlWriter) footer() {
	w.b.WriteString("<footer>\n")
	for i, text := range w.runs {
		if len(w.runs) > 1 {
			text = fmt.Sprintf("Run %d: %s", i+1, text)
		}
		fmt.Fprintf(&w.b, "<p id=\"run%d\">%s</p>\n", i+1, text)
	}
	for _, n := range w.notices {
		if n.documents > 1 {
			fmt.Fprintf(&w.b, "<p dir=\"auto\">Warning for %d documents: %s</p>\n", n.documents, page.Escape(n.text))
		}
	}
	w.b.WriteString("</footer>\n")
}
