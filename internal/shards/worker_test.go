package shards

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/filelock"
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// corpus plans a corpus of n documents, the fourth of which can't be read, in shards.
func corpus(t *testing.T, n, shards int) *Manifest {
	t.Helper()
	text := strings.Replace(lines("d", n), `"Aspirin3 and others."`, "3", 1)
	o := options(write(t, map[string]string{"a.jsonl": text}))
	o.Shards = shards
	return plan(t, o)
}

// results returns what the shards in a folder hold: output and errors of each.
func results(t *testing.T, m *Manifest, dir string) (all []string) {
	t.Helper()
	for i := range m.Shards {
		all = append(all, read(t, folder(dir).output(i)), read(t, folder(dir).errors(i)))
	}
	return all
}

// names returns the names in a folder and those below it.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, d.Name())
		}
		return err
	}))
	return all
}

// undisturbed returns the results of a run that nothing interrupts.
func undisturbed(t *testing.T, m *Manifest, fails map[string]error) []string {
	t.Helper()
	dir := t.TempDir()
	w := worker(m, dir, &echo{fails: fails})
	for i := range m.Shards {
		o, err := w.Run(t.Context(), i)
		require.NoError(t, err)
		require.False(t, o.Already)
	}
	return results(t, m, dir)
}

func TestRunTwice(t *testing.T) {
	m := corpus(t, 10, 3)
	dir := t.TempDir()
	e := &echo{fails: map[string]error{"d8": errHard}}
	w := worker(m, dir, e)
	for i := range m.Shards {
		o, err := w.Run(t.Context(), i)
		require.NoError(t, err)
		require.Equal(t, m.Shards[i].Documents, o.Done.Documents)
	}
	require.Equal(t, 1, e.opened)
	require.Len(t, e.asked, 9)
	first := results(t, m, dir)
	require.Contains(t, first[3], `{"shard":1,"index":0,"id":"d3","input":"a.jsonl","error":"a.jsonl: line `)
	require.Contains(t, first[5], `{"shard":2,"index":2,"id":"d8","input":"a.jsonl","error":"too hard"}`)
	require.Equal(t, []string{
		"shard-00000.done", "shard-00000.errors.jsonl", "shard-00000.jsonl", "shard-00001.done", "shard-00001.errors.jsonl",
		"shard-00001.jsonl", "shard-00002.done", "shard-00002.errors.jsonl", "shard-00002.jsonl",
	}, names(t, dir))

	again := worker(m, dir, &echo{})
	for i := range m.Shards {
		o, err := again.Run(t.Context(), i)
		require.NoError(t, err)
		require.True(t, o.Already)
	}
	require.Equal(t, first, results(t, m, dir))
	require.Equal(t, first, undisturbed(t, m, e.fails))
	_, err := again.Run(t.Context(), 3)
	require.ErrorContains(t, err, "found 3, expected 0 to 2")
}

// However often a worker ends, in whatever way, the next one goes on, and the result is
// that of an undisturbed run.
func TestWorkersThatEnd(t *testing.T) {
	m := corpus(t, 12, 2)
	fails := map[string]error{"d5": errHard, "d7": errHard}
	want := undisturbed(t, m, fails)
	for name, end := range map[string]func(stop chan struct{}, e *echo, cancel func()){
		"stopped":  func(stop chan struct{}, _ *echo, _ func()) { close(stop) },
		"canceled": func(_ chan struct{}, _ *echo, cancel func()) { cancel() },
		"machine fails": func(_ chan struct{}, e *echo, _ func()) {
			e.fails[e.asked[len(e.asked)-1]] = fmt.Errorf("%w", errMachine)
		},
	} {
		dir := t.TempDir()
		resumed := 0
		for i := range m.Shards {
			for tries := 0; ; tries++ {
				require.Less(t, tries, 20)
				ctx, cancel := context.WithCancel(t.Context())
				e := &echo{fails: map[string]error{"d5": errHard, "d7": errHard}}
				w, stop := worker(m, dir, e), make(chan struct{})
				w.Stop = stop
				e.watch = func(string) {
					if len(e.asked) == 3 {
						end(stop, e, cancel)
					}
				}
				o, err := w.Run(ctx, i)
				cancel()
				if err == nil {
					resumed += o.Done.Made.Resumed
					break
				}
				require.True(t, errors.Is(err, ErrStopped) || errors.Is(err, context.Canceled) || errors.Is(err, errMachine), "%s: %v", name, err)
				require.NoFileExists(t, folder(dir).output(i))
			}
		}
		require.Positive(t, resumed, name)
		require.Equal(t, want, results(t, m, dir), name)
		require.Len(t, names(t, dir), 6, name)
	}
}

