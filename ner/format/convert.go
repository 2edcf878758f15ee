package format

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// Counts says how a conversion went.
type Counts struct{ Documents, Failed int }

// Convert writes documents to w. report is told of each that can't be read or
// written; the others go on. What ends the conversion is returned.
func Convert(ctx context.Context, docs iter.Seq2[document.Result, error], w Writer, report func(error)) (Counts, error) {
	var n Counts
	for res, err := range docs {
		if cause := ctx.Err(); cause != nil {
			return n, cause
		}
		n.Documents++
		if err == nil {
			err = w.Write(&res)
			var bad *badinput.Error
			if err != nil && !errors.As(err, &bad) {
				return n, err
			}
		}
		if err != nil {
			n.Failed++
			report(err)
		}
	}
	return n, w.Close()
}

// maxTally bounds the kinds of warnings that are told apart.
const maxTally = 1000

// Tally gathers warnings that repeat from document to document.
type Tally struct {
	order []string
	count map[string]int
	first map[string]Warning
}

// Add counts a warning; it fits ReadOptions.Warn and WriteOptions.Warn.
func (t *Tally) Add(w Warning) {
	if t.count == nil {
		t.count, t.first = map[string]int{}, map[string]Warning{}
	}
	if t.count[w.Message] == 0 && len(t.order) == maxTally {
		w = Warning{Message: "more kinds of warnings than are counted"}
	}
	if t.count[w.Message]++; t.count[w.Message] == 1 {
		t.order = append(t.order, w.Message)
		t.first[w.Message] = w
	}
}

// Lines returns each warning once, in the order of their first appearance.
func (t *Tally) Lines() []string {
	var out []string
	for _, m := range t.order {
		if n := t.count[m]; n > 1 {
			first := t.first[m].Document
			out = append(out, fmt.Sprintf("%s (%d times, first in document %s)", m, n, first))
			continue
		}
		out = append(out, t.first[m].String())
	}
	return out
}
