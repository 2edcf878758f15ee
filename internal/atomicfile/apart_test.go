package atomicfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

func TestApart(t *testing.T) {
	dir := t.TempDir()
	at := func(elem ...string) string { return filepath.Join(append([]string{dir}, elem...)...) }
	require.NoError(t, os.MkdirAll(at("in", "deep"), 0o755))
	require.NoError(t, os.MkdirAll(at("out"), 0o755))
	for _, name := range []string{"in/a", "in/deep/b", "c"} {
		require.NoError(t, os.WriteFile(at(name), []byte(name), 0o644))
	}
	require.NoError(t, os.Link(at("c"), at("hard")))
	link(t, at("c"), at("soft"))
	link(t, at("in"), at("in-link"))
	link(t, at("none"), at("dangling"))
	t.Chdir(dir)
	for _, c := range []struct {
		output, input string
	}{
		{at("c"), at("c")},
		{"c", at("c")},
		{at("in", "..", "c"), at("c")},
		{at("hard"), at("c")},
		{at("soft"), at("c")},
		{at("c"), at("soft")},
		{at("hard"), at("soft")},
		{at("in"), at("in")},
		{at("in-link"), at("in")},
		{at("in", "new"), at("in")},
		{at("in-link", "new"), at("in")},
		{at("in", "deep", "not", "yet"), at("in-link")},
		{at("in"), at("in", "deep", "b")},
		{at("in-link"), at("in", "deep", "b")},
		{dir, at("c")},
		{at("c"), at("c") + "!/model/x"},
	} {
		err := Apart([]string{at("fine"), c.output}, at("in", "a", "none"), c.input)
		var wrong *OverlapError
		require.ErrorAs(t, err, &wrong, "%+v", c)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
		require.Equal(t, c.output, bad.File)
	}
	require.Error(t, Apart([]string{"new"}, "."))
	for _, c := range []struct{ output, input string }{
		{at("new"), at("c")},
		{at("out"), at("c")},
		{at("out", "x"), at("in")},
		{at("in", "new"), at("in", "a")},
		{at("in.new"), at("in")},
		{os.DevNull, os.DevNull},
		{at("new"), at("not-there")},
		{"-", "-"},
		{"-", at("in")},
		{"", at("c")},
		{at("new"), ""},
	} {
		require.NoError(t, Apart([]string{c.output}, c.input), "%+v", c)
	}
	require.Error(t, Apart([]string{at("x"), at("x")}))
	require.Error(t, Apart([]string{"new", at("in", "..", "new")}))
	require.Error(t, Apart([]string{at("c"), at("hard")}))
	require.NoError(t, Apart([]string{at("x"), at("y"), "", ""}))
}

func TestApartFromStandardStreams(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	stdin, stdout := os.Stdin, os.Stdout
	defer func() { os.Stdin, os.Stdout = stdin, stdout }()
	os.Stdin = f
	require.Error(t, Apart([]string{path}, "-"), "standard input is read from the output")
	require.NoError(t, Apart([]string{path + "2"}, "-"))
	os.Stdin, os.Stdout = stdin, f
	require.Error(t, Apart([]string{"-"}, path))
	require.Error(t, Apart([]string{"-"}, dir), "standard output goes to a file in the input")
	require.NoError(t, Apart([]string{"-"}, t.TempDir()))
}
