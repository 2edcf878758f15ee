package job

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/hint"
)

// start is startJournal as Run calls it.
func start(path string, settings map[string]string, resume bool) (*journal, error) {
	return startJournal(&Output{Path: path, Settings: settings, Resume: resume, open: unsynced})
}

// unsynced opens files that are not flushed to disk, which takes long.
func unsynced(name string, flag int, perm os.FileMode) (file, error) {
	return (&mortal{left: 1 << 30}).open(name, flag, perm)
}

// writeDocument writes document i in two pieces, and records it.
func writeDocument(t *testing.T, j *journal, i int) {
	_, err := fmt.Fprintf(j, "document ")
	require.NoError(t, err)
	_, err = fmt.Fprintf(j, "%d\n", i)
	require.NoError(t, err)
	require.NoError(t, j.record(identity(i), i == 3))
}

// sizeIn returns the size of the output that a journal's line states: 0 for the
// first line.
func sizeIn(t *testing.T, line []byte) int {
	if line[0] == '{' {
		return 0
	}
	field, _, _ := bytes.Cut(line, []byte(" "))
	size, err := strconv.Atoi(string(field))
	require.NoError(t, err)
	return size
}

func TestJournalResumesAtAnyByte(t *testing.T) {
	dir := t.TempDir()
	settings := map[string]string{"inputs": "1"}
	whole := filepath.Join(dir, "whole")
	j, err := start(whole, settings, false)
	require.NoError(t, err)
	for i := range 8 {
		writeDocument(t, j, i)
	}
	log, err := os.ReadFile(whole + JournalSuffix)
	require.NoError(t, err)
	require.NoError(t, j.complete())
	want, err := os.ReadFile(whole)
	require.NoError(t, err)
	require.NoFileExists(t, whole+JournalSuffix)

	path := filepath.Join(dir, "cut")
	for output := 0; output <= len(want); output += 11 {
		for entries := 0; entries <= len(log); entries += 5 {
			require.NoError(t, os.WriteFile(path, want[:output], 0o644))
			require.NoError(t, os.WriteFile(path+JournalSuffix, log[:entries], 0o644))
			j, err := start(path, settings, true)
			if lines := bytes.Split(log[:entries], []byte("\n")); len(lines) > 1 && output > sizeIn(t, lines[len(lines)-2]) {
				var bad *badinput.Error
				require.ErrorAs(t, err, &bad, "the output holds more than the journal says")
				continue
			}
			require.NoError(t, err)
			for i, id := range j.done {
				require.Equal(t, identity(i), id)
			}
			if len(j.done) > 3 {
				require.Equal(t, 1, j.failed)
			}
			for i := len(j.done); i < 8; i++ {
				writeDocument(t, j, i)
			}
			require.NoError(t, j.complete())
			if entries <= bytes.IndexByte(log, '\n') {
				require.NoError(t, os.Remove(path+JournalSuffix))
			}
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got), "output cut at %d, journal at %d", output, entries)
		}
	}
	require.NoFileExists(t, path+partialSuffix)
	require.NoError(t, os.WriteFile(path, want, 0o644))
	require.NoError(t, os.WriteFile(path+JournalSuffix, log, 0o644))
	j, err = start(path, settings, true)
	require.NoError(t, err)
	require.Len(t, j.done, 8)
	require.NoError(t, j.complete())
	require.FileExists(t, path+JournalSuffix)
}

func TestJournalRefusesAnOutputWithoutOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	require.NoError(t, os.WriteFile(path, []byte("of whatever\n"), 0o644))
	_, err := start(path, nil, true)
	var bad *badinput.Error
	require.ErrorAs(t, err, &bad)
	require.NotEmpty(t, hint.Of(err))
	require.ErrorContains(t, err, "no "+path+JournalSuffix)
}

func TestJournalRefusesAnotherJob(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	j, err := start(path, map[string]string{"model": "a", "--task": "diseases"}, false)
	require.NoError(t, err)
	require.NoError(t, j.close())
	for want, settings := range map[string]map[string]string{
		"model: found b, expected a, as when the run began":               {"model": "b", "--task": "diseases"},
		"--task: found nothing, expected diseases, as when the run began": {"model": "a"},
		"--format: found tsv, expected nothing, as when the run began":    {"model": "a", "--task": "diseases", "--format": "tsv"},
	} {
		_, err = start(path, settings, true)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
		require.NotEmpty(t, hint.Of(err))
		require.ErrorContains(t, err, want)
	}
}
