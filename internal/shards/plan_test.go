package shards

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func TestShardsOfEachSize(t *testing.T) {
	dir := write(t, map[string]string{
		"a/2.jsonl": lines("b", 7), "a/10.jsonl": lines("c", 3), "z.txt": "Lithium.", "b.jsonl.gz": gzipped(t, lines("d", 5)),
		"README.txt": "not this", "x.pdf": "nor this", ".hidden.txt": "nor this", "empty.jsonl": "",
	})
	var want []string
	for _, f := range []struct {
		prefix string
		n      int
	}{{"b", 7}, {"c", 3}, {"d", 5}} {
		for i := range f.n {
			want = append(want, f.prefix+strconv.Itoa(i))
		}
	}
	want = append(want, "z.txt")
	for name, set := range map[string]func(*PlanOptions){
		"1 shard":     func(o *PlanOptions) { o.Shards = 1 },
		"4 shards":    func(o *PlanOptions) { o.Shards = 4 },
		"16 shards":   func(o *PlanOptions) { o.Shards = 16 },
		"40 shards":   func(o *PlanOptions) { o.Shards = 40 },
		"1 document":  func(o *PlanOptions) { o.DocumentsPerShard = 1 },
		"5 documents": func(o *PlanOptions) { o.DocumentsPerShard = 5 },
		"1 byte":      func(o *PlanOptions) { o.BytesPerShard = 1 },
		"50 bytes":    func(o *PlanOptions) { o.BytesPerShard = 50 },
	} {
		o := options(dir)
		set(&o)
		m := plan(t, o)
		require.Equal(t, 16, m.Documents, name)
		shards := identifiers(t, m)
		require.Equal(t, want, slices.Concat(shards...), name)
		if o.Shards > 0 {
			require.Len(t, shards, o.Shards, name)
		}
		for _, s := range m.Shards {
			switch {
			case o.Shards > 0:
				require.LessOrEqual(t, s.Documents, 16/o.Shards+1, name)
			case o.DocumentsPerShard > 0:
				require.LessOrEqual(t, s.Documents, o.DocumentsPerShard, name)
			default:
				require.True(t, s.Bytes <= o.BytesPerShard || s.Documents == 1, name)
			}
		}
		again := plan(t, o)
		require.Equal(t, m, again)
		require.NoError(t, os.Remove(filepath.Join(dir, "manifest")))
	}
}

// A plain file of lines is read from the middle, and errors and identifiers count its
// lines from its beginning.
func TestRangesOfLines(t *testing.T) {
	dir := write(t, map[string]string{"a.jsonl": "\n{\"text\":\"one\"}\n\n{\"text\":\"two\"}\n{\"text\":3}\n{\"text\":\"four\"}"})
	o := options(dir)
	o.DocumentsPerShard = 1
	m := plan(t, o)
	require.Equal(t, [][]string{{"a.jsonl:2"}, {"a.jsonl:4"}, {"bad"}, {"a.jsonl:6"}}, identifiers(t, m))
	require.Equal(t, 1, m.Unreadable)
	for i, want := range []Range{{Offset: 1, Bytes: 15, Line: 2}, {Offset: 17, Bytes: 15, Line: 4}, {Offset: 32, Bytes: 11, Line: 5}, {Offset: 43, Bytes: 15, Line: 6}} {
		got := *m.Shards[i].Parts[0].Range
		got.SHA256 = ""
		require.Equal(t, want, got)
	}
}

func TestLaterCitationsCount(t *testing.T) {
	dir := write(t, map[string]string{
		"updates/pubmed26n0011.xml":     citations("new", 2, 9),
		"zbase/pubmed26n0001.xml.gz":    gzipped(t, citations("old", 1, 2, 3, 4)),
		"zbase/pubmed26n0002.xml.gz":    gzipped(t, citations("old", 5, 3, 6)),
		"another/lines.jsonl":           lines("", 3),
		"another/lines-of-others.jsonl": lines("", 2),
	})
	o := options(dir)
	o.Shards = 2
	m := plan(t, o)
	require.Equal(t, [][]string{{"0", "1", "0", "1", "2", "1"}, {"4", "5", "3", "6", "2", "9"}}, identifiers(t, m))
	require.Equal(t, 2, m.Superseded)
	o.Duplicates = Keep
	require.Equal(t, 14, plan(t, o).Documents)
	require.NoError(t, os.Remove(filepath.Join(dir, "manifest")))
	o.Duplicates = Later
	require.Equal(t, "[[0 1 4 5] [3 6 2 9]]", fmt.Sprint(identifiers(t, plan(t, o))), "of all documents")
}

