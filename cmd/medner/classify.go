package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/classification"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/bundle"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/labels"
	"github.com/medner/medner/internal/version"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// classifyFlags are the flags of `medner classify`.
type classifyFlags struct {
	modelFlags
	labels, aggregation, scores string
	prompt                      string
	input, out                  string
}

// The values of --aggregation, named as transformers' pipeline does.
const (
	aggregateSimple = "simple"
	aggregateNone   = "none"
)

func newClassify() *cobra.Command {
	var f classifyFlags
	cmd := &cobra.Command{
		Use: "classify [FILES…|-]",
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := filesOrInput(cmd, args)
			if err != nil {
				return err
			}
			return f.run(cmd, args)
		},
	}
	f.register(cmd)
	cobra.CheckErr(cmd.Flags().MarkHidden("draft"))
	fs := cmd.Flags()
	fs.StringVar(&f.labels, "labels", "", "the head's `LABELS` by class, comma-separated or in a JSON file (default: those that config.json or the adapter's folder name)")
	choose(fs, &f.aggregation, "aggregation", aggregateSimple, []string{aggregateSimple, aggregateNone}, "print spans of tokens that belong together, or tokens that are labelled: `simple|none`")
	choose(fs, &f.scores, "scores", classification.NoScores, []classification.Scores{classification.NoScores, classification.Probabilities, classification.Raw}, "print every token with the scores of all labels, as probabilities or as the head gives them: `none|softmax|raw`")
	fs.StringVar(&f.prompt, "prompt", "", "read each text in a `PROMPT` with \"tags\", article-first or a file, and label the copy (default: none, but article-first for the default model)")
	choose(fs, &f.input, "input-format", "", format.Inputs(), "`FORMAT` of the input: "+join(format.Inputs())+" (default: found out)")
	alias(fs, map[string]string{"from": "input-format"}) // its name in `medner convert`
	fs.StringVarP(&f.out, "out", "o", "-", "`FILE` to write (-: standard output)")
	return cmd
}

// run classifies the documents of some files.
func (f *classifyFlags) run(cmd *cobra.Command, paths []string) error {
	ro := format.ReadOptions{Annotations: format.TextOnly, Format: format.Format(f.input)}
	f.out = outputPath(f.out)
	if err := apart([]string{f.out}, paths, f.inputs(), []string{f.labels}); err != nil {
		return err
	}
	if f.out != standardOutput {
		if err := atomicfile.Ready(f.out); err != nil {
			return err
		}
	}
	m, c, err := f.classifier(cmd)
	if err != nil {
		return err
	}
	defer m.Close()
	var tally format.Tally
	progress := newProgress(cmd.ErrOrStderr(), paths)
	defer progress.stop()
	ro.Warn, ro.Progress = tally.Add, progress.read
	var report error
	write := func(w io.Writer) error {
		report, err = classifyAll(cmd.Context(), c, format.Files(paths, cmd.InOrStdin(), ro), w, progress)
		if all := (silentError{}); err == nil && errors.As(report, &all) {
			return report // without a result, a file that was there stays
		}
		return err
	}
	if f.out == "-" {
		err = write(cmd.OutOrStdout())
	} else {
		err = writePacked(f.out, write)
	}
	progress.stop()
	printTally(cmd, &tally)
	if err != nil {
		return err
	}
	return report
}

