package shards

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/ner/format"
)

// deleting returns a file of citations that deletes others.
func deleting(file string, pmids ...int) string {
	var list strings.Builder
	for _, id := range pmids {
		fmt.Fprintf(&list, "<PMID Version=\"1\">%d</PMID>", id)
	}
	return strings.Replace(file, "</PubmedArticleSet>", "<DeleteCitation>"+list.String()+"</DeleteCitation>\n</PubmedArticleSet>", 1)
}

// annotated plans the files of a folder that match a pattern, and annotates them.
func annotated(t *testing.T, dir, pattern string, fails map[string]error) Corpus {
	t.Helper()
	o := options(dir)
	o.Paths, o.Dir, o.DocumentsPerShard = []string{filepath.Join(dir, pattern)}, t.TempDir(), 2
	m := plan(t, o)
	c := Corpus{m, t.TempDir()}
	w := worker(m, c.Folder, &echo{fails: fails})
	for i := range m.Shards {
		_, err := w.Run(t.Context(), i)
		require.NoError(t, err)
	}
	return c
}

// mergedText returns what corpora are merged to.
func mergedText(t *testing.T, o MergeOptions, corpora ...Corpus) (string, *Report) {
	t.Helper()
	o.Path, o.Write = filepath.Join(t.TempDir(), "all"), format.WriteOptions{Format: format.JSONL, Text: true}
	report, err := Merge(t.Context(), corpora, o)
	require.NoError(t, err)
	return read(t, o.Path), report
}

// updated is a baseline of two files, and three updates: documents are revised, twice
// too, deleted, deleted and added again, added, and deleted in the file that has them.
func updated(t *testing.T) string {
	return write(t, map[string]string{
		"pubmed26n0001.xml": citations("Baseline", 1, 2, 3, 4, 5),
		"pubmed26n0002.xml": citations("Baseline", 6, 7, 8),
		"pubmed26n0003.xml": deleting(citations("First", 2, 6, 9), 3, 77),
		"pubmed26n0004.xml": deleting(citations("Second", 2, 10), 7, 9, 4),
		"pubmed26n0005.xml": deleting(citations("Third", 4, 11, 12), 12),
	})
}

// Corpora that are planned one by one give what one plan of all files gives, byte by
// byte, and in any order the same documents.
func TestMergeOfUpdates(t *testing.T) {
	dir := updated(t)
	whole, report := mergedText(t, MergeOptions{}, annotated(t, dir, "*.xml", nil))
	require.Zero(t, report.Superseded+report.Deleted, "the manifest has left them out")
	base, first, second, third := annotated(t, dir, "*000[12].xml", nil), annotated(t, dir, "*3.xml", nil), annotated(t, dir, "*4.xml", nil), annotated(t, dir, "*5.xml", nil)
	got, report := mergedText(t, MergeOptions{}, base, first, second, third)
	require.Equal(t, whole, got)
	// Baseline's 2, 4 and 6 and the first update's 2 are superseded; 3, 7 and 9 are deleted.
	// 12 is in no shard, as its own file deletes it.
	require.Equal(t, []int{4, 3, 8, 0}, []int{report.Superseded, report.Deleted, report.Annotated, report.Failed})

	// The numbers of the files count, not the order of the corpora.
	reversed, _ := mergedText(t, MergeOptions{}, third, first, base, second)
	require.ElementsMatch(t, strings.Split(whole, "\n"), strings.Split(reversed, "\n"))
	// Files that two manifests have do no harm.
	twice, _ := mergedText(t, MergeOptions{}, base, first, annotated(t, dir, "*000[345].xml", nil))
	require.Equal(t, whole, twice)
	twice, _ = mergedText(t, MergeOptions{}, base, second, annotated(t, dir, "*000[345].xml", nil))
	require.Equal(t, whole, twice)
}

// A later version that failed counts: the earlier one isn't what PubMed has.
func TestMergeOfFailedUpdates(t *testing.T) {
	dir := updated(t)
	base, first := annotated(t, dir, "*000[12].xml", nil), annotated(t, dir, "*3.xml", map[string]error{"2": errHard})
	var failed []string
	got, report := mergedText(t, MergeOptions{Failed: func(e *FailedError) { failed = append(failed, e.ID) }}, base, first)
	require.Equal(t, []string{"2"}, failed)
	require.NotContains(t, got, `"id":"2"`)
	require.Equal(t, []int{2, 1, 7, 1}, []int{report.Superseded, report.Deleted, report.Annotated, report.Failed})
	// Once the update is there, a version that failed before is no failure.
	base = annotated(t, dir, "*000[12].xml", map[string]error{"2": errHard})
	_, report = mergedText(t, MergeOptions{}, base, annotated(t, dir, "*3.xml", nil))
	require.Zero(t, report.Failed)
}

