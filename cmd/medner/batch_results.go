package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/internal/shards"
	"github.com/medner/medner/ner/format"
)

func newBatchStatus() *cobra.Command {
	var (
		b      batchFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:  "status",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := b.load()
			if err != nil {
				return err
			}
			return printStatus(cmd.OutOrStdout(), m, shards.Status(m, b.out), asJSON)
		},
	}
	b.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printStatus prints the states of all shards, and their sums.
func printStatus(w io.Writer, m *shards.Manifest, states []shards.State, asJSON bool) error {
	sum := struct {
		Documents int            `json:"documents"`
		Done      int            `json:"done"`
		Failed    int            `json:"failed"`
		States    map[string]int `json:"states"`
		Configs   int            `json:"configurations"`
		Shards    []shards.State `json:"shards"`
	}{Documents: m.Documents, States: map[string]int{}, Shards: states}
	configs := map[string]bool{}
	for _, s := range states {
		sum.Done += s.Done
		sum.Failed += s.Failed
		sum.States[s.State]++
		if s.Config != "" {
			configs[s.Config] = true
		}
	}
	sum.Configs = len(configs)
	if asJSON {
		return json.NewEncoder(w).Encode(sum)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SHARD\tSTATE\tDOCUMENTS\tDONE\tFAILED\tHOST\tCHANGED\t")
	for _, s := range states {
		fmt.Fprintf(t, "%d\t%s\t%d\t%d\t%d\t%s\t%s\t%s\n", s.Shard, s.State, s.Documents, s.Done, s.Failed, printable(s.Host), printable(s.Changed), printable(s.Error+s.Life()))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(sum.States)) {
		parts = append(parts, fmt.Sprintf("%d %s", sum.States[state], state))
	}
	_, err := fmt.Fprintf(w, "%d of %d documents done, %d failed; shards: %s\n", sum.Done, sum.Documents, sum.Failed, strings.Join(parts, ", "))
	if err == nil && sum.Configs > 1 {
		_, err = fmt.Fprintf(w, "the shards were made with %d configurations\n", sum.Configs)
	}
	return err
}

func newBatchVerify() *cobra.Command {
	var (
		b      batchFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:  "verify",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := b.load()
			if err != nil {
				return err
			}
			report, err := shards.Verify(cmd.Context(), m, b.out)
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			} else {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d documents: %d annotated, %d failed; %d of %d shards complete\n",
					report.Documents, report.Annotated, report.Failed, len(m.Shards)-len(report.Missing)-len(report.Damaged), len(m.Shards))
			}
			if err != nil {
				return err
			}
			return verdict(cmd, report, b.out)
		},
	}
	b.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// verdict returns what is wrong with the shards in a folder: the worst of it.
func verdict(cmd *cobra.Command, r *shards.Report, dir string) error {
	for _, i := range slices.Sorted(maps.Keys(r.Damaged)) {
		fmt.Fprintf(cmd.ErrOrStderr(), "medner: shard %d: %s\n", i, printable(r.Damaged[i]))
	}
	switch {
	case r.Damage() != nil:
		return silentError{max(exitBadInput, exitCode(r.Damage()))}
	case len(r.Strange) > 0:
		return badinput.New(filepath.Join(dir, r.Strange[0]), "", fmt.Sprintf("%d shards that the manifest hasn't", len(r.Strange)), "those of the manifest alone")
	case r.Mixed():
		return hint.Add(badinput.New(dir, "settings", fmt.Sprintf("shards of %d configurations", len(r.Configs)), "one"), "'medner batch run --redo' makes those again that differ")
	}
	return unfinished(r)
}

// unfinished returns an error if shards are missing or documents failed.
func unfinished(r *shards.Report) error {
	switch {
	case len(r.Missing) > 0:
		return r.Incomplete()
	case r.Failed > 0:
		return partialError{r.Failed, r.Documents}
	}
	return nil
}

