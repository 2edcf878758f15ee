package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/medner/medner/cmd/medner/internal/evaluation"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/eval"
	"github.com/medner/medner/ner/format"
)

// evalFlags are the flags of `medner eval` beside the extractor's.
type evalFlags struct {
	data, predictions, compare string
	report, calibrationOut     string
	save                       string
	asJSON, thresholds         bool
	resamples                  int
	types                      []string
}

func newEval() *cobra.Command {
	var (
		f nerFlags
		e evalFlags
	)
	cmd := &cobra.Command{
		Use:  "eval --data FILE",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if e.predictions == "" && e.compare != "" {
				return usagef("--compare %s: expected --predictions FILE beside it", e.compare)
			}
			if e.predictions != "" && e.calibrationOut != "" {
				return usagef("--fit-calibration %s: expected no --predictions, as the model is needed", e.calibrationOut)
			}
			if e.predictions != "" && e.save != "" {
				return usagef("--save %s: expected no --predictions, as they are saved already", e.save)
			}
			if e.predictions != "" {
				idlePredictions(cmd)
			}
			return evaluate(cmd, &f, &e)
		},
	}
	f.register(cmd)
	fs := cmd.Flags()
	fs.StringVar(&e.data, "data", "", "`FILE` with the gold annotations")
	fs.StringVar(&e.predictions, "predictions", "", "score the annotations in this `FILE`, and run no model")
	fs.StringVar(&e.compare, "compare", "", "also score the predictions in this `FILE`, and test the difference (paired bootstrap)")
	fs.StringVar(&e.save, "save", "", "write the results to this `FILE`, as JSON lines, which --predictions can read")
	fs.StringVar(&e.report, "report", "", "write an HTML `FILE` with the errors marked in their text")
	fs.StringVar(&e.calibrationOut, "fit-calibration", "", "fit a calibration of the confidences to the outcome, and write it to this `FILE`")
	fs.BoolVar(&e.thresholds, "thresholds", false, "also score the items above a confidence of 0.1, of 0.2, …, of 0.9")
	fs.BoolVar(&e.asJSON, "json", false, "print one JSON object")
	intFlag(fs, &e.resamples, "resamples", eval.Resamples, 0, eval.MaxResamples, "bootstrap resamples for the intervals; 0: no intervals")
	fs.StringArrayVar(&e.types, "map", nil, "score mentions of a type as `TYPE=Chemical|Disease`, or TYPE=none: leave them out; may be repeated (the types of well-known corpora are known)")
	cobra.CheckErr(cmd.MarkFlagRequired("data"))
	return cmd
}

func evaluate(cmd *cobra.Command, f *nerFlags, e *evalFlags) error {
	o := evaluation.Options{Started: time.Now(), Thresholds: e.thresholds, Fit: e.calibrationOut != ""}
	o.Resamples = e.resamples
	var err error
	if o.Seed, err = f.seed(); err != nil {
		return err
	}
	if o.Types, err = eval.NewTypeMap(e.types...); err != nil {
		return usagef("--map: %w", err)
	}
	if err := e.apart(f); err != nil {
		return err
	}
	for _, t := range parseTasks(f.tasks) {
		o.Tasks = append(o.Tasks, string(t))
	}
	if o.Gold, err = readDocuments(cmd, e.data); err != nil {
		return err
	}
	if e.predictions != "" {
		o.Predicted, err = readPredictions(cmd, e.predictions)
	} else {
		o.Observed = &evaluation.Observed{}
		o.Predicted, err = predict(cmd, f, &o, e.save)
	}
	if err != nil {
		return err
	}
	if e.compare != "" {
		if o.Compare, err = readPredictions(cmd, e.compare); err != nil {
			return err
		}
	}
	result, err := evaluation.Run(cmd.Context(), o)
	if err != nil {
		return err
	}
	if err := writeFiles(e, result); err != nil {
		return err
	}
	if e.asJSON {
		for _, warning := range result.Warnings {
			fmt.Fprintf(cmd.ErrOrStderr(), "medner: warning: %s\n", warning)
		}
		return json.NewEncoder(cmd.OutOrStdout()).Encode(result)
	}
	return result.Print(cmd.OutOrStdout(), notice)
}