// classifier opens the model that the flags name, with its labels.
func (f *classifyFlags) classifier(cmd *cobra.Command) (*model.Model, *classification.Classifier, error) {
	if f.path == "" && len(f.adapters) == 0 && f.prompt == "" {
		carried, err := bundle.Own()
		if err != nil {
			return nil, nil, err
		}
		if carried == nil {
			f.prompt = "article-first"
		}
	}
	if err := f.locate(); err != nil {
		return nil, nil, err
	}
	o := f.options(cmd)
	var err error
	if o.Labels, err = parseLabels(f.labels); err != nil {
		return nil, nil, err
	}
	m, err := model.Open(cmd.Context(), f.path, o)
	if err != nil {
		return nil, nil, err
	}
	c := &classification.Classifier{Model: m, Simple: f.aggregation == aggregateSimple, Scores: classification.Scores(f.scores)}
	c.Adapter, c.Labels, err = labelled(m)
	if err == nil {
		c.Tokenizer, err = m.Text().Tokenizer()
	}
	if err == nil && f.prompt != "" {
		c.Prompted, err = ner.New(m, ner.WithPrompt(f.prompt), ner.WithMethod(ner.Tag), ner.WithAdapter(c.Adapter), ner.WithPatience(true))
	}
	if err != nil {
		return nil, nil, errors.Join(err, m.Close())
	}
	c.About = classification.Model{
		Name: f.path, Adapter: c.Adapter, Weights: f.weights, Precision: f.precision, Engine: version.String(),
	}
	if c.Adapter == model.Base {
		c.About.Adapter = ""
	}
	return m, c, nil
}

// labelled returns the first adapter with a token classification head, or the base if
// there are no adapters, and the labels of the head.
func labelled(m *model.Model) (adapter string, names []string, err error) {
	adapters, _ := m.Adapters()
	if len(adapters) == 0 {
		adapters = []string{model.Base}
	}
	for _, adapter := range adapters {
		names, failed := m.Labels(adapter)
		if failed == nil {
			return adapter, names, nil
		}
		if err == nil {
			err = failed
		}
	}
	return "", nil, err
}

// parseLabels reads the value of --labels: a JSON file, or names between commas.
func parseLabels(value string) ([]string, error) {
	if value == "" {
		return nil, nil
	}
	if _, err := os.Stat(value); err != nil && !strings.HasSuffix(value, ".json") {
		names := strings.Split(value, ",")
		for i := range names {
			names[i] = strings.TrimSpace(names[i])
		}
		if err := labels.Check("", "labels", names); err != nil {
			return nil, usageError{fmt.Errorf("--labels %q: %w", value, err)}
		}
		return names, nil
	}
	data, err := files.Read(value, maxInput, "a list of labels")
	if err != nil {
		return nil, err
	}
	return labels.Parse(value, data)
}

// underWay is how many documents are classified at once. The model batches them.
const underWay = 32

// classified is a document on its way: done receives once result or err is there.
type classified struct {
	result *classification.Result
	err    error
	done   chan struct{}
}

// classifyAll classifies documents, many at a time, and writes a line of JSON for each,
// in their order. A document that can't be read or classified is reported, and the
// others go on: report is then the error to end with. err says what ended the run early.
func classifyAll(ctx context.Context, c *classification.Classifier, docs iter.Seq2[document.Result, error], w io.Writer, p *progress) (report, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan *classified, underWay)
	go func() {
		defer close(queue)
		for d, err := range docs {
			next := &classified{err: err, done: make(chan struct{})}
			select {
			case queue <- next:
			case <-ctx.Done():
				return
			}
			if err != nil {
				close(next.done)
				continue
			}
			go func() {
				defer close(next.done)
				if next.result, next.err = c.Classify(ctx, &d.Document); next.err != nil {
					next.err = fmt.Errorf("%s: %w", d.ID, next.err)
				}
			}()
		}
	}()
	encode := json.NewEncoder(w)
	encode.SetEscapeHTML(false)
	var total, failed int
	var last error
	for d := next(ctx, queue); d != nil; d = next(ctx, queue) {
		total++
		if d.err != nil {
			failed, last = failed+1, d.err
			p.Failed(d.err)
		} else if err := encode.Encode(d.result); err != nil {
			return nil, err
		}
		p.Done(total, failed)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch failed {
	case 0:
		return nil, nil
	case total:
		return silentError{exitCode(last)}, nil // the error has been printed
	}
	return partialError{failed, total}, nil
}

// next returns the next document once it is classified; nil after the last one, and
// when ctx ends.
func next(ctx context.Context, queue <-chan *classified) *classified {
	select {
	case d := <-queue:
		if d == nil {
			return nil
		}
		select {
		case <-d.done:
			return d
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
	return nil
}
