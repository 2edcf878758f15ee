package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/stats"
	"github.com/medner/medner/ner/format"
)

// statsFlags say what is counted and how it is written.
type statsFlags struct {
	stats.Options
	format, input, path, table, title, sort string
	lenient                                 bool
}

// The formats of reports.
var statsFormats = []string{"text", "json", "csv", "parquet", "html"}

func newStats() *cobra.Command {
	var f statsFlags
	cmd := &cobra.Command{
		Use: "stats [FILES…|-]",
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := filesOrInput(cmd, args)
			if err != nil {
				return err
			}
			f.path = outputPath(f.path)
			if f.format == "" {
				f.format = "text"
				if ending := strings.TrimPrefix(strings.ToLower(filepath.Ext(f.path)), "."); slices.Contains(statsFormats, ending) {
					f.format = ending
				}
			}
			tabular := f.format == "csv" || f.format == "parquet"
			if !tabular {
				idle(cmd, "without --format csv or parquet", "table")
			}
			if f.format == "parquet" && !slices.Contains(stats.ParquetTables, f.table) {
				return usagef("--table %s: expected pairs, concepts or concept-years with --format parquet", f.table)
			}
			if f.format != "html" {
				idle(cmd, "without --format html", "title")
			}
			return countDocuments(cmd, &f, args)
		},
	}
	fs := cmd.Flags()
	choose(fs, &f.format, "format", "", statsFormats, "`FORMAT` of the report: text|json|csv|parquet|html (default: by the ending of --out, else text)")
	choose(fs, &f.input, "input-format", "", format.Inputs(), "`FORMAT` of the input: "+join(format.Inputs())+" (default: found out)")
	fs.StringVarP(&f.path, "out", "o", "-", "`FILE` to write (-: standard output)")
	choose(fs, &f.table, "table", "pairs", stats.Tables, "the `TABLE` to write as CSV or Parquet: pairs|concepts|concept-years|types|years")
	fs.StringVar(&f.title, "title", "medner: what documents mention", "`TITLE` of the page")
	choose(fs, &f.sort, "sort", stats.ByDocuments, []stats.Order{stats.ByDocuments, stats.ByAsserted, stats.ByNPMI}, "which pairs come first: those that most `documents` mention, most documents assert (asserted), or of the highest npmi")
	intFlag(fs, &f.Top, "top", 1000, 0, math.MaxInt32, "pairs, and concepts of each type, at most; 0: all")
	intFlag(fs, &f.MinCount, "min-count", 1, 0, math.MaxInt32, "least number of documents of a concept or a pair")
	floatFlag(fs, &f.MinConfidence, "min-confidence", 0, share, "leave out mentions and relations of a lower confidence")
	intFlag(fs, &f.IDs, "document-ids", 10, 0, math.MaxInt32, "identifiers of documents that are named for a pair, at most")
	fs.BoolVar(&f.lenient, "lenient", false, "mend the offsets of mentions that stand near by, or leave them out, and report each")
	return cmd
}

// countDocuments reads the inputs and writes the report.
func countDocuments(cmd *cobra.Command, f *statsFlags, inputs []string) (err error) {
	if err := apart([]string{f.path}, inputs); err != nil {
		return err
	}
	if err := atomicfile.Ready(f.path); err != nil && f.path != "-" {
		return err
	}
	var tally format.Tally
	progress := newProgress(cmd.ErrOrStderr(), inputs)
	defer progress.stop()
	ro := format.ReadOptions{Format: format.Format(f.input), Warn: tally.Add, Progress: progress.read}
	if f.lenient {
		ro.Annotations = format.Lenient
	}
	f.Order = stats.Order(f.sort)
	c := stats.New(f.Options)
	defer func() { err = errors.Join(err, c.Close()) }()
	documents, failed := 0, 0
	var last error
	for r, err := range format.Files(inputs, cmd.InOrStdin(), ro) {
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		documents++
		if err != nil {
			failed++
			last = err
			progress.Failed(err)
		} else if err := c.Add(&r); err != nil {
			return err
		}
		progress.Done(documents, failed)
	}
	progress.stop()
	printTally(cmd, &tally)
	if failed > 0 && failed == documents {
		return silentError{exitCode(last)} // last has been printed
	}
	report, err := c.Report(int64(failed))
	if err != nil {
		return err
	}
	if err := f.write(cmd.OutOrStdout(), report); err != nil {
		return err
	}
	if failed > 0 {
		return partialError{failed, documents}
	}
	return nil
}

// write writes a report to the file that the flags name.
func (f *statsFlags) write(stdout io.Writer, r *stats.Report) error {
	write := func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<16)
		var err error
		switch f.format {
		case "json":
			err = r.WriteJSON(b)
		case "csv":
			err = r.WriteCSV(b, f.table)
		case "parquet":
			err = r.WriteParquet(b, f.table)
		case "html":
			err = r.WriteHTML(b, f.title)
		default:
			err = r.WriteText(b, printable)
		}
		return errors.Join(err, b.Flush())
	}
	if f.path == "-" {
		return write(stdout)
	}
	if err := atomicfile.Write(f.path, write); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}
