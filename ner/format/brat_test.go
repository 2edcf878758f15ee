package format

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

func readBrat(t *testing.T, text, ann string, o ReadOptions) (document.Result, error) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "d.txt"), []byte(text), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "d.ann"), []byte(ann), 0o644))
	r, err := Open(filepath.Join(dir, "d.ann"), o)
	require.NoError(t, err)
	for d, err := range r.Results() {
		return d, err
	}
	t.Fatal("no document")
	return document.Result{}, nil
}

func TestBrat(t *testing.T) {
	const text = "renal or hepatic toxicity\nof Li\n"
	var told []string
	d, err := readBrat(t, text, "R1\tCID Arg1:T2 Arg2:T1\nT1\tDisease 0 5;17 25\trenal toxicity\nT2\tChemical 29 31\tLi\r\n"+
		"N1\tReference T2 MESH:D008094\tLithium\nA1\tNegated T1\nA2\tCertainty T1 very low\n#1\tAnnotatorNotes T1\tsure?\nE1\tCause:T1\n*\tEquiv T1 T2\n",
		ReadOptions{Warn: func(w Warning) { told = append(told, w.Message) }})
	require.NoError(t, err)
	require.Equal(t, "d", d.ID)
	require.Equal(t, []document.Span{{Start: 0, End: 5}, {Start: 17, End: 25}}, d.Entities[0].Spans)
	require.Equal(t, "renal toxicity", d.Entities[0].Text)
	require.Equal(t, map[string]string{"Negated": "true", "Certainty": "very low"}, d.Entities[0].Infons)
	require.Equal(t, []string{"MESH:D008094"}, d.Entities[1].Concepts)
	require.Equal(t, []document.Link{{ID: "MESH:D008094", Name: "Lithium", Method: "reference", Score: 1}}, d.Entities[1].Links)
	require.Equal(t, []string{"MESH:D008094", "renal toxicity", "T2", "T1"},
		[]string{d.Relations[0].Chemical, d.Relations[0].Disease, d.Relations[0].ChemicalEntity, d.Relations[0].DiseaseEntity})
	require.Equal(t, []string{"notes are not kept", `lines of kind "E" are not kept`, `lines of kind "*" are not kept`}, told)
}

// Editors on Windows make the texts' lines end in CRLF after the offsets were
// counted.
func TestBratOffsetsThatCountACRLFAsOne(t *testing.T) {
	var told []string
	d, err := readBrat(t, "a\r\nb Li\r\nNa", "T1\tChemical 4 6\tLi\nT2\tChemical 7 9\tNa\n", ReadOptions{Warn: func(w Warning) { told = append(told, w.Message) }})
	require.NoError(t, err)
	require.Equal(t, []document.Span{{Start: 5, End: 7}}, d.Entities[0].Spans)
	require.Equal(t, []document.Span{{Start: 9, End: 11}}, d.Entities[1].Spans)
	require.Equal(t, []string{"offsets count code points with a CRLF as one; converted to code points"}, told)
}

func TestBratWritesMentionsOverLineEndsInPieces(t *testing.T) {
	const text = "renal\r\ntoxicity"
	var told []string
	got := mustWrite(t, WriteOptions{Format: Brat, Warn: func(w Warning) { told = append(told, w.Message) }},
		document.Result{Document: document.Document{ID: "1", Text: text, Entities: []document.Entity{entity(text, "Disease", text)}}})
	require.Equal(t, "T1\tDisease 0 5;7 15\trenal toxicity\n", got)
	require.Equal(t, []string{"brat does not hold mentions over a line's end (they are written in pieces)"}, told)
}

func TestBratErrors(t *testing.T) {
	for ann, want := range map[string]string{
		"T1\tDisease 0 5":                    `d.ann: line 1: found "T1\tDisease 0 5", expected T1, a tab, TYPE START END`,
		"T1\tDisease 0 x\trenal":             `line 1`,
		"T1\tDisease 0 5\tother":             `line 1: found "renal" at 0 to 5, expected "other"`,
		"T1\tD 0 5\trenal\nT1\tD 0 5\trenal": `line 2`,
		"R1\tCID Arg1:T1 Arg2:T2":            `mentions that exist`,
		"N1\tReference T9 MESH:D1\tx":        `a mention that exists`,
		"N1\tReference":                      `line 1`,
		"\tx":                                `an identifier such as T1`,
		"A1":                                 `columns separated by tabs`,
		"A1\tNegated":                        `A1, a tab, NAME T1 VALUE`,
		"T1\tDisease 0 5\tren\xffal":         `invalid UTF-8`,
		"\x00":                               `a NUL byte`,
	} {
		_, err := readBrat(t, "renal", ann, ReadOptions{})
		require.ErrorContains(t, err, want, ann)
		require.ErrorContains(t, err, "d.ann", ann)
	}
}

func TestBratFolder(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"a.txt": "Li", "a.ann": "T1\tChemical 0 2\tLi\n", "b.txt": "no annotations", "c.ann": "", "d.txt": "Na", "d.ann": "T1\tChemical 0 2\tXX\n", "e.txt": "K", "e.ann": "", "annotation.conf": "x"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644))
	}
	var got []string
	for d, err := range Files([]string{dir}, nil, ReadOptions{}) {
		if err != nil {
			got = append(got, "error")
			require.True(t, strings.Contains(err.Error(), "c.ann") || strings.Contains(err.Error(), "d.ann"), err)
			continue
		}
		got = append(got, d.ID)
	}
	require.Equal(t, []string{"a", "b", "error", "error", "e"}, got)
}

func TestBratFolderNamesFilesSafely(t *testing.T) {
	dir := t.TempDir()
	w, err := NewFolder(filepath.Join(dir, "out"), WriteOptions{Format: Brat})
	require.NoError(t, err)
	for _, id := range []string{"note.txt", "../../etc/passwd", "", strings.Repeat("é", 400), "note"} {
		require.NoError(t, w.Write(&document.Result{Document: document.Document{ID: id, Text: "x"}}))
	}
	require.NoError(t, w.Close())
	entries, err := os.ReadDir(filepath.Join(dir, "out"))
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	long := strings.Repeat("é", 100)
	require.Equal(t, []string{"_.._etc_passwd.ann", "_.._etc_passwd.txt", "document.ann", "document.txt", "note-2.ann", "note-2.txt", "note.ann", "note.txt", long + ".ann", long + ".txt"}, names)
	outside, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, outside, 1)
}

func TestBratOnAStreamNamesTheDocuments(t *testing.T) {
	doc := func(id string) document.Result {
		return document.Result{Document: document.Document{ID: id, Text: "Li", Entities: []document.Entity{entity("Li", document.Chemical, "Li")}}}
	}
	require.Equal(t, "T1\tChemical 0 2\tLi\n", mustWrite(t, WriteOptions{Format: Brat}, doc("1")))
	require.Equal(t, "# 1\nT1\tChemical 0 2\tLi\n# 2\nT1\tChemical 0 2\tLi\n", mustWrite(t, WriteOptions{Format: Brat}, doc("1"), doc("2")))
}
