package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
	"github.com/medner/medner/ner/terminology"
)

// convertSteps say what else is done with documents on the way.
type convertSteps struct {
	join        []string // files whose documents have the texts that results lack
	terminology string   // the index that mentions are linked through
}

func newConvert() *cobra.Command {
	var (
		o nerOutput
		s convertSteps
	)
	cmd := &cobra.Command{
		Use: "convert [FILES…|-]",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.path = outputPath(o.path)
			out, err := o.formatByEnding(cmd, "to", "")
			if err != nil {
				return err
			}
			if out == "" {
				return usagef("--to: expected a format: %s", join(format.Outputs()))
			}
			if o.path == "-" && format.InFolder(out, o.path) {
				return usagef("--to %s: expected --out FOLDER", out)
			}
			args, err = filesOrInput(cmd, args)
			if err != nil {
				return err
			}
			if slices.Contains(args, "-") && slices.Contains(s.join, "-") {
				return usagef("--join -: expected a file, as the results come from standard input")
			}
			idleText(cmd, out)
			return convertDocuments(cmd, &o, &s, out, args)
		},
	}
	fs := cmd.Flags()
	choose(fs, &o.format, "to", "", format.Outputs(), "`FORMAT` to write: "+join(format.Outputs())+" (default: by the ending of --out)")
	choose(fs, &o.input, "from", "", format.Inputs(), "`FORMAT` of the input: "+join(format.Inputs())+" (default: found out)")
	fs.StringVarP(&o.path, "out", "o", "-", "`FILE` to write, for brat a folder (-: standard output)")
	fs.BoolVar(&o.lenient, "lenient", false, "mend the offsets of mentions that stand near by, or leave them out, and report each")
	fs.BoolVar(&o.text, "with-text", true, "write the articles' texts into JSON too")
	fs.StringArrayVar(&s.join, "join", nil, "give results that lack their text that of the documents in `SOURCE`, and check the mentions; may be repeated")
	fs.StringVar(&s.terminology, "terminology", "", "link mentions through an `INDEX` that 'medner terminology import' wrote")
	alias(fs, map[string]string{"format": "to", "input-format": "from"}) // their names in `medner ner`
	return cmd
}

// check returns an error if a file to join isn't there, be it needed or not.
func (s *convertSteps) check() error {
	for _, path := range s.join {
		if path == "-" {
			continue
		}
		if _, err := files.Stat(path); err != nil {
			return err
		}
	}
	return nil
}

// join lists formats for a flag's description.
func join(formats []format.Format) string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = string(f)
	}
	return strings.Join(names, "|")
}

// convertDocuments reads the inputs and writes their documents in another format.
func convertDocuments(cmd *cobra.Command, o *nerOutput, s *convertSteps, out format.Format, inputs []string) (err error) {
	var tally format.Tally
	var about *format.Collection
	progress := newProgress(cmd.ErrOrStderr(), inputs)
	defer progress.stop()
	ro := format.ReadOptions{Warn: tally.Add, Progress: progress.read, Collection: func(c format.Collection) { about = &c }}
	if o.lenient {
		ro.Annotations = format.Lenient
	}
	ro.Format = format.Format(o.input)
	wo := format.WriteOptions{Format: out, Warn: tally.Add, Text: o.text, Collection: func() format.Collection {
		if about == nil {
			return format.Collection{Source: "medner"}
		}
		return *about
	}}
	if err := apart([]string{o.path}, inputs, s.join, []string{s.terminology}); err != nil {
		return err
	}
	docs := format.Files(inputs, cmd.InOrStdin(), ro)
	joined := false
	if len(s.join) > 0 {
		if err := s.check(); err != nil {
			return err
		}
		sources := format.Files(s.join, cmd.InOrStdin(), format.ReadOptions{Warn: tally.Add, Annotations: format.TextOnly})
		docs = format.Join(docs, func(yield func(document.Result, error) bool) {
			joined = true
			sources(yield)
		})
	}
	if s.terminology != "" {
		index, err := terminology.Open(s.terminology)
		if err != nil {
			return err
		}
		defer index.Close()
		docs = linked(docs, index)
	}
	w, finish, err := o.create(cmd, out, wo)
	if err != nil {
		return err
	}
	var last error
	advice := ""
	counts, err := format.Convert(cmd.Context(), docs, w, func(err error) {
		last = err
		progress.Failed(err)
		if advice == "" {
			advice = hint.Of(err)
		}
	})
	progress.stop()
	allBad := counts.Failed > 0 && counts.Failed == counts.Documents
	if err = errors.Join(err, finish(err == nil && !allBad)); err != nil {
		return err
	}
	printTally(cmd, &tally)
	if !joined {
		idle(cmd, "as no result lacks its text", "join")
	}
	if advice != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "hint: %s\n", printable(advice))
	}
	switch {
	case allBad:
		return silentError{exitCode(last)} // last has been printed
	case counts.Failed > 0:
		return partialError{counts.Failed, counts.Documents}
	}
	return nil
}

// linked delivers documents with their mentions linked.
func linked(docs iter.Seq2[document.Result, error], index *terminology.Index) iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		for r, err := range docs {
			if err == nil {
				err = ner.Link(index, &r)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// create opens the output. finish puts it in place if it is good, and otherwise
// removes it.
func (o *nerOutput) create(cmd *cobra.Command, out format.Format, wo format.WriteOptions) (w format.Writer, finish func(good bool) error, err error) {
	if format.InFolder(out, o.path) {
		folder, err := format.NewFolder(o.path, wo)
		if err != nil {
			return nil, nil, err
		}
		return folder, func(good bool) error {
			if good {
				return nil
			}
			return folder.Abandon()
		}, nil
	}
	var to io.Writer = cmd.OutOrStdout()
	var file *atomicfile.File
	if o.path == "-" {
		wo.Color = colorful(to)
	} else {
		if file, err = atomicfile.Create(o.path); err != nil {
			return nil, nil, err
		}
		to = file
	}
	packer, err := files.NewCompressor(o.path, to)
	if err != nil {
		return nil, nil, err
	}
	buffer := bufio.NewWriterSize(packer, 1<<16)
	finish = func(good bool) error {
		err := buffer.Flush()
		if err == nil {
			err = packer.Close()
		}
		if file == nil {
			return err
		}
		if err != nil || !good {
			return errors.Join(err, file.Discard())
		}
		return file.Commit()
	}
	w, err = format.NewWriter(buffer, wo)
	if err != nil {
		err = errors.Join(err, finish(false))
	}
	return w, finish, err
}