// apart returns an error of usage if a file to write is one that is read, or lies
// in a folder that is read. A calibration may be written beside the adapter or the
// model that it is for, under a name that it is found by.
func (e *evalFlags) apart(f *nerFlags) error {
	read := []string{e.data, e.predictions, e.compare}
	if streams := slices.DeleteFunc(slices.Clone(read), func(path string) bool { return path != "-" }); len(streams) > 1 {
		return usagef("found %d files called -, expected one at most, as standard input can be read once", len(streams))
	}
	e.save, e.report, e.calibrationOut = outputPath(e.save), outputPath(e.report), outputPath(e.calibrationOut)
	for flag, path := range map[string]string{"save": e.save, "report": e.report, "fit-calibration": e.calibrationOut} {
		if path == standardOutput {
			return usagef("--%s -: expected a file, as standard output has the scores", flag)
		}
	}
	if err := apart([]string{e.save, e.report, e.calibrationOut}, read); err != nil {
		return err
	}
	outputs := []string{e.save, e.report}
	for _, path := range append(outputs, e.calibrationOut) {
		if err := atomicfile.Ready(path); err != nil {
			return err
		}
	}
	if beside, _ := filepath.Match(ner.CalibrationFiles, filepath.Base(e.calibrationOut)); !beside {
		outputs = append(outputs, e.calibrationOut)
	}
	if err := apart(outputs, f.inputs()); err != nil {
		return err
	}
	return apart([]string{e.calibrationOut}, []string{f.calibration, f.prompt, f.profile, f.terminology})
}

// predict has the model annotate the gold documents, and writes the results to
// the file that save names, if it names one.
func predict(cmd *cobra.Command, f *nerFlags, o *evaluation.Options, save string) (predicted []document.Document, err error) {
	run := func(out io.Writer) error {
		saved, err := format.NewWriter(out, format.WriteOptions{Format: format.JSONL})
		if err != nil {
			return err
		}
		extractor, err := f.extractor(cmd.Context(), cmd, o.Observed.Options()...)
		if err != nil {
			return err
		}
		defer extractor.Close()
		progress := newProgress(cmd.ErrOrStderr(), nil)
		defer progress.stop()
		if predicted, err = o.Observed.Predict(cmd.Context(), extractor, o.Gold, saved, progress); err != nil {
			return err
		}
		return saved.Close()
	}
	if save == "" {
		err = run(io.Discard)
	} else {
		err = writePacked(save, run)
	}
	return predicted, err
}

// writeFiles writes the calibration and the report that were asked for.
func writeFiles(e *evalFlags, result *evaluation.Evaluation) error {
	if result.Fitted != nil {
		data, err := result.Fitted.Marshal()
		if err != nil {
			return err
		}
		err = atomicfile.Write(e.calibrationOut, func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		})
		if err != nil {
			return err
		}
	}
	if e.report == "" {
		return nil
	}
	page := eval.Page{
		Title: "medner eval", Notice: notice, Report: result.Report, Calibration: result.Calibration, CrossFitted: result.CrossFitted,
		Gold: result.Gold, Predicted: result.Predicted,
	}
	return atomicfile.Write(e.report, func(w io.Writer) error { return eval.WriteHTML(w, page) })
}

// readDocuments reads a file all of whose documents must be readable.
func readDocuments(cmd *cobra.Command, path string) ([]document.Document, error) {
	var docs []document.Document
	var tally format.Tally
	defer printTally(cmd, &tally)
	for r, err := range format.Files([]string{path}, cmd.InOrStdin(), format.ReadOptions{Warn: tally.Add}) {
		if err != nil {
			return nil, err
		}
		docs = append(docs, r.Document)
	}
	return docs, nil
}

// readPredictions reads a file of annotations to score. In the model card's
// format a completion is the answer to score. In a result of medner ner it is the
// gold answer, repeated from the input, and is left out.
func readPredictions(cmd *cobra.Command, path string) ([]document.Document, error) {
	docs := []document.Document{} // nil would mean that there is no such file
	var tally format.Tally
	defer printTally(cmd, &tally)
	for r, err := range format.Files([]string{path}, cmd.InOrStdin(), format.ReadOptions{Warn: tally.Add}) {
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

// printTally prints what readers and writers changed or left out, each kind once.
func printTally(cmd *cobra.Command, tally *format.Tally) {
	for _, line := range tally.Lines() {
		fmt.Fprintf(cmd.ErrOrStderr(), "medner: %s\n", printable(line))
	}
}
