package job

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/ner/format"
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// names returns the names in a directory.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// stopAt returns a context that ends when document id is asked about.
func stopAt(t *testing.T, id string) (context.Context, *echo) {
	ctx, cancel := context.WithCancel(t.Context())
	return ctx, &echo{watch: func(asked string) {
		if asked == id {
			cancel()
		}
	}}
}

// The file that was there before stays until the new one is complete.
func TestTheOldOutputStaysUntilTheEnd(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	require.NoError(t, os.WriteFile(path, []byte("precious"), 0o640))
	ctx, first := stopAt(t, "4")
	_, err := Run(ctx, Options{Extractor: first, Documents: corpus(6), Output: output(path, false)})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "precious", read(t, path))
	require.Equal(t, []string{"out", "out.partial", "out.resume"}, names(t, dir))

	report, err := Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(6), Output: output(path, true)})
	require.NoError(t, err)
	require.Equal(t, 4, report.Resumed)
	require.Equal(t, []string{"out", "out.resume"}, names(t, dir))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm(), "the mode is kept")

	other := filepath.Join(t.TempDir(), "new")
	_, err = Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(6), Output: output(other, false)})
	require.NoError(t, err)
	require.Equal(t, read(t, other), read(t, path))
	require.Equal(t, []string{"new"}, names(t, filepath.Dir(other)))

	// Another run without Resume begins anew, and removes what is left of the first.
	ctx, again := stopAt(t, "1")
	_, err = Run(ctx, Options{Extractor: again, Documents: corpus(3), Output: output(path, false)})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, read(t, other), read(t, path))
	_, err = Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(3), Output: output(path, false)})
	require.NoError(t, err)
	require.Equal(t, []string{"out"}, names(t, dir))
	require.Len(t, read(t, path), strings.Index(read(t, other), "\n3\t")+1)
}

// An output that isn't what the journal says is not touched.
func TestResumeTouchesNoOtherFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	run := func() error {
		_, err := Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(6), Output: output(path, true)})
		return err
	}
	require.NoError(t, run())
	whole, journal := read(t, path), read(t, path+JournalSuffix)
	aside := filepath.Join(dir, "aside")
	require.NoError(t, os.WriteFile(aside, []byte(whole), 0o600))
	for name, place := range map[string]func() error{
		"another file":         func() error { return os.WriteFile(path, []byte(strings.Repeat("precious\n", 100)), 0o600) },
		"a shorter one":        func() error { return os.WriteFile(path, []byte(strings.Repeat("x", len(whole)-5)), 0o600) },
		"one byte changed":     func() error { return os.WriteFile(path, []byte("x"+whole[1:]), 0o600) },
		"last byte changed":    func() error { return os.WriteFile(path, []byte(whole[:len(whole)-1]+"x"), 0o600) },
		"lines were added":     func() error { return os.WriteFile(path, []byte(whole+"mine\n"), 0o600) },
		"a link":               func() error { return os.Symlink(aside, path) },
		"a link to nothing":    func() error { return os.Symlink(aside+".none", path) },
		"a folder":             func() error { return os.MkdirAll(filepath.Join(path, "mine"), 0o700) },
		"a hard link to other": func() error { _ = os.WriteFile(aside, []byte("precious"), 0o600); return os.Link(aside, path) },
	} {
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, os.WriteFile(aside, []byte(whole), 0o600))
		require.NoError(t, os.WriteFile(path+JournalSuffix, []byte(journal), 0o600))
		require.NoError(t, place())
		before, _ := os.ReadFile(path)
		beside := read(t, aside)
		err := run()
		require.Error(t, err, name)
		require.Equal(t, journal, read(t, path+JournalSuffix), name)
		require.Equal(t, beside, read(t, aside), name)
		after, _ := os.ReadFile(path)
		require.Equal(t, string(before), string(after), name)
		require.NoFileExists(t, aside+".none")
	}
	require.NoError(t, os.RemoveAll(path))
	require.NoError(t, run(), "an output that was removed is made again")
	require.Equal(t, whole, read(t, path))
}

