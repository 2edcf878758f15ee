package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/eval"
	"github.com/medner/medner/ner/format"
)

// evalFlags are those of `medner eval` beside the extractor's.
type evalFlags struct {
	data, predictions, compare string
	report, calibrationOut     string
	save                       string
	asJSON, thresholds         bool
	resamples                  int
}

func newEval() *cobra.Command {
	var (
		f nerFlags
		e evalFlags
	)
	cmd := &cobra.Command{
		Use:  "eval --data FILE",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if e.predictions == "" && e.compare != "" {
				return usagef("--compare needs --predictions")
			}
			if e.predictions != "" && e.calibrationOut != "" {
				return usagef("--fit-calibration needs the model: leave --predictions out")
			}
			if e.predictions != "" && e.save != "" {
				return usagef("--save needs the model: leave --predictions out")
			}
			return evaluate(cmd, &f, &e)
		},
	}
	f.register(cmd)
	fs := cmd.Flags()
	fs.StringVar(&e.data, "data", "", "gold `FILE`")
	fs.StringVar(&e.predictions, "predictions", "", "score this `FILE` and run no model")
	fs.StringVar(&e.compare, "compare", "", "also score this `FILE` and test the difference (paired bootstrap)")
	fs.StringVar(&e.save, "save", "", "write what the model finds to this `FILE`, as JSON lines, for --predictions")
	fs.StringVar(&e.report, "report", "", "write an HTML `FILE` with the errors marked in their text")
	fs.StringVar(&e.calibrationOut, "fit-calibration", "", "fit confidences to the outcome and write them to this `FILE`")
	fs.BoolVar(&e.thresholds, "thresholds", false, "also score what is left above confidences of 0.1, 0.2, …, 0.9")
	fs.BoolVar(&e.asJSON, "json", false, "print one JSON object")
	fs.IntVar(&e.resamples, "resamples", eval.Resamples, "bootstrap resamples for intervals; 0: none")
	cobra.CheckErr(cmd.MarkFlagRequired("data"))
	return cmd
}

// evaluation is the JSON of `medner eval`.
type evaluation struct {
	*eval.Report
	// Calibration is that of the confidences as they are, or, where they were
	// fitted to the outcome, of fits that did not see the items.
	Calibration map[string]eval.Calibration `json:"calibration,omitempty"`
	CrossFitted bool                        `json:"calibration_cross_fitted,omitempty"`
	Thresholds  []eval.Threshold            `json:"thresholds,omitempty"`
	Differences []eval.Difference           `json:"differences,omitempty"`
}

func evaluate(cmd *cobra.Command, f *nerFlags, e *evalFlags) error {
	start := time.Now()
	seed, err := f.seed()
	if err != nil {
		return err
	}
	gold, err := readDocuments(cmd, e.data)
	if err != nil {
		return err
	}
	var (
		predicted []document.Document
		items     *itemLog
	)
	if e.predictions != "" {
		predicted, err = readPredictions(cmd, e.predictions)
	} else {
		items = &itemLog{}
		predicted, err = items.predict(cmd, f, gold, e.save)
	}
	if err != nil {
		return err
	}
	tasks, err := parseTasks(f.tasks)
	if err != nil {
		return err
	}
	o := eval.Options{Resamples: e.resamples, Seed: seed}
	if items != nil {
		o.Replies = items.replies
	}
	for _, t := range tasks {
		o.Tasks = append(o.Tasks, string(t))
	}
	out := evaluation{}
	if out.Report, err = eval.Evaluate(gold, predicted, o); err != nil {
		return err
	}
	out.Seconds = time.Since(start).Seconds()
	if out.CrossFitted = e.calibrationOut != ""; out.CrossFitted {
		out.Calibration, err = items.fit(gold, o, e.calibrationOut)
	} else {
		out.Calibration = map[string]eval.Calibration{}
		for task, graded := range eval.Confidences(gold, predicted) {
			out.Calibration[task] = eval.Calibrate(graded, o.Resamples)
		}
	}
	if err != nil {
		return err
	}
	if e.thresholds {
		if out.Thresholds, err = eval.Thresholds(gold, predicted, o); err != nil {
			return err
		}
	}
	if e.compare != "" {
		other, err := readPredictions(cmd, e.compare)
		if err != nil {
			return err
		}
		if out.Differences, err = eval.Compare(gold, predicted, other, o); err != nil {
			return err
		}
	}
	if e.report != "" {
		if err := writeReport(e.report, out, gold, predicted); err != nil {
			return err
		}
	}
	if e.asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(out)
	}
	return printEvaluation(cmd.OutOrStdout(), out)
}

// readDocuments reads a file of annotations that must be all readable.
func readDocuments(cmd *cobra.Command, path string) ([]document.Document, error) {
	var docs []document.Document
	for r, err := range format.Files([]string{path}, cmd.InOrStdin(), format.ReadOptions{}) {
		if err != nil {
			return nil, err
		}
		docs = append(docs, r.Document)
	}
	return docs, nil
}

