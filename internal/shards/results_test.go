package shards

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/ner/format"
)

func TestStatusVerifyAndMerge(t *testing.T) {
	m := corpus(t, 10, 3)
	dir := t.TempDir()
	w := worker(m, dir, &echo{fails: map[string]error{"d0": errHard}})
	_, err := w.Run(t.Context(), 0)
	require.NoError(t, err)
	_, err = worker(m, dir, &echo{fails: map[string]error{"d5": errMachine}}).Run(t.Context(), 1)
	require.ErrorIs(t, err, errMachine)
	var states []string
	for _, s := range Status(m, dir) {
		states = append(states, fmt.Sprintf("%s %d/%d %d", s.State, s.Done, s.Documents, s.Failed))
	}
	require.Equal(t, []string{"done 3/3 1", "begun 2/3 1", "pending 0/4 0"}, states)
	out := filepath.Join(t.TempDir(), "all.jsonl")
	o := MergeOptions{Path: out, Write: format.WriteOptions{Format: format.JSONL}}
	_, err = Merge(t.Context(), []Corpus{{m, dir}}, o)
	require.ErrorIs(t, err, filelock.ErrBusy)
	require.NoFileExists(t, out)
	report, err := Verify(t.Context(), m, dir)
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, report.Missing)

	for i := range m.Shards {
		_, err := w.Run(t.Context(), i)
		require.NoError(t, err)
	}
	report, err = Verify(t.Context(), m, dir)
	require.NoError(t, err)
	require.Equal(t, []int{10, 8, 2}, []int{report.Documents, report.Annotated, report.Failed})
	require.Empty(t, report.Missing)
	require.Empty(t, report.Damaged)
	require.False(t, report.Mixed())
	var failed []string
	o.Failed = func(e *FailedError) { failed = append(failed, e.ID) }
	_, err = Merge(t.Context(), []Corpus{{m, dir}}, o)
	require.NoError(t, err)
	require.Equal(t, []string{"d0", "d3"}, failed)
	whole := read(t, out)
	require.Equal(t, 8, strings.Count(whole, "\n"))
	require.Less(t, strings.Index(whole, `"d2"`), strings.Index(whole, `"d4"`))

	o.Path, o.PerFile, o.Ending = filepath.Join(t.TempDir(), "parts"), 3, ".jsonl"
	_, err = Merge(t.Context(), []Corpus{{m, dir}}, o)
	require.NoError(t, err)
	require.Equal(t, []string{"part-00000.jsonl", "part-00001.jsonl", "part-00002.jsonl"}, names(t, o.Path))
	var parts string
	for _, name := range names(t, o.Path) {
		parts += read(t, filepath.Join(o.Path, name))
	}
	require.Equal(t, whole, parts)

	// A shard that two documents have changed places in is damaged, whatever its .done
	// file says.
	done, err := folder(dir).loadDone(2)
	require.NoError(t, err)
	text := strings.SplitAfter(read(t, folder(dir).output(2)), "\n")
	slices.Reverse(text)
	require.NoError(t, os.WriteFile(folder(dir).output(2), []byte(strings.Join(text, "")), 0o600))
	done.Output, err = seal(t.Context(), folder(dir).output(2))
	require.NoError(t, err)
	require.NoError(t, done.write(folder(dir)))
	report, err = Verify(t.Context(), m, dir)
	require.NoError(t, err)
	require.Contains(t, report.Damaged[2], "identifiers of documents")
}

func TestRetry(t *testing.T) {
	m := corpus(t, 10, 2)
	dir := t.TempDir()
	w := worker(m, dir, &echo{fails: map[string]error{"d0": errHard, "d4": errHard, "d9": errHard}})
	for i := range m.Shards {
		_, err := w.Run(t.Context(), i)
		require.NoError(t, err)
	}
	e := &echo{fails: map[string]error{"d9": errHard}}
	second := worker(m, dir, e)
	failed, still, err := second.Retry(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, []int{3, 1}, []int{failed, still}, "one can't be read")
	require.Equal(t, []string{"d0", "d4"}, e.asked)
	_, still, err = second.Retry(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, 1, still)
	require.Equal(t, undisturbed(t, m, e.fails), results(t, m, dir))
	done, err := folder(dir).loadDone(0)
	require.NoError(t, err)
	require.Equal(t, []string{"d0", "d4"}, done.Retried[0].IDs)
	report, err := Verify(t.Context(), m, dir)
	require.NoError(t, err)
	require.Equal(t, []int{8, 2}, []int{report.Annotated, report.Failed})

	third := worker(m, dir, &echo{})
	third.Config = Config{"engine": "2"}
	_, _, err = third.Retry(t.Context(), 1)
	require.ErrorContains(t, err, "engine")
	third.Redo = true
	_, still, err = third.Retry(t.Context(), 1)
	require.NoError(t, err)
	require.Zero(t, still)
	require.Equal(t, undisturbed(t, m, nil), results(t, m, dir))
}