// A process that is killed leaves its files and its lease. Wherever it was, the next one
// goes on; a line that it has written in part is left out.
func TestFilesOfAKilledProcess(t *testing.T) {
	m := corpus(t, 12, 1)
	fails := map[string]error{"d5": errHard}
	want := undisturbed(t, m, fails)
	f := folder(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	e := &echo{fails: fails}
	e.watch = func(string) {
		if len(e.asked) == 8 {
			cancel()
		}
	}
	_, err := worker(m, string(f), e).Run(ctx, 0)
	require.ErrorIs(t, err, context.Canceled)
	left, err := f.attempts(0)
	require.NoError(t, err)
	require.Len(t, left, 1)
	output, journal, failures := read(t, left[0].output), read(t, left[0].output+".resume"), read(t, left[0].failures)
	for name, change := range map[string]func(){
		"as it is":                 func() {},
		"a failure twice":          func() { failures += failures },
		"half of a failure":        func() { failures += "\n{\"shard\":0,\"ind" },
		"a failure of no document": func() { failures += "\n{\"shard\":0,\"index\":9,\"error\":\"x\"}\n" },
		"half of a line":           func() { journal += "77 abc" },
		"half of a document":       func() { output = output[:len(output)-7] },
		"no output":                func() { output = "" },
		"nothing but a journal":    func() { journal = "" },
	} {
		before := []string{output, journal, failures}
		change()
		require.NoError(t, os.RemoveAll(string(f)))
		require.NoError(t, os.MkdirAll(f.work(), 0o700))
		require.NoError(t, os.WriteFile(left[0].output, []byte(output), 0o600))
		require.NoError(t, os.WriteFile(left[0].output+".resume", []byte(journal), 0o600))
		require.NoError(t, os.WriteFile(left[0].failures, []byte(failures), 0o600))
		output, journal, failures = before[0], before[1], before[2]
		_, err := worker(m, string(f), &echo{fails: fails}).Run(t.Context(), 0)
		require.NoError(t, err, name)
		require.Equal(t, want, results(t, m, string(f)), name)
		require.Len(t, names(t, string(f)), 3, name)
	}
}

// A process that died after it had given the output its name is gone on with too.
func TestKilledBeforeDone(t *testing.T) {
	m := corpus(t, 12, 1)
	f := folder(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	e := &echo{}
	e.watch = func(id string) {
		if id == "d11" {
			cancel()
		}
	}
	_, err := worker(m, string(f), e).Run(ctx, 0)
	require.ErrorIs(t, err, context.Canceled)
	left, err := f.attempts(0)
	require.NoError(t, err)
	require.NoError(t, os.Rename(left[0].output, f.output(0)))
	last := &echo{}
	_, err = worker(m, string(f), last).Run(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, []string{"d11"}, last.asked)
	require.Equal(t, undisturbed(t, m, nil), results(t, m, string(f)))
}

func TestOtherConfigurations(t *testing.T) {
	m := corpus(t, 6, 1)
	dir := t.TempDir()
	_, err := worker(m, dir, &echo{}).Run(t.Context(), 0)
	require.NoError(t, err)
	before := results(t, m, dir)
	other := worker(m, dir, &echo{})
	other.Config = Config{"engine": "2", "model": "echo"}
	for range 2 {
		_, err = other.Run(t.Context(), 0)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
		require.ErrorContains(t, err, `engine: found 2, expected 1, with which the shard was made`)
		require.Equal(t, before, results(t, m, dir))
	}
	other.Redo = true
	o, err := other.Run(t.Context(), 0)
	require.NoError(t, err)
	require.False(t, o.Already)
	require.Equal(t, "2", o.Done.Settings["engine"])

	// So is a shard that was begun otherwise.
	dir = t.TempDir()
	begun := worker(m, dir, &echo{fails: map[string]error{"d4": errMachine}})
	_, err = begun.Run(t.Context(), 0)
	require.ErrorIs(t, err, errMachine)
	other = worker(m, dir, &echo{})
	other.Config = Config{"engine": "2", "model": "echo"}
	_, err = other.Run(t.Context(), 0)
	require.ErrorContains(t, err, "shard 0 was begun otherwise")
	other.Redo = true
	_, err = other.Run(t.Context(), 0)
	require.NoError(t, err)

	// And one of another manifest.
	more := corpus(t, 7, 1)
	_, err = worker(more, dir, &echo{}).Run(t.Context(), 0)
	require.Error(t, err)
	next := worker(more, dir, &echo{})
	next.Config = other.Config
	_, err = next.Run(t.Context(), 0)
	require.ErrorContains(t, err, "plan_sha256")
}

func TestDamagedShards(t *testing.T) {
	m := corpus(t, 9, 1)
	want := undisturbed(t, m, nil)
	for name, c := range map[string]struct {
		change  func(f folder) error
		refused bool
	}{
		"output changed": {func(f folder) error { return os.WriteFile(f.output(0), []byte("x"), 0o600) }, true},
		"errors changed": {func(f folder) error { return os.WriteFile(f.errors(0), []byte("x"), 0o600) }, true},
		"done changed":   {func(f folder) error { return os.WriteFile(f.done(0), []byte("{}"), 0o600) }, true},
		"output gone":    {func(f folder) error { return os.Remove(f.output(0)) }, false},
		"errors gone":    {func(f folder) error { return os.Remove(f.errors(0)) }, false},
		"done gone":      {func(f folder) error { return os.Remove(f.done(0)) }, false},
	} {
		f := folder(t.TempDir())
		_, err := worker(m, string(f), &echo{}).Run(t.Context(), 0)
		require.NoError(t, err)
		require.NoError(t, c.change(f))
		w := worker(m, string(f), &echo{})
		_, err = w.Run(t.Context(), 0)
		if c.refused {
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad, name)
			report, err := Verify(t.Context(), m, string(f))
			require.NoError(t, err)
			require.Len(t, report.Damaged, 1, name)
			require.Error(t, report.Damage())
			w.Redo = true
			_, err = w.Run(t.Context(), 0)
			require.NoError(t, err, name)
		} else {
			require.NoError(t, err, name)
		}
		require.Equal(t, want, results(t, m, string(f)), name)
	}
}

// One shard, two workers: the second one is told, or waits.
func TestTwoWorkersOnOneShard(t *testing.T) {
	m := corpus(t, 9, 2)
	dir := t.TempDir()
	first := &echo{}
	waited := make(chan error, 1)
	first.watch = func(id string) {
		if len(first.asked) != 2 {
			return
		}
		_, err := worker(m, dir, &echo{}).Run(t.Context(), 0)
		var busy *BusyError
		require.ErrorAs(t, err, &busy)
		require.ErrorIs(t, err, filelock.ErrBusy)
		require.Equal(t, os.Getpid(), busy.PID)
		_, err = worker(m, dir, &echo{}).Run(t.Context(), 1)
		require.NoError(t, err, "another shard is free")
		go func() {
			w := worker(m, dir, &echo{})
			w.Wait = time.Hour
			o, err := w.Run(t.Context(), 0)
			if err == nil && !o.Already {
				err = errors.New("done twice")
			}
			waited <- err
		}()
		require.Equal(t, Running, Status(m, dir)[0].State)
	}
	_, err := worker(m, dir, first).Run(t.Context(), 0)
	require.NoError(t, err)
	require.NoError(t, <-waited)
	require.Equal(t, undisturbed(t, m, nil), results(t, m, dir))
}
