package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medner/medner/internal/bundle"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
	"github.com/medner/medner/ner/terminology"
)

// nerOutput are the flags that say where annotations go.
type nerOutput struct {
	format, input, path string
	resume, text        bool
}

func newNER() *cobra.Command {
	var (
		f nerFlags
		o nerOutput
	)
	cmd := &cobra.Command{
		Use:   "ner [FILES…|-]",
		Short: "Extract chemicals, diseases and influences from documents",
		Long: "Extract chemicals, diseases and chemical-disease influences from text, JSON\nlines, PubTator, BioC, brat, PubMed XML or MEDLINE, and print them.\n\n" +
			notice,
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := format.ParseOutput(o.format)
			if err != nil {
				return usageError{err}
			}
			if o.resume && o.path == "-" {
				return usagef("--resume needs --out FILE")
			}
			if len(args) == 0 {
				args = []string{"-"}
			}
			return annotate(cmd, &f, &o, out, args)
		},
	}
	f.register(cmd)
	fs := cmd.Flags()
	fs.StringVar(&o.format, "format", string(format.Text), "output: `text|json|jsonl|tsv|pubtator|bioc-xml|bioc-json|brat|html|displacy`")
	fs.StringVar(&o.input, "input-format", "", "`FORMAT` of the input (default: found out)")
	fs.StringVarP(&o.path, "out", "o", "-", "`FILE` to write (-: standard output)")
	fs.BoolVar(&o.resume, "resume", false, "go on where an interrupted run with --out stopped")
	fs.BoolVar(&o.text, "with-text", false, "JSON output carries the articles' texts too")
	return cmd
}

// resumable are the formats to which documents can be appended one by one.
var resumable = []string{string(format.JSONL), string(format.TSV), string(format.PubTator), string(format.Text), string(format.DisplaCy)}

func annotate(cmd *cobra.Command, f *nerFlags, o *nerOutput, out format.Format, paths []string) error {
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	ro := format.ReadOptions{}
	if o.input != "" {
		in, err := format.ParseInput(o.input)
		if err != nil {
			return usageError{err}
		}
		ro.Format = in
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
	extractor, err := f.extractor(ctx, cmd, more...)
	if err != nil {
		return err
	}
	defer extractor.Close()
	w, err := o.open(cmd, out, job(cmd, extractor))
	if err != nil {
		return err
	}
	defer w.abandon()

	var tally format.Tally
	ro.Warn = tally.Add
	progress := newProgress(cmd.ErrOrStderr(), paths)
	ro.Progress = progress.read
	defer progress.stop()
	in := inputs{done: w.done()}
	total, failed := len(in.done), w.failedBefore()
	var last error
	var other changedError
	for result, err := range extractor.Stream(ctx, in.documents(format.Files(paths, cmd.InOrStdin(), ro))) {
		if ctx.Err() != nil {
			return w.interrupted(ctx.Err(), total)
		}
		if errors.As(err, &other) {
			return err
		}
		total++
		if err != nil {
			failed++
			last = err
			progress.print(fmt.Sprintf("medner: %v", err))
		}
		if err := w.write(result, in.next(), err != nil); err != nil {
			return err
		}
		progress.done(total, failed)
	}
	if ctx.Err() != nil {
		return w.interrupted(ctx.Err(), total)
	}
	progress.stop()
	if err := w.close(); err != nil {
		return err
	}
	if done := len(in.done); done > 0 && total == done {
		fmt.Fprintf(cmd.ErrOrStderr(), "medner: %s is complete: nothing to resume\n", o.path)
	}
	for _, line := range tally.Lines() {
		fmt.Fprintf(cmd.ErrOrStderr(), "medner: %s\n", line)
	}
	switch {
	case failed == 0:
		return nil
	case failed == total && last != nil:
		return silentError{exitCode(last)} // which has been printed
	}
	return partialError{failed, total}
}

// job identifies a run but for its inputs, part by part: another model or
// setting is another job.
func job(cmd *cobra.Command, e *ner.Extractor) map[string]string {
	j := map[string]string{"model": fmt.Sprintf("%+v", e.Key())}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		switch flag.Name {
		case "resume", "threads", "batch", "draft", "prefill-chunk", "prefix-cache", "out":
		default: // these can't change the output
			j["--"+flag.Name] = flag.Value.String()
			// Files of prompts and the like: changed ones make another job.
			if info, err := os.Stat(flag.Value.String()); err == nil && info.Mode().IsRegular() {
				j["--"+flag.Name] += fmt.Sprintf(", %d bytes of %s", info.Size(), info.ModTime().UTC().Format(time.RFC3339Nano))
			}
		}
	})
	return j
}

