package format

import (
	"fmt"
	"io"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/ner/document"
)

// WriteOptions say how to write.
type WriteOptions struct {
	Format Format
	// Warn, unless nil, is called with what the format can't hold.
	Warn func(Warning)
	// Text makes JSON and JSONL hold the article's text and passages too, without
	// which other formats can't be made of them later.
	Text bool
	// Color makes text use a terminal's colours.
	Color bool
	// Title is the heading of an HTML page; "" for a general one.
	Title string
	// Written is the number of documents that the output holds already, for a
	// format of [Appendable].
	Written int
	// Collection, unless nil, is called at the first document, and returns what a
	// BioC file is to say of itself.
	Collection func() Collection
}

// Writer writes documents in one format.
type Writer interface {
	// Write writes a document. A document that the format can't hold at all gives
	// a *badinput.Error and leaves the output as it was; after any other error the
	// output is incomplete.
	Write(*document.Result) error
	// Close completes the output. It does not close the io.Writer below.
	Close() error
}

// NewWriter returns a writer of a format to w. For brat it writes annotations
// only, since the articles belong in files of their own: see [NewFolder].
func NewWriter(w io.Writer, o WriteOptions) (Writer, error) {
	write := find(o.Format).write
	if write == nil {
		_, err := ParseOutput(string(o.Format))
		return nil, err
	}
	return write(w, o), nil
}

// warn reports what became of a document.
func (o WriteOptions) warn(doc, format string, args ...any) {
	if o.Warn != nil {
		o.Warn(Warning{Document: doc, Message: clip.At(fmt.Sprintf(format, args...), maxMessage)})
	}
}

// needText returns an error for a result that was read from a file without the
// article's text, which user needs: a format, or something else that it names.
func needText(r *document.Result, user Format) error {
	if r.Text == "" && r.TextSHA256 != "" && r.TextSHA256 != emptySHA256 {
		return badinput.New(clip.At(r.ID, maxID), "text", "a result without its text", fmt.Sprintf("the text, which %s needs: write results with it (WriteOptions.Text), or give it back (Join)", user))
	}
	return nil
}

// checkSpans returns an error if a span or a passage lies outside the text.
func checkSpans(d *document.Document, x *document.Index) error {
	for i := range d.Entities {
		for _, s := range d.Entities[i].Spans {
			if s.Start < 0 || s.End < s.Start || s.End > x.Len() {
				return badinput.New(clip.At(d.ID, maxID), fmt.Sprintf("entity %d", i), fmt.Sprintf("span %d to %d", s.Start, s.End), fmt.Sprintf("a span within %d code points", x.Len()))
			}
		}
	}
	return checkPassages(d, x)
}

// checkPassages returns an error if a passage lies outside the text, or passages
// are out of order.
func checkPassages(d *document.Document, x *document.Index) error {
	end := 0
	for i, p := range d.Passages {
		if p.Start < end || p.End < p.Start || p.End > x.Len() {
			return badinput.New(clip.At(d.ID, maxID), fmt.Sprintf("passage %d", i), fmt.Sprintf("%d to %d", p.Start, p.End), fmt.Sprintf("passages in order within %d code points", x.Len()))
		}
		end = p.End
	}
	return nil
}