// Documents of other formats, and all where the plan keeps them, outdate nothing.
func TestMergeKeepsOtherDocuments(t *testing.T) {
	dir := write(t, map[string]string{"a.jsonl": lines("d", 3), "b.jsonl": lines("d", 2), "pubmed26n0001.xml": citations("One", 1, 2)})
	text, _ := mergedText(t, MergeOptions{}, annotated(t, dir, "a.jsonl", nil), annotated(t, dir, "b.jsonl", nil), annotated(t, dir, "*.xml", nil))
	require.Equal(t, 7, strings.Count(text, "\n"))
	// A file that two corpora have would come twice; of citations the later one counts.
	twice := []Corpus{annotated(t, dir, "a.jsonl", nil), annotated(t, dir, "*.jsonl", nil)}
	o := MergeOptions{Path: filepath.Join(t.TempDir(), "all"), Write: format.WriteOptions{Format: format.JSONL}}
	_, err := Merge(t.Context(), twice, o)
	require.ErrorContains(t, err, "a.jsonl, which the corpus in "+twice[0].Folder+" has too, expected each file once")
	require.NoFileExists(t, o.Path)
	text, _ = mergedText(t, MergeOptions{}, annotated(t, dir, "*.xml", nil), annotated(t, dir, "*.xml", nil))
	require.Equal(t, 2, strings.Count(text, "\n"))
}

// An update that only deletes is planned too, and files that are planned already aren't.
func TestPlanOfUpdates(t *testing.T) {
	dir := updated(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pubmed26n0006.xml"), []byte(deleting(citations("None"), 1, 2)), 0o600))
	base := annotated(t, dir, "*000[12345].xml", nil)
	o := options(dir)
	o.Shards, o.Previous, o.Dir = 1, []*Manifest{base.Manifest}, t.TempDir()
	m := plan(t, o)
	require.Len(t, m.Inputs, 1)
	require.Zero(t, m.Documents)
	require.Equal(t, []string{"1", "2"}, m.Inputs[0].Deletes)
	update := Corpus{m, t.TempDir()}
	_, err := worker(m, update.Folder, &echo{}).Run(t.Context(), 0)
	require.NoError(t, err)
	text, report := mergedText(t, MergeOptions{}, base, update)
	require.Equal(t, 6, strings.Count(text, "\n"))
	require.Equal(t, 2, report.Deleted)

	o.Previous = append(o.Previous, m)
	_, err = Plan(t.Context(), o)
	var nothing *NothingNewError
	require.ErrorAs(t, err, &nothing)
	require.ErrorIs(t, err, filelock.ErrBusy)
	require.Equal(t, 6, nothing.Files)
	// A file that has changed is new, whatever its name.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pubmed26n0006.xml"), []byte(deleting(citations("None"), 1, 5)), 0o600))
	require.NoError(t, os.Rename(filepath.Join(dir, "pubmed26n0001.xml"), filepath.Join(dir, "renamed.xml")))
	m, err = Plan(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, []string{"1", "5"}, m.Inputs[0].Deletes)
}

// Nothing is merged while a shard of one of the corpora is missing, or was made otherwise.
func TestMergeOfUnequalCorpora(t *testing.T) {
	dir := updated(t)
	base, update := annotated(t, dir, "*000[12].xml", nil), annotated(t, dir, "*3.xml", nil)
	require.NoError(t, os.Remove(folder(update.Folder).done(0)))
	o := MergeOptions{Path: filepath.Join(t.TempDir(), "all"), Write: format.WriteOptions{Format: format.JSONL}}
	_, err := Merge(t.Context(), []Corpus{base, update}, o)
	require.ErrorIs(t, err, filelock.ErrBusy)
	require.ErrorContains(t, err, update.Folder)
	w := worker(update.Manifest, update.Folder, &echo{})
	w.Config, w.Redo = Config{"engine": "2"}, true
	_, err = w.Run(t.Context(), 0)
	require.NoError(t, err)
	_, err = Merge(t.Context(), []Corpus{base, update}, o)
	require.ErrorContains(t, err, "engine")
	require.NoFileExists(t, o.Path)
}
