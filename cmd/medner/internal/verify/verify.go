// Package verify compares the engine with reference vectors that transformers,
// peft, bitsandbytes and tokenizers wrote: what `medner verify` runs.
//
// A folder holds what testdata/goldens holds, or part of it: tokenizer/*.json,
// chat.json, nf4/*.safetensors, adapters/*/merged-expected.safetensors,
// logits.safetensors and generations.json, or what testdata/goldens-tags holds,
// classifications.json and scores.safetensors, with the models beside them.
package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model"
)

// Logits agree within LogitTolerance absolutely or, where they are so large
// that float32 sums in torch's own order are further than that from the exact
// ones, within RelativeTolerance of the prompt's largest; merged tensors agree
// within MergeTolerance absolutely.
const (
	LogitTolerance    = 2e-4
	RelativeTolerance = 7e-6
	MergeTolerance    = 1e-6
)

// Outcome of a check.
type Outcome uint8

// A check holds, fails, or could not be made.
const (
	Equal Outcome = iota
	Different
	Skipped
)

// Check is one comparison.
type Check struct {
	Name    string
	Outcome Outcome
	Detail  string // what differs, or why it was skipped
}

// Summary counts checks.
type Summary struct {
	Total, Equal, Skipped int
	Reasons               []string // of what was skipped, each once
	MaxLogitError         float64  // over all prompts
	MaxScoreError         float64  // of a label's score, over all texts
}

// Failed says whether anything differed.
func (s Summary) Failed() bool { return s.Equal+s.Skipped < s.Total }

// run is one pass over a folder.
type run struct {
	ctx     context.Context
	dir     string
	options model.Options
	report  func(Check)
	summary Summary
	reasons map[string]bool
}

// Run makes every check that dir holds vectors for, and reports each.
func Run(ctx context.Context, dir string, o model.Options, report func(Check)) (Summary, error) {
	if info, err := os.Stat(dir); err != nil {
		return Summary{}, badinput.Wrap(dir, "", err)
	} else if !info.IsDir() {
		return Summary{}, badinput.New(dir, "", "a file", "a folder of reference vectors")
	}
	r := &run{ctx: ctx, dir: dir, options: o, report: report, reasons: map[string]bool{}}
	for _, part := range []func() error{r.tokenizers, r.chats, r.fourBit, r.merges, r.models, r.classifications} {
		if err := part(); err != nil {
			return r.summary, err
		}
	}
	if r.summary.Total == 0 {
		return r.summary, badinput.New(dir, "", "no reference vectors", "tokenizer/, chat.json, nf4/, logits.safetensors, generations.json or classifications.json")
	}
	return r.summary, nil
}

func (r *run) path(elem ...string) string { return filepath.Join(append([]string{r.dir}, elem...)...) }

func (r *run) exists(elem ...string) bool {
	_, err := os.Stat(r.path(elem...))
	return err == nil
}

func (r *run) done(c Check) {
	r.summary.Total++
	switch c.Outcome {
	case Equal:
		r.summary.Equal++
	case Skipped:
		r.summary.Skipped++
		if !r.reasons[c.Detail] {
			r.reasons[c.Detail] = true
			r.summary.Reasons = append(r.summary.Reasons, c.Detail)
		}
	}
	r.report(c)
}

func (r *run) equal(name string)               { r.done(Check{name, Equal, ""}) }
func (r *run) skip(name, why string)           { r.done(Check{name, Skipped, why}) }
func (r *run) differ(name, f string, a ...any) { r.done(Check{name, Different, fmt.Sprintf(f, a...)}) }

// verdict reports difference, where it isn't empty.
func (r *run) verdict(name, difference string) {
	if difference == "" {
		r.equal(name)
	} else {
		r.differ(name, "%s", difference)
	}
}

// refused tells what this engine says it can't run from what is broken.
func refused(err error) bool {
	var bad *badinput.Error
	return errors.As(err, &bad) && strings.Contains(bad.Field, "quant_method")
}
