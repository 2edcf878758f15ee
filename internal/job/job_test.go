package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// echo is an extractor that finds one chemical, the first word, in each
// document. It fails on the documents named in fails.
type echo struct {
	fails []string
	asked []string // the documents that it was asked about
	watch func(id string)
}

var errTooHard = errors.New("too hard")

func (e *echo) Stream(ctx context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[*document.Result, error] {
	return func(yield func(*document.Result, error) bool) {
		for d, err := range docs {
			if err == nil {
				e.asked = append(e.asked, d.ID)
				if e.watch != nil {
					e.watch(d.ID)
				}
				if slices.Contains(e.fails, d.ID) {
					err = errTooHard
				}
			}
			r := &document.Result{Document: d}
			r.Entities = append(r.Entities, document.Entity{Type: document.Chemical, Text: d.Text[:min(len(d.Text), 7)], Spans: []document.Span{{Start: 0, End: 7}}, Grounded: true})
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// corpus returns n documents, of which the third can't be read.
func corpus(n int) iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		for i := range n {
			var r document.Result
			var err error
			if i == 2 {
				err = badinput.New("corpus", "line 3", "half", "a whole one")
			} else {
				r.Document = document.Document{ID: fmt.Sprint(i), Text: fmt.Sprintf("Aspirin and %d others.", i)}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// watcher is a Progress that writes down what it is told.
type watcher struct {
	failures []error
	done     [][2]int
}

func (w *watcher) Failed(err error)           { w.failures = append(w.failures, err) }
func (w *watcher) Done(documents, failed int) { w.done = append(w.done, [2]int{documents, failed}) }

func output(path string, resume bool) Output {
	return Output{Path: path, Resume: resume, Settings: map[string]string{"model": "echo"}, open: unsynced, Write: format.WriteOptions{Format: format.TSV}}
}

func TestRunCountsAndReports(t *testing.T) {
	var text bytes.Buffer
	var seen watcher
	report, err := Run(t.Context(), Options{
		Extractor: &echo{fails: []string{"4"}}, Documents: corpus(5), Progress: &seen,
		Output: Output{Stream: &text, Write: format.WriteOptions{Format: format.JSONL}},
	})
	require.NoError(t, err)
	require.Equal(t, Report{Documents: 5, Failed: 2, LastError: errTooHard}, report)
	require.Equal(t, [][2]int{{1, 0}, {2, 0}, {3, 1}, {4, 1}, {5, 2}}, seen.done)
	require.Len(t, seen.failures, 2)
	require.ErrorContains(t, seen.failures[0], "line 3")
	require.Equal(t, 3, bytes.Count(text.Bytes(), []byte("\n")))
}

// The reader of a stream sees a document before the next one is asked for.
func TestEachDocumentIsFlushed(t *testing.T) {
	var text bytes.Buffer
	extractor := &echo{}
	extractor.watch = func(id string) {
		if id != "0" {
			require.Contains(t, text.String(), fmt.Sprintf("%q", extractor.asked[len(extractor.asked)-2]))
		}
	}
	_, err := Run(t.Context(), Options{Extractor: extractor, Documents: corpus(2), Output: Output{Stream: &text, Write: format.WriteOptions{Format: format.JSONL}}})
	require.NoError(t, err)
	require.Equal(t, []string{"0", "1"}, extractor.asked)
}

func TestInterruptedAndResumed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.tsv")
	ctx, cancel := context.WithCancel(t.Context())
	first := &echo{watch: func(id string) {
		if id == "4" {
			cancel()
		}
	}}
	report, err := Run(ctx, Options{Extractor: first, Documents: corpus(6), Output: output(path, false)})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 4, report.Documents)
	require.True(t, report.Resumable)

	second := &echo{}
	report, err = Run(t.Context(), Options{Extractor: second, Documents: corpus(6), Output: output(path, true)})
	require.NoError(t, err)
	require.Equal(t, []string{"4", "5"}, second.asked)
	require.Equal(t, Report{Documents: 6, Resumed: 4, Failed: 1, Resumable: true}, report)
	require.FileExists(t, path+JournalSuffix)
}

func TestOtherInputsAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.tsv")
	_, err := Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(4), Output: output(path, true)})
	require.NoError(t, err)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	edited := func(yield func(document.Result, error) bool) {
		for r, err := range corpus(4) {
			r.Text = "x" + r.Text
			if !yield(r, err) {
				return
			}
		}
	}
	for want, documents := range map[string]iter.Seq2[document.Result, error]{
		`document 1: found "0", new or with another text`: edited,
		"documents: found 3 where 4 are done":             corpus(3),
	} {
		_, err = Run(t.Context(), Options{Extractor: &echo{}, Documents: documents, Output: output(path, true)})
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
		require.ErrorContains(t, err, want)
		require.Contains(t, hint.Of(err), "remove the output")
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, before, after)
	}
}

