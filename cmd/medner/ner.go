package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/bundle"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/internal/job"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/format"
	"github.com/medner/medner/ner/terminology"
)

// nerOutput holds the flags that say what is read and where annotations go.
type nerOutput struct {
	format, input, path string
	resume, text        bool
	dedup               bool // of ner
	lenient             bool // of convert
}

func newNER() *cobra.Command {
	var (
		f nerFlags
		o nerOutput
	)
	cmd := &cobra.Command{
		Use: "ner [FILES…|-]",
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := filesOrInput(cmd, args)
			if err != nil {
				return err
			}
			o.path = outputPath(o.path)
			out, err := o.formatByEnding(cmd, "format", format.Text)
			if err != nil {
				return err
			}
			idleText(cmd, out)
			return annotate(cmd, &f, &o, out, args)
		},
	}
	f.register(cmd)
	fs := cmd.Flags()
	choose(fs, &o.format, "format", "", format.Outputs(), "`FORMAT` of the output: "+join(format.Outputs())+" (default: by the ending of --out, else text)")
	choose(fs, &o.input, "input-format", "", format.Inputs(), "`FORMAT` of the input: "+join(format.Inputs())+" (default: found out)")
	fs.StringVarP(&o.path, "out", "o", "-", "`FILE` to write (-: standard output)")
	fs.BoolVar(&o.resume, "resume", false, "go on where an interrupted run with --out FILE stopped")
	fs.BoolVar(&o.text, "with-text", false, "write the articles' texts into JSON too")
	dedupFlag(fs, &o.dedup)
	alias(fs, map[string]string{"to": "format", "from": "input-format"}) // their names in `medner convert`
	return cmd
}

// annotate runs the job that the flags describe.
func annotate(cmd *cobra.Command, f *nerFlags, o *nerOutput, out format.Format, paths []string) error {
	ctx := cmd.Context()
	ro := format.ReadOptions{Annotations: format.TextOnly}
	ro.Format = format.Format(o.input)
	if _, err := f.extractorOptions(cmd); err != nil { // before any input is read
		return err
	}
	output := o.output(cmd, out)
	if err := output.Check(); err != nil {
		return outputUsage(err)
	}
	if err := apart(append(job.Beside(output.Path), o.path), paths, f.inputs()); err != nil {
		return err
	}
	if !format.InFolder(out, output.Path) {
		if err := atomicfile.Ready(output.Path); err != nil {
			return err
		}
	}
	var more []ner.Option
	carried, err := bundle.Own()
	if err != nil {
		return err
	}
	if carried != nil && f.terminology == "" {
		f.terminology = carried.Terminology
	}
	if f.terminology != "" {
		index, err := terminology.Open(f.terminology)
		if err != nil {
			return err
		}
		defer index.Close()
		more = append(more, ner.WithTerminology(index))
	}
	var tally format.Tally
	progress := newProgress(cmd.ErrOrStderr(), paths)
	defer progress.stop()
	ro.Warn, ro.Progress = tally.Add, progress.read
	// Files in which there is nothing to read are refused before the model is opened.
	docs, failed, stop := firstDocument(format.Files(paths, cmd.InOrStdin(), ro))
	defer stop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, err := range failed {
		progress.Failed(err)
	}
	if len(failed) > 0 {
		return silentError{exitCode(failed[len(failed)-1])}
	}
	extractor, err := f.extractor(ctx, cmd, more...)
	if err != nil {
		return err
	}
	defer extractor.Close()
	output.Settings = settings(cmd, extractor)
	annotator, reportRepeated := deduped(extractor, o.dedup)
	report, err := job.Run(ctx, job.Options{Extractor: annotator, Documents: docs, Output: output, Progress: progress})
	progress.stop()
	if err != nil {
		if report.Resumable && ctx.Err() != nil {
			return hint.Add(err, fmt.Sprintf("%d documents are done; the same command with --resume goes on", report.Documents))
		}
		return err
	}
	if report.Resumed > 0 && report.Documents == report.Resumed {
		fmt.Fprintf(cmd.ErrOrStderr(), "medner: %s is complete: nothing to resume\n", o.path)
	}
	printTally(cmd, &tally)
	reportRepeated(cmd.ErrOrStderr())
	switch {
	case report.Failed == 0:
		return nil
	case report.Failed == report.Documents && report.LastError != nil:
		return silentError{exitCode(report.LastError)} // the error has been printed
	}
	return partialError{report.Failed, report.Documents}
}

// output returns where the flags want results; --out - is standard output.
func (o *nerOutput) output(cmd *cobra.Command, out format.Format) job.Output {
	output := job.Output{
		Path: o.path, Stream: cmd.OutOrStdout(), Resume: o.resume,
		Write: format.WriteOptions{Format: out, Text: o.text},
	}
	if o.path == "-" {
		output.Path = ""
		output.Write.Color = colorful(cmd.OutOrStdout())
	}
	return output
}

// outputUsage returns an error of usage in terms of the flags.
func outputUsage(err error) error {
	var wrong *job.OutputError
	if !errors.As(err, &wrong) {
		return err
	}
	flag := map[string]string{"path": "out", "resume": "resume"}[wrong.Part]
	return usagef("--%s: %s", flag, wrong.Problem)
}

// settings returns all that the results of a run depend on beside its documents.
// Flags that can't change them are left out, so that a run may be resumed with
// more threads, for example.
func settings(cmd *cobra.Command, e *ner.Extractor) map[string]string {
	s := map[string]string{"model": fmt.Sprintf("%+v", e.Key())}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		switch flag.Name {
		case "resume", "threads", "batch", "draft", "prefill-chunk", "prefix-cache", "out", "dedup":
			return
		}
		value := flag.Value.String()
		// A file of prompts, for example, must not have changed.
		if info, err := os.Stat(value); err == nil && info.Mode().IsRegular() {
			value += fmt.Sprintf(", %d bytes of %s", info.Size(), info.ModTime().UTC().Format(time.RFC3339Nano))
		}
		s["--"+flag.Name] = value
	})
	return s
}
