package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/bundle"
	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/internal/job"
	"github.com/medner/medner/internal/shards"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/format"
	"github.com/medner/medner/ner/terminology"
)

// batchWork holds the flags of the commands that annotate shards.
type batchWork struct {
	batchFlags
	nerFlags
	shard       int
	wait, grace time.Duration
	redo        bool
	text, dedup bool
}

func (b *batchWork) register(cmd *cobra.Command, redo string) {
	b.nerFlags.register(cmd)
	b.batchFlags.register(cmd)
	fs := cmd.Flags()
	intFlag(fs, &b.shard, "shard", -1, 0, mostShards, "`NUMBER` of the shard (default: $SLURM_ARRAY_TASK_ID or $JOB_COMPLETION_INDEX, else all)")
	pauseFlag(fs, &b.wait, "wait", shards.LeaseTime+30*time.Second, 24*time.Hour, "how long to wait for a shard that another process works on")
	pauseFlag(fs, &b.grace, "grace", 20*time.Second, time.Hour, "after SIGTERM, how long the documents that were begun may take")
	fs.BoolVar(&b.redo, "redo", false, redo)
	fs.BoolVar(&b.text, "with-text", true, "write the articles' texts into the shards too; formats other than JSON, CSV and Parquet can't be merged without them")
	dedupFlag(fs, &b.dedup)
}

func newBatchRun() *cobra.Command {
	var b batchWork
	cmd := &cobra.Command{
		Use:  "run",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.work(cmd, (*batchWork).runShards) },
	}
	b.register(cmd, "make shards again that were made with other settings or from other documents")
	return cmd
}

func newBatchRetry() *cobra.Command {
	var b batchWork
	cmd := &cobra.Command{
		Use:  "retry",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.work(cmd, (*batchWork).retryShards) },
	}
	b.register(cmd, "annotate the documents with other settings than the shard's")
	return cmd
}

// work prepares a worker and has it work on the shards that the flags name.
func (b *batchWork) work(cmd *cobra.Command, do func(*batchWork, context.Context, *cobra.Command, *shards.Worker, []int) error) error {
	if _, err := b.extractorOptions(cmd); err != nil { // before anything is read
		return err
	}
	m, err := b.load()
	if err != nil {
		return err
	}
	number, err := shardNumber(cmd, b.shard, m)
	if err != nil {
		return err
	}
	if err := apart([]string{b.out}, m.Paths(), b.nerFlags.inputs(), []string{b.manifest}); err != nil {
		return err
	}
	if err := atomicfile.Folder(b.out); err != nil {
		return err
	}
	ctx, stop, end := b.patient(cmd)
	defer end()
	w := &shards.Worker{
		Manifest: m, Folder: b.out, Text: b.text, Redo: b.redo, Stop: stop,
		Transient: func(err error) bool { return exitCode(err) == exitTryAgain },
		Machine:   map[string]string{"os": runtime.GOOS, "arch": runtime.GOARCH, "device": b.device},
	}
	w.Machine["kernels"], _ = kernels.Selected()
	if w.Config, err = b.config(ctx, cmd); err != nil {
		return err
	}
	var tally format.Tally
	w.Warn = tally.Add
	closing := func() {}
	defer func() { closing() }()
	w.Extractor = func(ctx context.Context) (job.Extractor, error) {
		extractor, closeAll, err := b.open(ctx, cmd)
		if err != nil {
			return nil, err
		}
		annotator, report := deduped(extractor, b.dedup)
		closing = func() {
			report(cmd.ErrOrStderr())
			closeAll()
		}
		return annotator, nil
	}
	numbers := []int{number}
	if number < 0 {
		numbers = numbers[:0]
		for i := range m.Shards {
			numbers = append(numbers, i)
		}
	}
	err = do(b, ctx, cmd, w, numbers)
	printTally(cmd, &tally)
	return err
}

// open opens the model and the terminology.
func (b *batchWork) open(ctx context.Context, cmd *cobra.Command) (*ner.Extractor, func(), error) {
	var more []ner.Option
	closeIndex := func() error { return nil }
	if b.terminology != "" {
		index, err := terminology.Open(b.terminology)
		if err != nil {
			return nil, nil, err
		}
		closeIndex = index.Close
		more = append(more, ner.WithTerminology(index))
	}
	extractor, err := b.extractor(ctx, cmd, more...)
	if err != nil {
		return nil, nil, errors.Join(err, closeIndex())
	}
	return extractor, func() { _ = errors.Join(extractor.Close(), closeIndex()) }, nil
}

