package shards

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/medner/medner/internal/job"
	"github.com/medner/medner/ner/document"
)

// passage is the extractor of a shard's job. It stands between the job and the real
// one: it ends the documents when the work is to stop, tells apart what fails because
// of the machine, and notes which document fails and why.
type passage struct {
	in        *reading
	extractor job.Extractor
	transient func(error) bool
	abort     func(error) // ends the job
	stop      <-chan struct{}
	stopped   *atomic.Bool
	failed    func(Failure) error
	worked    func(index int) error
	check     func() error // says why the work may not go on; called before each result

	mu sync.Mutex
	// pending holds the indices of the documents that the extractor has taken and not
	// yet answered.
	pending []int
}

// Stream implements job.Extractor.
func (p *passage) Stream(ctx context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[*document.Result, error] {
	return func(yield func(*document.Result, error) bool) {
		for result, err := range p.extractor.Stream(ctx, p.note(docs)) {
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			index := p.next()
			wrong := p.check()
			switch {
			case wrong != nil:
			case err != nil && p.transient != nil && p.transient(err):
				wrong = err
			case err == nil:
				wrong = p.worked(index)
			default:
				wrong = p.failed(Failure{Index: index, ID: p.in.id(index), Input: p.in.input(index), Error: err.Error()})
			}
			if wrong != nil {
				p.abort(wrong)
				yield(nil, ctx.Err())
				return
			}
			if !yield(result, err) {
				return
			}
		}
	}
}

// note passes documents on until the work is to stop.
func (p *passage) note(docs iter.Seq2[document.Document, error]) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		for d, err := range docs {
			select {
			case <-p.stop:
				p.stopped.Store(true)
				return
			default:
			}
			p.mu.Lock()
			p.pending = append(p.pending, p.in.read()-1)
			p.mu.Unlock()
			if !yield(d, err) {
				return
			}
		}
	}
}

func (p *passage) next() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	index := p.pending[0]
	p.pending = p.pending[1:]
	return index
}
