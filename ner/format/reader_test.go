package format

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(data), 0o644))
		return path
	}
	a := write("a.txt", "\ufeffLi\r\n")
	b := write("b.jsonl", `{"id":"b1","text":"x"}`+"\n"+`{"id":"b2","text":"y"}`)
	write("folder/c.txt", "c")
	write("folder/.hidden", "no")
	write("folder/deep/d.txt", "d")
	read := 0
	var got []string
	for d, err := range Files([]string{a, b, filepath.Join(dir, "folder"), filepath.Join(dir, "missing"), "-"}, strings.NewReader("7|t|from a pipe"), ReadOptions{Progress: func(n int) { read += n }}) {
		if err != nil {
			require.ErrorIs(t, err, os.ErrNotExist)
			got = append(got, "missing")
			continue
		}
		got = append(got, d.ID+"="+d.Text)
	}
	require.Equal(t, []string{"a.txt=Li\r\n", "b1=x", "b2=y", "c.txt=c", "deep/d.txt=d", "missing", "7=from a pipe"}, got)
	require.Equal(t, 7+22+1+22+1+1+15, read)
	for d, err := range Files([]string{b, a}, nil, ReadOptions{}) {
		require.NoError(t, err)
		require.Equal(t, "b1", d.ID)
		break // stopping early is fine
	}
}

func TestAFailingFileEndsItsDocuments(t *testing.T) {
	broken := io.MultiReader(strings.NewReader(`{"id":"1","text":"x"}`+"\n"), failing{})
	r, err := NewReader("pipe", broken, ReadOptions{Format: JSONL})
	if err == nil {
		var errs []error
		for _, err := range r.Results() {
			if err != nil {
				errs = append(errs, err)
			}
		}
		require.Len(t, errs, 1)
		err = errs[0]
	}
	require.ErrorContains(t, err, "pipe: the cable is out")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the cable is out") }

func TestConvert(t *testing.T) {
	r, err := NewReader("x.jsonl", strings.NewReader(`{"id":"1","text":"a\nb"}`+"\n{}\n"+`{"id":"3","text":"c\nd"}`+"\n"), ReadOptions{})
	require.NoError(t, err)
	var out strings.Builder
	var tally Tally
	w, err := NewWriter(&out, WriteOptions{Format: PubTator, Warn: tally.Add})
	require.NoError(t, err)
	var failures []string
	n, err := Convert(context.Background(), r.Results(), w, func(err error) { failures = append(failures, err.Error()) })
	require.NoError(t, err)
	require.Equal(t, Counts{Documents: 3, Failed: 1}, n)
	require.Len(t, failures, 1)
	require.Equal(t, "1|t|a\n1|a|b\n\n3|t|c\n3|a|d\n\n", out.String())
	require.Equal(t, []string{"pubtator does not hold line breaks (they become spaces) (2 times, first in document 1)"}, tally.Lines())
}

func TestConvertStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := NewReader("x.txt", strings.NewReader("x"), ReadOptions{})
	require.NoError(t, err)
	_, err = Convert(ctx, r.Results(), &jsonlWriter{w: io.Discard}, func(error) {})
	require.ErrorIs(t, err, context.Canceled)
}

func TestConvertStopsAtAFullDisk(t *testing.T) {
	r, err := NewReader("x.txt", strings.NewReader("x"), ReadOptions{})
	require.NoError(t, err)
	_, err = Convert(context.Background(), r.Results(), &jsonlWriter{w: full{}}, func(error) {})
	require.ErrorContains(t, err, "no space")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestWritersRefuseSpansOutsideTheText(t *testing.T) {
	for _, f := range []Format{PubTator, BioCXML, BioCJSON, Brat, DisplaCy, HTML} {
		for _, s := range []document.Span{{Start: -1, End: 1}, {Start: 2, End: 1}, {Start: 0, End: 4}} {
			w, err := NewWriter(io.Discard, WriteOptions{Format: f})
			require.NoError(t, err)
			r := document.Result{Document: document.Document{ID: "1", Text: "abc", Entities: []document.Entity{{Spans: []document.Span{s}}}}}
			requireBadInput(t, w.Write(&r), f)
		}
	}
}
