// Package nerbench times the extraction of entities from documents.
package nerbench

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/medner/medner/internal/job"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/document"
)

// Result is what was measured.
type Result struct {
	Kernels         string  `json:"kernels,omitempty"` // on the processors only
	Reason          string  `json:"kernels_reason,omitempty"`
	Documents       int     `json:"documents"`
	Failed          int     `json:"failed"`
	Questions       int     `json:"questions"` // one for each document, task that is written, and piece of a long document
	Labelled        int     `json:"labelled"`  // texts whose tokens were labelled, one for each document and piece
	Seconds         float64 `json:"seconds"`
	DocumentsMinute float64 `json:"documents_per_minute"`
	// The times to the first token are from when a question is asked to the first
	// token of its answer.
	FirstTokenMedian float64 `json:"first_token_ms_median"`
	FirstToken95     float64 `json:"first_token_ms_95"`
	PromptTokens     int     `json:"prompt_tokens"`
	CachedTokens     int     `json:"cached_tokens"` // of PromptTokens, those found in the prefix cache
	NewTokens        int     `json:"new_tokens"`
	NewTokensSecond  float64 `json:"new_tokens_per_second"`
	DraftedTokens    int     `json:"drafted_tokens"`
	AcceptedTokens   int     `json:"accepted_tokens"`
	Steps            int     `json:"steps"` // summed over the answers
}

// Meter gathers what the answers to questions took. The extractor to measure
// calls Answered for each answer, from several goroutines.
type Meter struct {
	mu         sync.Mutex
	result     Result
	firstToken []time.Duration
}

// Answered adds an answer.
func (m *Meter) Answered(r *model.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.result.Questions++
	m.firstToken = append(m.firstToken, r.Timings.Queued+r.Timings.Prefill)
	m.result.PromptTokens += r.PromptTokens
	m.result.CachedTokens += r.Timings.CachedTokens
	m.result.NewTokens += len(r.Tokens)
	m.result.DraftedTokens += r.Timings.DraftedTokens
	m.result.AcceptedTokens += r.Timings.AcceptedTokens
	m.result.Steps += r.Timings.Steps
}

// Classified adds a text of some tokens that was labelled.
func (m *Meter) Classified(tokens int, t model.Timings) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.result.Labelled++
	m.result.PromptTokens += tokens
	m.result.CachedTokens += t.CachedTokens
}

// Run has the extractor annotate at most limit documents, or all if limit is 0,
// and returns what was measured; Questions and Labelled are 0 if there was nothing
// to read. failed is called for each document that fails.
func (m *Meter) Run(ctx context.Context, extractor job.Extractor, documents iter.Seq2[document.Result, error], limit int, failed func(error)) (*Result, error) {
	r := &m.result
	start := time.Now()
	for _, err := range extractor.Stream(ctx, firstArticles(documents, limit)) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r.Documents++
		if err != nil {
			r.Failed++
			failed(err)
		}
	}
	r.Seconds = time.Since(start).Seconds()
	if r.Questions+r.Labelled == 0 {
		return r, nil
	}
	r.DocumentsMinute = 60 * float64(r.Documents-r.Failed) / r.Seconds
	if r.Questions == 0 {
		return r, nil
	}
	r.NewTokensSecond = float64(r.NewTokens) / r.Seconds
	slices.Sort(m.firstToken)
	r.FirstTokenMedian = milliseconds(m.firstToken[len(m.firstToken)/2])
	r.FirstToken95 = milliseconds(m.firstToken[len(m.firstToken)*95/100])
	return r, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// firstArticles returns the first documents without their annotations: limit of
// them, or all if limit is 0.
func firstArticles(results iter.Seq2[document.Result, error], limit int) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		n := 0
		for r, err := range results {
			r.Entities, r.Relations = nil, nil
			if n++; !yield(r.Document, err) || n == limit {
				return
			}
		}
	}
}

// WriteMarkdown writes the result as a table.
func (r *Result) WriteMarkdown(w io.Writer) error {
	percent := func(part, whole int) float64 { return 100 * float64(part) / float64(max(whole, 1)) }
	tokensPerStep := float64(r.NewTokens) / float64(max(r.Steps, 1))
	_, err := fmt.Fprintf(w, "| documents | %d, %d failed |\n|---|---|\n", r.Documents, r.Failed)
	for _, row := range []struct{ name, value string }{
		{"time", fmt.Sprintf("%.2f s", r.Seconds)},
		{"documents a minute", fmt.Sprintf("%.1f", r.DocumentsMinute)},
		{"time to an answer's first token", fmt.Sprintf("median %.0f ms, 95 %% within %.0f ms", r.FirstTokenMedian, r.FirstToken95)},
		{"prompt tokens", fmt.Sprintf("%d, %.0f %% found in the prefix cache", r.PromptTokens, percent(r.CachedTokens, r.PromptTokens))},
		{"new tokens", fmt.Sprintf("%d, %.1f a second", r.NewTokens, r.NewTokensSecond)},
		{"drafts", fmt.Sprintf("%d tokens, %.0f %% accepted; %.2f tokens a step", r.DraftedTokens, percent(r.AcceptedTokens, r.DraftedTokens), tokensPerStep)},
		{"kernels", strings.TrimSuffix(r.Kernels+": "+r.Reason, ": ")},
	} {
		if err == nil {
			_, err = fmt.Fprintf(w, "| %s | %s |\n", row.name, row.value)
		}
	}
	return err
}
