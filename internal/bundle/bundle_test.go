package bundle

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
)

// program stands for an executable of medner.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "medner")
	require.NoError(t, os.WriteFile(path, []byte("code "+mark+" more code"), 0o700))
	return path
}

func directory(t *testing.T, name string, content map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Mkdir(dir, 0o700))
	for name, text := range content {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func plan(t *testing.T) Plan {
	model := directory(t, "tiny", map[string]string{
		"config.json": "{}", "model.safetensors": strings.Repeat("w", 70_000), "LICENSE": "free", "tokenizer.model": "t",
		"pytorch_model.bin": "pickle", ".gitattributes": "x", "consolidated.00.pth": "x",
	})
	require.NoError(t, os.Mkdir(filepath.Join(model, "original"), 0o700))
	terminology := filepath.Join(t.TempDir(), "mesh.idx")
	require.NoError(t, os.WriteFile(terminology, []byte("terms"), 0o600))
	return Plan{
		Executable: program(t), Model: model, Terminology: terminology,
		Adapters: []string{
			directory(t, "same", map[string]string{"adapter_config.json": "1"}),
			directory(t, "same", map[string]string{"adapter_config.json": "2"}),
		},
	}
}

func TestBundle(t *testing.T) {
	p := plan(t)
	output := filepath.Join(t.TempDir(), "medner-tiny")
	require.NoError(t, Write(t.Context(), output, p))
	info, err := os.Stat(output)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o755), info.Mode().Perm())
	whole, err := os.ReadFile(output)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(whole, []byte("code "+mark[:len(mark)-1]+"1 more code")))

	c, err := Open(output)
	require.NoError(t, err)
	require.NoError(t, c.Check(t.Context()))
	require.Equal(t, output+"!/model/tiny", c.Model)
	require.Equal(t, []string{output + "!/adapter/1/same", output + "!/adapter/2/same"}, c.Adapters)
	require.Equal(t, output+"!/terminology/mesh.idx", c.Terminology)
	require.Equal(t, []string{
		"adapter/1/same/adapter_config.json", "adapter/2/same/adapter_config.json", "model/tiny/LICENSE", "model/tiny/config.json",
		"model/tiny/model.safetensors", "model/tiny/tokenizer.model", "terminology/mesh.idx",
	}, c.Names())
	second, err := files.Read(filepath.Join(c.Adapters[1], "adapter_config.json"), 10, "")
	require.NoError(t, err)
	require.Equal(t, "2", string(second))

	// Any zip tool can read it, and each file begins at a page.
	z, err := zip.OpenReader(output)
	require.NoError(t, err)
	defer func() { require.NoError(t, z.Close()) }()
	for _, f := range z.File {
		offset, err := f.DataOffset()
		require.NoError(t, err)
		require.Zero(t, offset%page, f.Name)
	}

	// A bundle makes the same bundle again, and another one of another model.
	again := filepath.Join(t.TempDir(), "medner-tiny")
	require.NoError(t, Write(t.Context(), again, Plan{Executable: output, Model: c.Model, Adapters: c.Adapters, Terminology: c.Terminology}))
	same, err := os.ReadFile(again)
	require.NoError(t, err)
	require.True(t, bytes.Equal(whole, same))
	gguf := filepath.Join(t.TempDir(), "small.gguf")
	require.NoError(t, os.WriteFile(gguf, []byte("GGUF"), 0o600))
	require.NoError(t, Write(t.Context(), again, Plan{Executable: output, Model: gguf}))
	c, err = Open(again)
	require.NoError(t, err)
	require.Equal(t, again+"!/model/small.gguf", c.Model)
	require.Empty(t, c.Adapters)
	require.Empty(t, c.Terminology)
}

func TestDamage(t *testing.T) {
	output := filepath.Join(t.TempDir(), "medner-tiny")
	require.NoError(t, Write(t.Context(), output, plan(t)))
	whole, err := os.ReadFile(output)
	require.NoError(t, err)

	changed := bytes.Clone(whole)
	changed[bytes.Index(changed, []byte("wwww"))+10_000] = 'v'
	require.NoError(t, os.WriteFile(output, changed, 0o600))
	c, err := Open(output)
	require.NoError(t, err)
	err = c.Check(t.Context())
	var bad *badinput.Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, c.at("model/tiny/model.safetensors"), bad.File)
	require.Equal(t, "sha256", bad.Field)

	for _, n := range []int{0, 10, len(whole) / 2, len(whole) - 1} {
		require.NoError(t, os.WriteFile(output, whole[:n], 0o600))
		c, err = Open(output)
		require.NoError(t, err, n)
		require.Nil(t, c, n)
	}
	_, err = Open(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, Write(ctx, filepath.Join(t.TempDir(), "x"), plan(t)), context.Canceled)
}

func TestRefused(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other")
	require.NoError(t, os.WriteFile(other, []byte("another program"), 0o700))
	twice := filepath.Join(t.TempDir(), "twice")
	require.NoError(t, os.WriteFile(twice, []byte(mark+mark), 0o700))
	same := "" // an input that is the output too
	for name, change := range map[string]func(*Plan){
		"other program": func(p *Plan) { p.Executable = other },
		"two marks":     func(p *Plan) { p.Executable = twice },
		"no program":    func(p *Plan) { p.Executable += ".none" },
		"no model":      func(p *Plan) { p.Model += ".none" },
		"no adapter":    func(p *Plan) { p.Adapters[1] += ".none" },
		"a backslash": func(p *Plan) {
			p.Model = directory(t, `back\slash`, map[string]string{"config.json": "{}"})
		},
		"case of letters": func(p *Plan) {
			p.Model = directory(t, "m", map[string]string{"config.json": "{}", "CONFIG.json": "{}"})
		},
		"the output is the program": func(p *Plan) { same = p.Executable },
		"the output is a model":     func(p *Plan) { same = filepath.Join(p.Model, "config.json") },
		"the output is in a model":  func(p *Plan) { same = filepath.Join(p.Model, "new") },
		"the output is the index":   func(p *Plan) { same = p.Terminology },
	} {
		p := plan(t)
		same = ""
		change(&p)
		output := filepath.Join(t.TempDir(), "output")
		err := Write(t.Context(), cmp.Or(same, output), p)
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad) || errors.Is(err, fs.ErrNotExist), "%s: %v", name, err)
		left, err := os.ReadDir(filepath.Dir(output))
		require.NoError(t, err)
		require.Empty(t, left, name)
	}
}

func TestOtherArchives(t *testing.T) {
	write := func(name, text string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		require.NoError(t, err)
		_, err = w.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, z.Close())
		path := filepath.Join(t.TempDir(), "a.zip")
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
		return path
	}
	c, err := Open(write("readme", "x"))
	require.NoError(t, err)
	require.Nil(t, c)
	for _, text := range []string{"", "[]", `{"schema":"medner-bundle/9"}`, `{"sha256":7}`} {
		_, err = Open(write(contentsFile, text))
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, text)
	}
}

func TestThisProgramIsNoBundle(t *testing.T) {
	c, err := Own()
	require.NoError(t, err)
	require.Nil(t, c)
	require.False(t, marked())
	own, err := os.Executable()
	require.NoError(t, err)
	data, err := executable(own)
	require.NoError(t, err, "the mark stands in it once")
	require.NotEmpty(t, data)
}