func TestDamagedJournals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	run := func() error {
		_, err := Run(t.Context(), Options{Extractor: &echo{fails: []string{"4"}}, Documents: corpus(6), Output: output(path, true)})
		return err
	}
	require.NoError(t, run())
	whole, journal := read(t, path), read(t, path+JournalSuffix)
	lines := strings.SplitAfter(journal, "\n")
	for name, text := range map[string]string{
		"no journal":         "precious notes\n",
		"from the future":    strings.Replace(journal, "journal/2", "journal/9", 1),
		"a line is missing":  strings.Replace(journal, lines[2], "", 1),
		"a line twice":       strings.Replace(journal, lines[2], lines[2]+lines[2], 1),
		"lines exchanged":    strings.Replace(journal, lines[1]+lines[2], lines[2]+lines[1], 1),
		"the head is gone":   strings.Join(lines[1:], ""),
		"bytes behind":       journal + "precious notes\n",
		"a line without end": lines[0] + strings.Repeat("7", 3<<20),
	} {
		require.NoError(t, os.WriteFile(path+JournalSuffix, []byte(text), 0o600))
		err := run()
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
		require.Equal(t, path+JournalSuffix, bad.File, name)
		require.Equal(t, text, read(t, path+JournalSuffix), name)
		require.Equal(t, whole, read(t, path), name)
	}
	for at := range len(journal) - 1 {
		changed := []byte(journal)
		changed[at] ^= 1
		require.NoError(t, os.WriteFile(path+JournalSuffix, changed, 0o600))
		var bad *badinput.Error
		require.ErrorAs(t, run(), &bad, "byte %d", at)
		require.Equal(t, whole, read(t, path))
	}
}

// Files that stand where medner would write beside the output are not medner's.
func TestFilesBesideTheOutput(t *testing.T) {
	for _, resume := range []bool{false, true} {
		for _, suffix := range []string{JournalSuffix, partialSuffix} {
			dir := t.TempDir()
			path, aside := filepath.Join(dir, "out"), filepath.Join(dir, "aside")
			require.NoError(t, os.WriteFile(aside, []byte("precious"), 0o600))
			for name, place := range map[string]func() error{
				"a file":   func() error { return os.WriteFile(path+suffix, []byte("precious"), 0o600) },
				"a link":   func() error { return os.Symlink(aside, path+suffix) },
				"a folder": func() error { return os.MkdirAll(filepath.Join(path+suffix, "mine"), 0o700) },
			} {
				require.NoError(t, os.RemoveAll(path+suffix))
				require.NoError(t, place())
				_, err := Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(2), Output: output(path, resume)})
				var bad *badinput.Error
				require.ErrorAs(t, err, &bad, "%s %s", suffix, name)
				require.NotEmpty(t, hint.Of(err))
				require.Equal(t, "precious", read(t, aside))
				require.NoFileExists(t, path)
			}
		}
	}
}

func TestTwoRunsOfOneOutput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	first := &echo{}
	first.watch = func(id string) {
		for _, resume := range []bool{false, true} {
			_, err := Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(3), Output: output(path, resume)})
			require.ErrorIs(t, err, filelock.ErrBusy)
		}
	}
	_, err := Run(t.Context(), Options{Extractor: first, Documents: corpus(2), Output: output(path, false)})
	require.NoError(t, err)
}

// A format that can't be written a part at a time appears when it is complete.
func TestFormatsThatHaveAnEnd(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
	o := Output{Path: path, Write: format.WriteOptions{Format: format.BioCJSON}}
	ctx, first := stopAt(t, "1")
	report, err := Run(ctx, Options{Extractor: first, Documents: corpus(2), Output: o})
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, report.Resumable)
	require.Equal(t, "precious", read(t, path))
	require.Equal(t, []string{"out"}, names(t, dir))
	_, err = Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(2), Output: o})
	require.NoError(t, err)
	require.Contains(t, read(t, path), `"documents"`)
	require.Equal(t, []string{"out"}, names(t, dir))
}

// A run in which every document fails, as where the input's name is mistyped,
// takes no other file's place.
func TestNothingTakesTheOldOutputsPlace(t *testing.T) {
	fails := &echo{fails: []string{"0", "1"}}
	for _, f := range []format.Format{format.TSV, format.BioCJSON} {
		dir := t.TempDir()
		path := filepath.Join(dir, "out")
		require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
		o := output(path, false)
		o.Write.Format = f
		report, err := Run(t.Context(), Options{Extractor: fails, Documents: corpus(2), Output: o})
		require.NoError(t, err)
		require.Equal(t, 2, report.Failed)
		require.Equal(t, "precious", read(t, path))
		require.Equal(t, []string{"out"}, names(t, dir))
	}
	path := filepath.Join(t.TempDir(), "new")
	_, err := Run(t.Context(), Options{Extractor: fails, Documents: corpus(2), Output: output(path, true)})
	require.NoError(t, err)
	report, err := Run(t.Context(), Options{Extractor: &echo{}, Documents: corpus(4), Output: output(path, true)})
	require.NoError(t, err)
	require.Equal(t, 2, report.Resumed)
	require.Equal(t, 1, strings.Count(read(t, path), "Aspirin"))
}