func TestOutputsThatCantBe(t *testing.T) {
	for _, o := range []Output{
		{Write: format.WriteOptions{Format: format.Brat}},
		{Resume: true, Write: format.WriteOptions{Format: format.JSONL}},
		{Resume: true, Path: "x.html", Write: format.WriteOptions{Format: format.HTML}},
		{Resume: true, Path: t.TempDir(), Write: format.WriteOptions{Format: format.JSONL}},
	} {
		_, err := Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(1), Output: o})
		var wrong *OutputError
		require.ErrorAs(t, err, &wrong, "%+v", o)
	}
}

// errKilled is what every operation on a file returns once a process is dead.
var errKilled = errors.New("killed")

// mortal opens files that stop working after a number of operations: the last
// write leaves half of its bytes, as if the process had been killed there.
type mortal struct{ left int }

func (m *mortal) step() bool {
	m.left--
	return m.left >= 0
}

type mortalFile struct {
	*os.File
	m *mortal
}

func (m *mortal) open(name string, flag int, perm os.FileMode) (file, error) {
	if !m.step() {
		return nil, errKilled
	}
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return mortalFile{f, m}, nil
}

func (f mortalFile) Write(p []byte) (int, error) {
	if f.m.step() {
		return f.File.Write(p)
	}
	n := 0
	if f.m.left == -1 {
		n, _ = f.File.Write(p[:len(p)/2])
	}
	return n, errKilled
}

func (f mortalFile) Truncate(size int64) error {
	if !f.m.step() {
		return errKilled
	}
	return f.File.Truncate(size)
}

func (f mortalFile) Sync() error {
	if !f.m.step() {
		return errKilled
	}
	return nil
}

var _ io.ReadWriteSeeker = mortalFile{}

// TestKilledAtEveryStep kills a job at each operation on its files, kills the
// resumed job too, and resumes again: the output is that of an undisturbed run.
func TestKilledAtEveryStep(t *testing.T) {
	const documents = 5
	dir := t.TempDir()
	run := func(path string, resume bool, open func(string, int, os.FileMode) (file, error)) error {
		o := output(path, resume)
		o.open = open
		_, err := Run(t.Context(), Options{Extractor: &echo{fails: []string{"3"}}, Documents: corpus(documents), Output: o})
		return err
	}
	whole := filepath.Join(dir, "whole")
	require.NoError(t, run(whole, false, unsynced))
	want, err := os.ReadFile(whole)
	require.NoError(t, err)

	kills := 0
	for first := 0; ; first++ {
		for second := 0; ; second++ {
			path := filepath.Join(dir, fmt.Sprintf("killed-%d-%d", first, second))
			firstErr := run(path, true, (&mortal{left: first}).open)
			if firstErr == nil {
				require.Greater(t, kills, 40)
				return
			}
			require.ErrorIs(t, firstErr, errKilled)
			secondErr := run(path, true, (&mortal{left: second}).open)
			if secondErr != nil {
				require.ErrorIs(t, secondErr, errKilled)
				kills++
				require.NoError(t, run(path, true, unsynced))
			}
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got), "killed at %d and at %d", first, second)
			if secondErr == nil {
				break
			}
		}
	}
}

// A compressed output that was interrupted anywhere goes on like any other, and is
// the same, byte by byte, as that of a run that nothing interrupted.
func TestCompressedOutputsAreResumed(t *testing.T) {
	for _, ending := range []string{".gz", ".zst"} {
		dir := t.TempDir()
		whole := filepath.Join(dir, "whole.tsv"+ending)
		_, err := Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(6), Output: output(whole, false)})
		require.NoError(t, err)
		want, err := os.ReadFile(whole)
		require.NoError(t, err)
		path := filepath.Join(dir, "out.tsv"+ending)
		for _, stop := range []string{"0", "1", "4"} {
			ctx, cancel := context.WithCancel(t.Context())
			first := &echo{watch: func(id string) {
				if id == stop {
					cancel()
				}
			}}
			_, err = Run(ctx, Options{Extractor: first, Documents: corpus(6), Output: output(path, true)})
			require.ErrorIs(t, err, context.Canceled)
		}
		_, err = Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(6), Output: output(path, true)})
		require.NoError(t, err)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, got)

		r, err := format.Open(path, format.ReadOptions{})
		require.NoError(t, err)
		n := 0
		for _, err := range r.Results() {
			require.NoError(t, err)
			n++
		}
		require.NoError(t, r.Close())
		require.Equal(t, 5, n)

		// Nothing to write is an empty file of the kind, and formats that aren't
		// appended to have one frame.
		empty := filepath.Join(dir, "empty.json"+ending)
		o := output(empty, false)
		o.Write.Format = format.JSON
		_, err = Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(0), Output: o})
		require.NoError(t, err)
		data, err := os.ReadFile(empty)
		require.NoError(t, err)
		require.NotEmpty(t, files.Compressed(data))
	}
}