// readPredictions reads a file of annotations to score. Results may repeat the
// completion of the prompt that they were made for, which is none of theirs; in
// the seed's own format it is the answer.
func readPredictions(cmd *cobra.Command, path string) ([]document.Document, error) {
	var docs []document.Document
	for r, err := range format.Files([]string{path}, cmd.InOrStdin(), format.ReadOptions{}) {
		if err != nil {
			return nil, err
		}
		if r.Model != (document.Model{}) {
			r.Completion = ""
		}
		docs = append(docs, r.Document)
	}
	return docs, nil
}

// itemLog gathers what the model wrote, for the measure of its confidences.
type itemLog struct {
	mu    sync.Mutex
	items []ner.Item
	// replies are what the items were read from.
	replies []eval.Reply
	key     confidence.Key
}

// predict annotates gold's articles, and writes the results to the file save,
// if one is named.
func (l *itemLog) predict(cmd *cobra.Command, f *nerFlags, gold []document.Document, save string) (docs []document.Document, err error) {
	out := io.Discard
	if save != "" {
		file, failed := atomicfile.Create(save)
		if failed != nil {
			return nil, failed
		}
		defer func() {
			if err == nil {
				err = file.Commit()
			} else {
				err = errors.Join(err, file.Discard())
			}
		}()
		out = file
	}
	saved, err := format.NewWriter(out, format.WriteOptions{Format: format.JSONL})
	if err != nil {
		return nil, err
	}
	extractor, err := f.extractor(cmd.Context(), cmd, ner.WithItems(func(it ner.Item) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.items = append(l.items, it)
	}), ner.WithReplies(func(r ner.Reply) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.replies = append(l.replies, eval.Reply{Document: r.Document, Task: string(r.Task), Prompt: r.Prompt, Text: r.Text})
	}))
	if err != nil {
		return nil, err
	}
	defer extractor.Close()
	l.key = extractor.Key()
	var failed []document.Document
	bare := slices.Clone(gold)
	for i := range bare {
		bare[i].Entities, bare[i].Relations, bare[i].Completion = nil, nil, ""
	}
	progress := newProgress(cmd.ErrOrStderr(), nil)
	defer progress.stop()
	for result, err := range extractor.Extract(cmd.Context(), bare...) {
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
		progress.Done(len(docs), len(failed))
	}
	slices.SortStableFunc(l.replies, func(a, b eval.Reply) int { // they came from several goroutines
		return cmp.Or(strings.Compare(a.Document, b.Document), strings.Compare(a.Task, b.Task), strings.Compare(a.Prompt, b.Prompt))
	})
	return append(docs, failed...), saved.Close()
}

// fit writes a calibration fitted on all items to path, and measures fits of
// its kind by cross-fitting.
func (l *itemLog) fit(gold []document.Document, o eval.Options, path string) (map[string]eval.Calibration, error) {
	graders := map[string]*eval.Grader{}
	for i := range gold {
		graders[gold[i].ID] = eval.NewGrader(&gold[i])
	}
	samples := map[string][]confidence.Sample{}
	slices.SortStableFunc(l.items, func(a, b ner.Item) int { // they came from several goroutines
		return strings.Compare(a.Document+"\x00"+string(a.Task)+"\x00"+a.Text+a.Chemical+"\x00"+a.Disease, b.Document+"\x00"+string(b.Task)+"\x00"+b.Text+b.Chemical+"\x00"+b.Disease)
	})
	for _, it := range l.items {
		g := graders[it.Document]
		if g == nil || !it.Grounded {
			continue
		}
		correct := false
		if it.Chemical != "" || it.Disease != "" {
			correct = g.Pair(it.Chemical, it.Disease)
		} else {
			correct = g.Mention(string(it.Task), it.Text)
		}
		samples[string(it.Task)] = append(samples[string(it.Task)], confidence.Sample{Features: it.Features, Correct: correct, Group: it.Document})
	}
	measured := map[string]eval.Calibration{}
	fit := confidence.Calibration{Schema: confidence.Schema, Key: l.key, Data: fmt.Sprintf("%d documents", len(gold)), Tasks: map[string]*confidence.Curve{}}
	for task, s := range samples {
		var graded []eval.Graded
		for i, p := range confidence.CrossFit(s, 10) {
			graded = append(graded, eval.Graded{Document: s[i].Group, Confidence: p, Correct: s[i].Correct})
		}
		measured[task] = eval.Calibrate(graded, o.Resamples)
		fit.Tasks[task] = confidence.Fit(s)
	}
	data, err := fit.Marshal()
	if err != nil {
		return nil, err
	}
	return measured, atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

func writeReport(path string, out evaluation, gold, predicted []document.Document) error {
	page := eval.Page{Title: "medner eval", Notice: notice, Report: out.Report, Calibration: out.Calibration, CrossFitted: out.CrossFitted, Gold: gold, Predicted: predicted}
	return atomicfile.Write(path, func(w io.Writer) error { return eval.WriteHTML(w, page) })
}