// patient returns a context for work that is to be checkpointed when a signal ends it.
// After SIGTERM, as schedulers send it, stop is closed, and the context ends when the
// grace is over; another signal ends it at once.
func (b *batchWork) patient(cmd *cobra.Command) (ctx context.Context, stop <-chan struct{}, end func()) {
	asked := cmd.Context()
	allowSlowEnding(asked)
	ctx, cancel := context.WithCancel(context.WithoutCancel(asked))
	stopping := make(chan struct{})
	ignore := holdTerm() // a second SIGTERM doesn't end the process at once
	ended := make(chan struct{})
	go func() {
		select {
		case <-asked.Done():
		case <-ended:
			return
		}
		if strings.HasPrefix(context.Cause(asked).Error(), syscall.SIGTERM.String()) {
			close(stopping)
			fmt.Fprintln(cmd.ErrOrStderr(), "medner: SIGTERM: the documents that were begun are finished, and no more begun")
			select {
			case <-time.After(b.grace):
			case <-ended:
			}
		}
		cancel()
	}()
	return ctx, stopping, func() {
		close(ended)
		cancel()
		ignore()
	}
}

// holdTerm keeps SIGTERM from ending the process, as it does by itself after the first
// one, until release is called.
func holdTerm() (release func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	return func() { signal.Stop(c) }
}

// runShards annotates shards. Of several, those that other processes work on come last.
func (b *batchWork) runShards(ctx context.Context, cmd *cobra.Command, w *shards.Worker, numbers []int) error {
	several := len(numbers) > 1
	var wrong error // the first error of a shard that leaves the others to be done
	var busy []int
	begun := time.Now()
	for pass := range 2 {
		if several && pass == 0 {
			w.Wait = 0
		} else {
			w.Wait = max(0, b.wait-time.Since(begun))
		}
		busy = busy[:0]
		for _, number := range numbers {
			err := b.runShard(ctx, cmd, w, number)
			switch {
			case err == nil:
			case several && errors.Is(err, filelock.ErrBusy) && pass == 0:
				busy = append(busy, number)
			case several && (exitCode(err) == exitBadInput || errors.Is(err, filelock.ErrBusy)):
				fmt.Fprintf(cmd.ErrOrStderr(), "medner: shard %d: %s\n", number, printable(err.Error()))
				if advice := hint.Of(err); advice != "" {
					fmt.Fprintf(cmd.ErrOrStderr(), "hint: %s\n", printable(advice))
				}
				if wrong == nil || exitCode(wrong) == exitTryAgain {
					wrong = err
				}
			default:
				return err
			}
		}
		if numbers = append(numbers[:0:0], busy...); len(numbers) == 0 {
			break
		}
		begun = time.Now()
	}
	if wrong != nil {
		return silentError{exitCode(wrong)} // it has been printed
	}
	return nil
}

// runShard annotates one shard.
func (b *batchWork) runShard(ctx context.Context, cmd *cobra.Command, w *shards.Worker, number int) error {
	progress := newProgress(cmd.ErrOrStderr(), nil)
	defer progress.stop()
	w.Progress = progress
	o, err := w.Run(ctx, number)
	progress.stop()
	if err != nil {
		return err
	}
	if o.Already {
		fmt.Fprintf(cmd.ErrOrStderr(), "medner: shard %d is complete: nothing to do\n", number)
		return nil
	}
	d := o.Done
	note := ""
	if d.Made.Resumed > 0 {
		note = fmt.Sprintf(", %d of them by earlier runs", d.Made.Resumed)
	}
	if d.Failed > 0 {
		note += fmt.Sprintf(", %d failed: see %s", d.Failed, d.Errors.Name)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "medner: shard %d: %d documents%s\n", number, d.Documents, note)
	return nil
}

// retryShards annotates the documents of shards that failed.
func (b *batchWork) retryShards(ctx context.Context, cmd *cobra.Command, w *shards.Worker, numbers []int) error {
	progress := newProgress(cmd.ErrOrStderr(), nil)
	defer progress.stop()
	w.Progress, w.Wait = progress, b.wait
	failed, still := 0, 0
	for _, number := range numbers {
		f, s, err := w.Retry(ctx, number)
		if err != nil {
			return hint.Add(fmt.Errorf("shard %d: %w", number, err), hint.Of(err))
		}
		failed += f
		still += s
	}
	progress.stop()
	fmt.Fprintf(cmd.ErrOrStderr(), "medner: %d of %d documents that had failed have results now\n", failed-still, failed)
	if still > 0 {
		return partialError{still, failed}
	}
	return nil
}

// config returns all that results depend on beside the documents.
func (b *batchWork) config(ctx context.Context, cmd *cobra.Command) (shards.Config, error) {
	carried, err := bundle.Own()
	if err != nil {
		return nil, err
	}
	if carried != nil && b.terminology == "" {
		b.terminology = carried.Terminology
	}
	if err := b.locate(); err != nil {
		return nil, err
	}
	c, err := b.nerFlags.config(ctx, cmd)
	if err != nil {
		return nil, err
	}
	c["--with-text"] = fmt.Sprint(b.text)
	return c, nil
}

// flagsOfNER returns the names of all flags of an extractor.
func flagsOfNER() (names []string) {
	cmd := &cobra.Command{}
	(&nerFlags{}).register(cmd)
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}
