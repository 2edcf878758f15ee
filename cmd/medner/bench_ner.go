package main

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// nerBench is the JSON of `medner bench ner`.
type nerBench struct {
	Kernels         string  `json:"kernels,omitempty"` // of the processor, where it computes
	Reason          string  `json:"kernels_reason,omitempty"`
	Documents       int     `json:"documents"`
	Failed          int     `json:"failed"`
	Questions       int     `json:"questions"` // one per document, task and piece
	Seconds         float64 `json:"seconds"`
	DocumentsMinute float64 `json:"documents_per_minute"`
	// From a question's asking to its answer's first token.
	FirstTokenMedian float64 `json:"first_token_ms_median"`
	FirstToken95     float64 `json:"first_token_ms_95"`
	PromptTokens     int     `json:"prompt_tokens"`
	CachedTokens     int     `json:"cached_tokens"` // of those, found in the prefix cache
	NewTokens        int     `json:"new_tokens"`
	NewTokensSecond  float64 `json:"new_tokens_per_second"`
	DraftedTokens    int     `json:"drafted_tokens"`
	AcceptedTokens   int     `json:"accepted_tokens"`
	Steps            int     `json:"steps"` // of single answers

	first []time.Duration
	lock  sync.Mutex
}

func newBenchNER() *cobra.Command {
	var (
		f      nerFlags
		output string
		limit  int
	)
	cmd := &cobra.Command{
		Use:  "ner FILES…|-",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("output", output, "md", "json"); err != nil {
				return err
			}
			if limit < 0 {
				return usagef("--limit %d: expected 0 or more", limit)
			}
			var b nerBench
			if err := b.run(cmd, &f, args, limit); err != nil {
				return err
			}
			if output == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(&b)
			}
			return b.print(cmd.OutOrStdout())
		},
	}
	f.register(cmd)
	cmd.Flags().IntVar(&limit, "limit", 0, "documents at most; 0: all")
	cmd.Flags().StringVarP(&output, "output", "o", "md", "`md|json`")
	return cmd
}

func (b *nerBench) run(cmd *cobra.Command, f *nerFlags, inputs []string, limit int) error {
	ctx := cmd.Context()
	extractor, err := f.extractor(ctx, cmd, ner.WithAnswers(b.count))
	if err != nil {
		return err
	}
	defer extractor.Close()
	if f.device == "cpu" {
		b.Kernels, b.Reason = kernels.Selected()
	}
	start := time.Now()
	for _, err := range extractor.Stream(ctx, firstArticles(format.Files(inputs, cmd.InOrStdin(), format.ReadOptions{}), limit)) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		b.Documents++
		if err != nil {
			b.Failed++
			fmt.Fprintf(cmd.ErrOrStderr(), "medner: %v\n", err)
		}
	}
	b.Seconds = time.Since(start).Seconds()
	if len(b.first) == 0 {
		return badinput.New(inputs[0], "", "nothing to ask about", "documents")
	}
	b.DocumentsMinute = 60 * float64(b.Documents-b.Failed) / b.Seconds
	b.NewTokensSecond = float64(b.NewTokens) / b.Seconds
	slices.Sort(b.first)
	b.FirstTokenMedian = milliseconds(b.first[len(b.first)/2])
	b.FirstToken95 = milliseconds(b.first[len(b.first)*95/100])
	return nil
}

// count adds an answer; answers come from many goroutines.
func (b *nerBench) count(r *model.Result) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.Questions++
	b.first = append(b.first, r.Timings.Queued+r.Timings.Prefill)
	b.PromptTokens += r.PromptTokens
	b.CachedTokens += r.Timings.CachedTokens
	b.NewTokens += len(r.Tokens)
	b.DraftedTokens += r.Timings.DraftedTokens
	b.AcceptedTokens += r.Timings.AcceptedTokens
	b.Steps += r.Timings.Steps
}

// firstArticles strips what input files say of their documents, and ends
// after limit of them, if that is not 0.
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

func (b *nerBench) print(w io.Writer) error {
	share := func(part, whole int) float64 { return 100 * float64(part) / float64(max(whole, 1)) }
	for _, row := range []struct{ name, value string }{
		{"documents", fmt.Sprintf("%d, %d failed", b.Documents, b.Failed)},
		{"time", fmt.Sprintf("%.2f s", b.Seconds)},
		{"documents a minute", fmt.Sprintf("%.1f", b.DocumentsMinute)},
		{"time to an answer's first token", fmt.Sprintf("median %.0f ms, 95 %% within %.0f ms", b.FirstTokenMedian, b.FirstToken95)},
		{"prompt tokens", fmt.Sprintf("%d, %.0f %% found in the prefix cache", b.PromptTokens, share(b.CachedTokens, b.PromptTokens))},
		{"new tokens", fmt.Sprintf("%d, %.1f a second", b.NewTokens, b.NewTokensSecond)},
		{"drafts", fmt.Sprintf("%d tokens, %.0f %% accepted; %.2f tokens a step", b.DraftedTokens, share(b.AcceptedTokens, b.DraftedTokens), float64(b.NewTokens)/float64(max(b.Steps, 1)))},
		{"kernels", strings.TrimSuffix(b.Kernels+": "+b.Reason, ": ")},
	} {
		if _, err := fmt.Fprintf(w, "| %s | %s |\n", row.name, row.value); err != nil {
			return err
		}
		if row.name == "documents" {
			if _, err := fmt.Fprintln(w, "|---|---|"); err != nil {
				return err
			}
		}
	}
	return nil
}
