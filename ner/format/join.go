package format

import (
	"fmt"
	"iter"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// Join delivers results with the texts that they lack: each gets the text, the
// passages and the properties of the source document with its ID. A result with a
// text of its own keeps it. A result that no source document fits is delivered as
// a *badinput.Error: none has its ID, the text has another SHA-256 than the result
// states, or a mention does not stand where the result says; the error names the
// document and the mention.
//
// Sources are read as far as results need them. Where results come in the order of
// their sources, as medner ner writes them, Join holds one text at a time; else it
// holds those that no result has asked for yet. An error of a source is delivered
// when it is met.
func Join(results, sources iter.Seq2[document.Result, error]) iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		next, stop := iter.Pull2(sources)
		defer stop()
		j := &joiner{next: next, waiting: map[string][]*document.Document{}}
		for r, err := range results {
			if err == nil {
				if r.Text == "" && r.TextSHA256 != emptySHA256 {
					err = j.join(&r, func(err error) bool { return yield(document.Result{}, err) })
				} else if mistake := misplaced(&r.Document); mistake != nil {
					err = mistake
				}
			}
			if j.stopped || !yield(r, err) {
				return
			}
		}
	}
}

// joiner has the source documents that were read and that no result has had.
type joiner struct {
	next    func() (document.Result, error, bool)
	waiting map[string][]*document.Document // by ID, in order
	stopped bool                            // the consumer wants no more
}

// join gives r its text. fail delivers the error of a source, and returns false if
// no more is wanted.
func (j *joiner) join(r *document.Result, fail func(error) bool) error {
	for {
		if d := j.take(r); d != nil {
			return adopt(r, d)
		}
		source, err, more := j.next()
		switch {
		case !more:
			if list := j.waiting[r.ID]; len(list) > 0 {
				return adopt(r, list[0]) // which says how the texts differ
			}
			return badinput.New(r.ID, "id", "no source document with this identifier that another result has not had", "the documents that the results are of")
		case err != nil:
			if !fail(err) {
				j.stopped = true
				return nil
			}
		default:
			d := source.Document
			d.Entities, d.Relations, d.Completion = nil, nil, ""
			j.waiting[d.ID] = append(j.waiting[d.ID], &d)
		}
	}
}

// take returns the first source with the ID and the text of r, which is no longer
// waiting then, or nil if there is none.
func (j *joiner) take(r *document.Result) *document.Document {
	list := j.waiting[r.ID]
	for i, d := range list {
		if r.TextSHA256 != "" && r.TextSHA256 != textHash(d.Text) {
			continue
		}
		if list = append(list[:i:i], list[i+1:]...); len(list) == 0 {
			delete(j.waiting, r.ID)
		} else {
			j.waiting[r.ID] = list
		}
		return d
	}
	return nil
}

// adopt gives r the text of d, and checks that it is the one that r is about.
func adopt(r *document.Result, d *document.Document) error {
	r.Text = d.Text
	if len(r.Passages) == 0 {
		r.Passages = d.Passages
	}
	if len(r.Infons) == 0 {
		r.Infons = d.Infons
	}
	if err := misplaced(&r.Document); err != nil {
		return err
	}
	if hash := textHash(d.Text); r.TextSHA256 != "" && r.TextSHA256 != hash {
		return badinput.New(r.ID, "text_sha256", "a source document with "+hash, r.TextSHA256+", as the result says")
	}
	r.TextSHA256 = ""
	return nil
}

// misplaced returns an error for the first mention of d that its text doesn't have
// at the mention's spans.
func misplaced(d *document.Document) error {
	x := document.NewIndex(d.Text)
	for i := range d.Entities {
		e := &d.Entities[i]
		var parts []string
		for _, s := range e.Spans {
			part, inside := x.Slice(s)
			if !inside {
				return badinput.New(d.ID, fmt.Sprintf("entities[%d]", i), fmt.Sprintf("%d to %d outside the text of %d code points", s.Start, s.End, x.Len()), quote(e.Text))
			}
			parts = append(parts, part)
		}
		if len(parts) == 0 || e.Text == "" || sameMention(e.Text, e.Spans, parts, x) {
			continue
		}
		last := e.Spans[len(e.Spans)-1]
		return badinput.New(d.ID, fmt.Sprintf("entities[%d]", i), fmt.Sprintf("%s at %d to %d", quote(strings.Join(parts, " ")), e.Spans[0].Start, last.End), quote(e.Text))
	}
	return nil
}
