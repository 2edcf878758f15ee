package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medner/medner/internal/shards"
	"github.com/medner/medner/ner/format"
)

func newBatch() *cobra.Command {
	cmd := &cobra.Command{
		Use:  "batch",
		Args: commandsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBatchPlan(), newBatchRun(), newBatchStatus(), newBatchVerify(), newBatchMerge(), newBatchRetry())
	return cmd
}

// batchFlags name a corpus: its manifest, and the folder of its shards.
type batchFlags struct{ manifest, out string }

func (f *batchFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.manifest, "manifest", "", "manifest: the `FILE` that 'medner batch plan' wrote")
	cmd.Flags().StringVar(&f.out, "out", "", "`FOLDER` of the shards")
	for _, name := range []string{"manifest", "out"} {
		_ = cmd.MarkFlagRequired(name)
	}
}

// load reads the manifest.
func (f *batchFlags) load() (*shards.Manifest, error) { return shards.Load(f.manifest) }

// sizeFlag is the value of a flag that takes a number of bytes.
type sizeFlag struct{ bytes int64 }

// String implements pflag.Value.
func (f *sizeFlag) String() string { return strconv.FormatInt(f.bytes, 10) }

// Type implements pflag.Value.
func (f *sizeFlag) Type() string { return "size" }

// Set implements pflag.Value.
func (f *sizeFlag) Set(text string) error {
	n, err := humanize.ParseBytes(text)
	if err != nil || n < 1 || n > 1<<50 {
		return fmt.Errorf("expected a size such as 500000, 20MB or 64MiB")
	}
	f.bytes = int64(n)
	return nil
}

var _ pflag.Value = (*sizeFlag)(nil)

const mostShards = 1_000_000

func newBatchPlan() *cobra.Command {
	var (
		o           shards.PlanOptions
		size        sizeFlag
		out         string
		input, same string
		previous    []string
	)
	cmd := &cobra.Command{
		Use:  "plan FILES…",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Paths, o.Dir, o.BytesPerShard = args, filepath.Dir(out), size.bytes
			o.Input, o.Duplicates = format.Format(input), shards.Duplicates(same)
			for _, path := range previous {
				m, err := shards.Load(path)
				if err != nil {
					return err
				}
				o.Previous = append(o.Previous, m)
			}
			if err := apart([]string{out}, previous); err != nil {
				return err
			}
			return planBatch(cmd, o, out)
		},
	}
	fs := cmd.Flags()
	intFlag(fs, &o.Shards, "shards", 0, 1, mostShards, "number of shards")
	intFlag(fs, &o.DocumentsPerShard, "documents-per-shard", 0, 1, 1<<30, "most documents of a shard")
	fs.Var(&size, "bytes-per-shard", "most `BYTES` of the texts of a shard's documents, such as 20MB")
	fs.StringVarP(&out, "out", "o", "", "manifest: the `FILE` to write")
	fs.StringArrayVar(&previous, "previous", nil, "`MANIFEST` whose files are left out; may be repeated")
	choose(fs, &input, "input-format", "", format.Inputs(), "`FORMAT` of the input: "+join(format.Inputs())+" (default: found out)")
	choose(fs, &same, "duplicates", shards.LaterCitation, []shards.Duplicates{shards.LaterCitation, shards.Later, shards.Keep}, "which documents of one identifier count: `later-citation|later|keep`: the last of PubMed's citations, the last of all documents, or all")
	_ = cmd.MarkFlagRequired("out")
	cmd.MarkFlagsOneRequired("shards", "documents-per-shard", "bytes-per-shard")
	cmd.MarkFlagsMutuallyExclusive("shards", "documents-per-shard", "bytes-per-shard")
	return cmd
}

// planBatch writes a manifest.
func planBatch(cmd *cobra.Command, o shards.PlanOptions, out string) error {
	if outputPath(out) == standardOutput {
		return usagef("--out %s: expected a file, below whose folder the inputs' paths are", out)
	}
	if err := apart([]string{out}, o.Paths); err != nil {
		return err
	}
	var tally format.Tally
	progress := newProgress(cmd.ErrOrStderr(), o.Paths)
	defer progress.stop()
	failed := 0
	o.Warn, o.Progress = tally.Add, progress.read
	o.Unreadable = func(err error) {
		failed++
		if failed <= maxUnread {
			progress.Failed(err)
		}
	}
	m, err := shards.Plan(cmd.Context(), o)
	progress.stop()
	if err != nil {
		return err
	}
	if err := m.Write(out); err != nil {
		return err
	}
	printTally(cmd, &tally)
	var left []string
	if m.Superseded > 0 {
		left = append(left, fmt.Sprintf("%d superseded by later ones", m.Superseded))
	}
	if m.Deleted > 0 {
		left = append(left, fmt.Sprintf("%d deleted by later files", m.Deleted))
	}
	note := ""
	if left != nil {
		note = " (left out: " + strings.Join(left, ", ") + ")"
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "medner: %d documents of %d files in %d shards, 0 to %d%s\n", m.Documents, len(m.Inputs), len(m.Shards), len(m.Shards)-1, note)
	if m.Unreadable > 0 {
		return partialError{m.Unreadable, m.Documents}
	}
	return nil
}

// arrayVariables hold the number of the shard that a scheduler wants.
var arrayVariables = []string{"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"}

// shardNumber returns the shard to work on: that of the flag, or of the scheduler that
// runs this process; -1 for all.
func shardNumber(cmd *cobra.Command, flag int, m *shards.Manifest) (int, error) {
	if cmd.Flags().Changed("shard") {
		_, err := m.Shard(flag)
		return flag, err
	}
	for _, name := range arrayVariables {
		text, found := os.LookupEnv(name)
		if !found || text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n >= len(m.Shards) {
			return 0, usagef("%s=%s: expected a shard of the manifest, 0 to %d", name, visible(text), len(m.Shards)-1)
		}
		return n, nil
	}
	return -1, nil
}
