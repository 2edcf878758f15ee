package format

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// makeTree writes files below a temporary folder. A value "-> X" makes a link to X.
func makeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		if strings.HasSuffix(name, "/") {
			require.NoError(t, os.MkdirAll(path, 0o700))
		} else if to, ok := strings.CutPrefix(data, "-> "); ok {
			require.NoError(t, os.Symlink(to, path))
		} else {
			require.NoError(t, os.WriteFile(path, []byte(data), 0o600))
		}
	}
	return dir
}

// readFiles returns the identifiers of what Files delivers, and the warnings without
// the folder's path.
func readFiles(t *testing.T, dir string, paths ...string) (ids, told []string) {
	t.Helper()
	var tally Tally
	o := ReadOptions{Warn: tally.Add}
	for i := range paths {
		paths[i] = filepath.Join(dir, paths[i])
	}
	for d, err := range Files(paths, nil, o) {
		require.NoError(t, err)
		ids = append(ids, strings.ReplaceAll(d.ID, filepath.ToSlash(dir), "DIR"))
	}
	for _, line := range tally.Lines() {
		told = append(told, strings.ReplaceAll(line, dir, "DIR"))
	}
	return ids, told
}

func TestFoldersAreReadOnce(t *testing.T) {
	dir := makeTree(t, map[string]string{
		"in/a.txt": "a", "in/b/a.txt": "b", "in/b/loop": "-> ..", "in/b/self": "-> self", "in/c/a.txt": "c", "in/again.txt": "-> a.txt", "in/other": "-> c",
	})
	ids, told := readFiles(t, dir, "in")
	require.Equal(t, []string{"a.txt", "b/a.txt", "c/a.txt"}, ids)
	require.Equal(t, []string{
		"DIR/in/again.txt: files that were read already are skipped",
		"folders that were read already are skipped (2 times, first in DIR/in/b/loop)",
		"DIR/in/b/self: links that lead to themselves are skipped",
	}, told)
}

// TestFilesWithoutDocuments: an empty set is named, whatever its format.
func TestFilesWithoutDocuments(t *testing.T) {
	for _, data := range []string{`{"PubTator3": []}`, "[]", "<PubmedArticleSet></PubmedArticleSet>", "<collection><source/></collection>"} {
		var tally Tally
		for _, err := range Files([]string{"-"}, strings.NewReader(data), ReadOptions{Warn: tally.Add}) {
			require.NoError(t, err, data)
			t.Errorf("%s: found a document", data)
		}
		require.Contains(t, tally.Lines(), "stdin: the file has no documents", data)
	}
}

func TestFoldersSkipWhatIsNoDocument(t *testing.T) {
	dir := makeTree(t, map[string]string{
		"in/a.TXT": "a", "in/README.md": "x", "in/readme.txt": "x", "in/LICENSE": "x", "in/figure.png": "x", "in/b.png": "x", "in/noext": "x", "in/.hidden.txt": "x",
		"in/d.nxml": "<article><body><p>d</p></body></article>", "in/e.jsonl.gz": `{"id":"e","text":"x"}`, "in/empty/": "",
	})
	ids, told := readFiles(t, dir, "in")
	require.Equal(t, []string{"a.TXT", "d.nxml", "e"}, ids)
	require.Equal(t, []string{
		"DIR/in/LICENSE: files called LICENSE are skipped in folders",
		"files called README are skipped in folders (2 times, first in DIR/in/README.md)",
		`files that end in ".png" are skipped in folders (2 times, first in DIR/in/b.png)`,
		"DIR/in/noext: files without an extension are skipped in folders",
	}, told)
	// What is named is read.
	ids, told = readFiles(t, dir, "in/README.md", "in/noext")
	require.Equal(t, []string{"README.md", "noext"}, ids)
	require.Empty(t, told)
	ids, told = readFiles(t, dir, "in/empty")
	require.Empty(t, ids)
	require.Equal(t, []string{"DIR/in/empty: the folder has no files that can be read"}, told)
}

func TestFilesOfOneNameHaveDifferentIdentifiers(t *testing.T) {
	dir := makeTree(t, map[string]string{
		"a/x.txt": "1", "b/x.txt": "2", "c/x.jsonl": `{"text":"3"}`, "d/x.jsonl": `{"text":"4"}`, "e/x.tsv": "text\n5\n", "f/x.tsv": "text\n6\n",
		"g/p.ann": "", "g/p.txt": "7", "h/p.ann": "", "h/p.txt": "8",
	})
	ids, told := readFiles(t, dir, "a/x.txt", "b/x.txt", "c", "d", "e/x.tsv", "f/x.tsv", "g", "h", "a/x.txt")
	require.Empty(t, told[1:])
	require.Contains(t, told[0], "a/x.txt: files that were read already are skipped")
	require.Equal(t, []string{"DIR/a/x.txt", "DIR/b/x.txt", "x.jsonl:1", "DIR/d/x.jsonl:1", "DIR/e/x.tsv:2", "DIR/f/x.tsv:2", "p", "DIR/h/p"}, ids)

	ids, _ = readFiles(t, dir, ".")
	require.Equal(t, []string{"a/x.txt", "b/x.txt", "c/x.jsonl:1", "d/x.jsonl:1", "e/x.tsv:2", "f/x.tsv:2", "g/p", "h/p"}, ids)
	ids, _ = readFiles(t, dir, "a/x.txt", "g/p.ann")
	require.Equal(t, []string{"x.txt", "p"}, ids)
	ids, _ = readFiles(t, dir, "g/p.ann", "h/p.ann")
	require.Equal(t, []string{"DIR/g/p", "DIR/h/p"}, ids)
}

// A folder of brat may have other folders and files in it.
func TestBratFoldersWithinFolders(t *testing.T) {
	dir := makeTree(t, map[string]string{
		"in/p.ann": "", "in/p.txt": "1", "in/q.txt": "2", "in/r.jsonl": `{"id":"r","text":"3"}`, "in/deep/p.ann": "", "in/deep/p.txt": "4", "in/annotation.conf": "x",
	})
	ids, told := readFiles(t, dir, "in")
	require.Equal(t, []string{"p", "q", "deep/p", "r"}, ids)
	require.Equal(t, []string{`DIR/in/annotation.conf: files that end in ".conf" are skipped in folders`}, told)
}

// A part of a file of lines is read as it is within the whole.
func TestAPartOfAFile(t *testing.T) {
	const lines = `{"text":"Aspirin."}` + "\n" + `{"text":7}` + "\n"
	r, err := NewReader("dir/a.jsonl", strings.NewReader(lines), ReadOptions{FirstLine: 41, FileID: "dir/a.jsonl"})
	require.NoError(t, err)
	var ids, errs []string
	for res, err := range r.Results() {
		ids = append(ids, res.ID)
		if err != nil {
			errs = append(errs, err.Error())
		}
	}
	require.Equal(t, "dir/a.jsonl:41", ids[0])
	require.Len(t, errs, 1)
	require.Contains(t, errs[0], "line 42")
}

func TestIsInput(t *testing.T) {
	for path, want := range map[string]bool{"a/b.JSONL.gz": true, "b.xml": true, "b.pdf": false, "README.txt": false, ".b.txt": false, "b": false, "b.gz": false} {
		require.Equal(t, want, IsInput(path), path)
	}
}
