package evaluation

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/medner/medner/internal/job"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/eval"
	"github.com/medner/medner/ner/format"
)

// Observed gathers what an extractor wrote, beyond its results.
type Observed struct {
	mu      sync.Mutex
	items   []ner.Item
	replies []eval.Reply // the answers that the items were read from
	key     confidence.Key
}

// Options returns what the extractor to observe is to be opened with.
func (o *Observed) Options() []ner.Option {
	return []ner.Option{
		ner.WithItems(func(it ner.Item) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.items = append(o.items, it)
		}),
		ner.WithReplies(func(r ner.Reply) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.replies = append(o.replies, eval.Reply{Document: r.Document, Task: string(r.Task), Prompt: r.Prompt, Text: r.Text})
		}),
	}
}

// Predict has the extractor annotate the articles of gold documents, and writes
// each result to saved. A document that fails is reported to progress; it comes
// at the end of the predictions, without annotations.
func (o *Observed) Predict(ctx context.Context, extractor *ner.Extractor, gold []document.Document, saved format.Writer, progress job.Progress) ([]document.Document, error) {
	o.key = extractor.Key()
	bare := slices.Clone(gold)
	for i := range bare {
		bare[i].Entities, bare[i].Relations, bare[i].Completion = nil, nil, ""
	}
	var docs, failed []document.Document
	for result, err := range extractor.Extract(ctx, bare...) {
		var bad *ner.DocumentError
		switch {
		case errors.As(err, &bad):
			progress.Failed(err)
			failed = append(failed, document.Document{ID: bad.Document})
		case err != nil:
			return nil, err
		default:
			docs = append(docs, result.Document)
			if err := saved.Write(result); err != nil {
				return nil, err
			}
		}
		progress.Done(len(docs)+len(failed), len(failed))
	}
	// The replies came from several goroutines.
	slices.SortStableFunc(o.replies, func(a, b eval.Reply) int {
		return cmp.Or(strings.Compare(a.Document, b.Document), strings.Compare(a.Task, b.Task), strings.Compare(a.Prompt, b.Prompt))
	})
	return append(docs, failed...), nil
}