// sink writes results to standard output, or to a file with a journal.
type sink struct {
	format.Writer
	journal *journal
	device  *os.File // a device or a pipe: nothing to go on with
	buffer  *bufio.Writer
}

func (o *nerOutput) open(cmd *cobra.Command, out format.Format, job map[string]string) (*sink, error) {
	wo := format.WriteOptions{Format: out, Text: o.text, Title: "medner: " + notice}
	s := &sink{}
	var err error
	switch {
	case o.path == "-":
		if out == format.Brat {
			return nil, usagef("--format brat writes a folder: name it with --out")
		}
		wo.Color = colorful(cmd.OutOrStdout())
		s.buffer = bufio.NewWriter(cmd.OutOrStdout())
	case out == format.Brat:
		if o.resume {
			return nil, usagef("--resume: expected a format of %s", strings.Join(resumable, ", "))
		}
		s.Writer, err = format.NewBratFolder(o.path, wo)
		return s, err
	default:
		if o.resume {
			if err := oneOf("format", string(out), resumable...); err != nil {
				return nil, usagef("--resume: expected a format of %s", strings.Join(resumable, ", "))
			}
		}
		if info, err := os.Stat(o.path); err == nil && !info.Mode().IsRegular() {
			if o.resume {
				return nil, usagef("--resume: %s is no file", o.path)
			}
			if s.device, err = os.OpenFile(o.path, os.O_WRONLY, 0); err != nil {
				return nil, err
			}
			s.buffer = bufio.NewWriter(s.device)
			break
		}
		if s.journal, err = startJournal(o.path, job, o.resume); err != nil {
			return nil, err
		}
		wo.Written = len(s.journal.done) - s.journal.failed
		s.buffer = bufio.NewWriter(s.journal)
	}
	s.Writer, err = format.NewWriter(s.buffer, wo)
	return s, err
}

func (s *sink) done() []identity {
	if s.journal == nil {
		return nil
	}
	return s.journal.done
}

func (s *sink) failedBefore() int {
	if s.journal == nil {
		return 0
	}
	return s.journal.failed
}

// write writes a result, if there is one, and has it out before it returns:
// readers of a pipe see each document when it is done.
func (s *sink) write(r *document.Result, id identity, failed bool) error {
	if !failed {
		if err := s.Writer.Write(r); err != nil {
			return err
		}
	}
	if s.buffer == nil {
		return nil
	}
	if err := s.buffer.Flush(); err != nil {
		return err
	}
	if s.journal != nil {
		return s.journal.finished(id, failed)
	}
	return nil
}

func (s *sink) close() error {
	if err := s.Writer.Close(); err != nil {
		return err
	}
	if s.buffer != nil {
		if err := s.buffer.Flush(); err != nil {
			return err
		}
	}
	if s.journal != nil {
		j := s.journal
		s.journal = nil
		return j.complete()
	}
	if s.device != nil {
		return s.device.Close()
	}
	return nil
}

// interrupted tells how to go on.
func (s *sink) interrupted(cause error, done int) error {
	if s.journal == nil {
		return cause
	}
	return hinted{cause, fmt.Sprintf("%d documents are done; the same command with --resume goes on", done)}
}

// abandon leaves an unfinished output for a later run; after close it does
// nothing.
func (s *sink) abandon() {
	if s.journal != nil {
		_ = s.journal.abandon()
		s.journal = nil
	}
}