// Of versions of a citation in one file the highest counts, and what a file deletes
// counts no more, unless a later file has it again.
func TestVersionsAndDeletions(t *testing.T) {
	deleting := func(text string, pmids ...int) string {
		list := "<DeleteCitation>"
		for _, id := range pmids {
			list += fmt.Sprintf(`<PMID Version="1">%d</PMID>`, id)
		}
		return strings.Replace(text, "</PubmedArticleSet>", list+"</DeleteCitation></PubmedArticleSet>", 1)
	}
	first := citations("a", 1, 2, 3, 4)
	first = strings.Replace(first, `Version="1">2<`, `Version="3">2<`, 1)
	first = strings.Replace(first, "</PubmedArticleSet>", citations("older version", 2)[len("<?xml version=\"1.0\"?>\n<PubmedArticleSet>\n"):], 1)
	dir := write(t, map[string]string{
		"pubmed26n0001.xml": first, "pubmed26n0002.xml": deleting(citations("b", 5, 6), 1, 3, 6, 99), "pubmed26n0003.xml": citations("c", 3),
	})
	o := options(dir)
	o.Shards = 1
	m := plan(t, o)
	require.Equal(t, [][]string{{"2", "4", "5", "3"}}, identifiers(t, m))
	require.Equal(t, []int{2, 2}, []int{m.Superseded, m.Deleted}, "an older version of 2 and the first 3; 1 and 6")
	r := newReading(m, &m.Shards[0], nil)
	for res := range r.documents(nil) {
		require.Contains(t, res.Text, "a 2.")
		break
	}
	o.Duplicates = Keep
	require.NoError(t, os.Remove(filepath.Join(dir, "manifest")))
	require.Equal(t, 8, plan(t, o).Documents)
}

// However few records a pass holds in memory, the same documents are outdated.
func TestOutdatedInPasses(t *testing.T) {
	s, err := newSpool()
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	for i := range 1000 {
		kind := byte(readable)
		if i%50 == 49 {
			kind = deletion
		}
		require.NoError(t, s.add(record{kind: kind, unique: i%7 != 0, id: strconv.Itoa(i * i % 61)}))
	}
	var want *outdated
	for _, atOnce := range []int{1 << 20, 100, 7} {
		out, err := s.outdated(atOnce)
		require.NoError(t, err)
		require.Positive(t, out.deleted)
		n := 0
		for i := range s.documents {
			if out.gone.has(i) {
				n++
			}
		}
		require.Equal(t, n, out.superseded+out.deleted)
		if want == nil {
			want = out
		}
		require.Equal(t, want, out)
	}
}

func TestInputsThatCantBePlanned(t *testing.T) {
	dir := write(t, map[string]string{"a.jsonl": lines("a", 2), "none/x.pdf": "", "empty/a.jsonl": ""})
	for _, paths := range [][]string{{"-"}, {dir + "/missing"}, {dir + "/*.missing"}, {dir + "/none"}, {dir + "/empty"}, {os.DevNull}} {
		o := options(dir)
		o.Paths, o.Shards = paths, 1
		_, err := Plan(t.Context(), o)
		require.Error(t, err, paths)
	}
}

func TestChangedInputsAreRefused(t *testing.T) {
	dir := write(t, map[string]string{"a.jsonl": lines("a", 6), "b.txt": "Lithium."})
	o := options(dir)
	o.Shards = 7
	m := plan(t, o)
	for name, text := range map[string]string{"b.txt": "lithium.", "a.jsonl": lines("b", 6)} {
		path := filepath.Join(dir, name)
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, changed := range []string{text, text + "\n", ""} {
			require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
			refused := 0
			for i := range m.Shards {
				if err := newReading(m, &m.Shards[i], nil).check(t.Context()); err != nil {
					var bad *badinput.Error
					require.ErrorAs(t, err, &bad)
					require.Equal(t, name, bad.File)
					refused++
				}
			}
			require.Equal(t, map[string]int{"b.txt": 1, "a.jsonl": 6}[name], refused)
		}
		require.NoError(t, os.WriteFile(path, before, 0o600))
	}
	require.NoError(t, os.Remove(filepath.Join(dir, "b.txt")))
	require.ErrorIs(t, newReading(m, &m.Shards[6], nil).check(t.Context()), os.ErrNotExist)
}

func TestDamagedManifests(t *testing.T) {
	dir := write(t, map[string]string{"a.jsonl": lines("a", 6)})
	o := options(dir)
	o.Shards = 2
	plan(t, o)
	path := filepath.Join(dir, "manifest")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, change := range [][2]string{
		{"medner-manifest/1", "medner-manifest/2"}, {`"input": 0`, `"input": 1`}, {`"input": 0`, `"input": -1`}, {`"count": 3`, `"count": 4`},
		{`"count": 3`, `"count": 900`}, {`"count": 3`, `"count": 3, "skip": "0-9"`}, {`"count": 3`, `"count": 3, "skip": "x"`}, {`"documents": 6`, `"documents": 7`},
		{`"shard": 1`, `"shard": 0`}, {"{", "["}, {`"offset": 0`, `"offset": -1`},
	} {
		damaged := bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)
		require.NotEqual(t, text, damaged, change)
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_, err := Load(path)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, change)
	}
	for n := range text {
		require.NoError(t, os.WriteFile(path, text[:n], 0o600))
		_, err := Load(path)
		if n < len(text)-1 {
			require.Error(t, err)
		}
	}
}