func newBatchMerge() *cobra.Command {
	var (
		b        corporaFlags
		o        nerOutput
		perFile  int
		partial  bool
		anyMixed bool
	)
	cmd := &cobra.Command{
		Use:  "merge",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.path = outputPath(o.path)
			out, err := o.formatByEnding(cmd, "format", format.JSONL)
			if err != nil {
				return err
			}
			idleText(cmd, out)
			corpora, err := b.load()
			if err != nil {
				return err
			}
			inputs := slices.Concat(b.manifests, b.outs)
			for _, c := range corpora {
				inputs = append(inputs, c.Manifest.Paths()...)
			}
			if err := apart([]string{o.path}, inputs); err != nil {
				return err
			}
			mo := shards.MergeOptions{
				Path: o.path, PerFile: perFile, Ending: "." + string(out), Partial: partial, Mixed: anyMixed,
				Write: format.WriteOptions{Format: out, Text: o.text},
			}
			return mergeBatch(cmd, corpora, mo)
		},
	}
	b.register(cmd)
	fs := cmd.Flags()
	fs.StringVarP(&o.path, "output", "o", "", "`FILE` to write (-: standard output); with --documents-per-file, for brat and tables, a folder")
	choose(fs, &o.format, "format", "", format.Outputs(), "`FORMAT` of the output: "+join(format.Outputs())+" (default: by the ending of --output, else jsonl)")
	intFlag(fs, &perFile, "documents-per-file", 0, 0, 1<<30, "write a folder of files with at most this many documents; 0: one file")
	fs.BoolVar(&o.text, "with-text", false, "write the articles' texts into JSON too")
	fs.BoolVar(&partial, "partial", false, "leave out shards that are not complete")
	fs.BoolVar(&anyMixed, "mixed", false, "merge shards that were made with different settings too")
	_ = cmd.MarkFlagRequired("output")
	return cmd
}

// corporaFlags name corpora that are merged.
type corporaFlags struct{ manifests, outs []string }

func (f *corporaFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.manifests, "manifest", nil, "manifest: the `FILE` that 'medner batch plan' wrote; once for each corpus")
	cmd.Flags().StringArrayVar(&f.outs, "out", nil, "`FOLDER` of the shards; once for each corpus, in the same order")
	for _, name := range []string{"manifest", "out"} {
		_ = cmd.MarkFlagRequired(name)
	}
}

// load reads the manifests.
func (f *corporaFlags) load() ([]shards.Corpus, error) {
	if len(f.manifests) != len(f.outs) {
		return nil, usagef("--manifest %d times, --out %d times: expected a folder for each manifest", len(f.manifests), len(f.outs))
	}
	var corpora []shards.Corpus
	for i, path := range f.manifests {
		m, err := shards.Load(path)
		if err != nil {
			return nil, err
		}
		corpora = append(corpora, shards.Corpus{Manifest: m, Folder: f.outs[i]})
	}
	return corpora, nil
}

// mergeBatch merges corpora.
func mergeBatch(cmd *cobra.Command, corpora []shards.Corpus, o shards.MergeOptions) error {
	if o.Path == standardOutput {
		if o.PerFile > 0 || format.InFolder(o.Write.Format, o.Path) {
			return usagef("--output -: expected a folder")
		}
		o.Stream = cmd.OutOrStdout()
	}
	reported := 0
	o.Failed = func(e *shards.FailedError) {
		if reported++; reported <= maxUnread {
			fmt.Fprintf(cmd.ErrOrStderr(), "medner: %s\n", printable(e.Error()))
		}
	}
	report, err := shards.Merge(cmd.Context(), corpora, o)
	if err != nil {
		return err
	}
	note := ""
	if len(corpora) > 1 {
		note = fmt.Sprintf("; left out: %d superseded by later files, %d deleted by them", report.Superseded, report.Deleted)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "medner: %d documents merged, %d failed, %d shards missing%s\n", report.Annotated, report.Failed, len(report.Missing), note)
	return unfinished(report)
}
