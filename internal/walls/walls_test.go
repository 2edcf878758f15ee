// Package walls has no code, only tests of how the module is divided: which
// room may import which, which packages are public, and what may stand in
// their signatures.
package walls

import (
	"errors"
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/medner/medner"

// public lists the packages that other modules can import. A package that is
// not in this list belongs below an internal directory.
var public = []string{
	"badinput",
	"kernels",
	"lora",
	"model",
	"model/arch",
	"model/checkpoint",
	"ner",
	"ner/confidence",
	"ner/document",
	"ner/eval",
	"ner/format",
	"ner/prompt",
	"ner/terminology",
	"quant",
	"safetensors",
	"server",
	"tokenizer",
	"tokenizer/chat",
}

// tools names the rooms that know nothing of models or documents. Every room
// may import them.
var tools = []string{
	"badinput",
	"internal/atomicfile",
	"internal/bundle",
	"internal/clip",
	"internal/filelock",
	"internal/files",
	"internal/hint",
	"internal/labels",
	"internal/mmap",
	"internal/nearest",
	"internal/parallel",
	"internal/pyregexp",
	"internal/version",
}

// rooms says what each room may import besides tools. A room is a package with
// all packages below it that are not rooms themselves; packages of one room
// may import each other. Test files are free to import what they like.
var rooms = map[string][]string{
	// Numbers: these rooms know no model, and each can be used alone.
	"internal/kinds": {},
	"kernels":        {"internal/kinds"},
	"quant":          {},
	"safetensors":    {"quant"},
	"lora":           {"quant", "safetensors"},

	// Text: ids and messages, without a model.
	"tokenizer":      {},
	"tokenizer/chat": {},

	// How a token is chosen: what is asked for, and the choice made by the host.
	"internal/choice":            {},
	"internal/choice/hostchoice": {"internal/choice", "kernels"},

	// NVIDIA's driver and the kernels for it.
	"internal/cuda":            {},
	"internal/cuda/gpukernels": {"internal/choice", "internal/cuda", "internal/kinds", "kernels"},

	// The model, and the wall between its scheduler and its devices.
	"model/arch":             {},
	"model/internal/gguf":    {"quant"},
	"model/checkpoint":       {"model/arch", "model/internal/gguf", "quant", "safetensors", "tokenizer", "tokenizer/chat"},
	"model/internal/hold":    {"kernels", "quant"},
	"model/internal/paged":   {"kernels"},
	"model/internal/backend": {"internal/choice", "model/arch", "model/internal/hold", "quant"},
	"model/internal/cpu": {
		"internal/choice/hostchoice", "kernels", "model/arch", "model/internal/backend", "model/internal/hold",
		"model/internal/paged", "quant",
	},
	"model/internal/cuda": {
		"internal/choice", "internal/choice/hostchoice", "internal/cuda", "internal/cuda/gpukernels", "kernels", "model/arch",
		"model/internal/backend", "model/internal/hold", "model/internal/paged", "quant",
	},
	"model": {
		"internal/choice", "internal/cuda", "kernels", "lora", "model/arch", "model/checkpoint", "model/internal/backend",
		"model/internal/cpu", "model/internal/cuda", "model/internal/hold", "quant",
	},

	// Documents: these rooms know no model.
	"ner/document":            {},
	"internal/jsontext":       {},
	"internal/page":           {},
	"internal/parquet":        {},
	"internal/spreadsheet":    {},
	"ner/format":              {"internal/jsontext", "ner/document", "ner/internal/ground", "internal/page", "internal/parquet", "internal/spreadsheet", "ner/internal/sentence"},
	"ner/prompt":              {},
	"ner/terminology":         {},
	"ner/confidence":          {},
	"ner/eval":                {"ner/document", "internal/page", "ner/internal/seedcompat", "internal/typename", "ner/prompt"},
	"ner/internal/abbrev":     {},
	"ner/internal/answer":     {},
	"ner/internal/sentence":   {},
	"ner/internal/tagging":    {},
	"internal/typename":       {"ner/document"},
	"ner/internal/ground":     {"ner/document"},
	"ner/internal/border":     {},
	"ner/internal/border/fit": {"internal/files", "ner/internal/border", "ner/internal/sentence"},
	"ner/internal/constraint": {"ner/internal/ground", "ner/internal/sentence"},
	"ner/internal/seedcompat": {"ner/document", "ner/prompt"},

	// The extractor, which puts a model to work on documents.
	"ner": {
		"internal/modelstore", // which knows the default model
		"model", "ner/confidence", "ner/document", "ner/internal/abbrev", "ner/internal/answer", "ner/internal/border", "ner/internal/constraint",
		"ner/internal/ground", "ner/internal/seedcompat", "ner/internal/sentence", "ner/internal/tagging",
		"internal/typename", "ner/prompt", "ner/terminology", "tokenizer", "tokenizer/chat",
	},

	// What answers HTTP requests with a model.
	"server": {
		"internal/jsontext", "model", "model/arch", "ner", "ner/confidence", "ner/document", "ner/format", "ner/prompt", "ner/terminology", "tokenizer",
		"tokenizer/chat",
	},

	// The sockets of a server.
	"internal/listen": {},

	// What commands are made of.
	"internal/quantize":   {"model/checkpoint", "quant", "safetensors"},
	"internal/modelstore": {"internal/quantize", "model/checkpoint", "quant"},
	"internal/job":        {"ner/document", "ner/format"},
	"internal/shards":     {"internal/job", "ner/document", "ner/format"},
	"internal/dedup":      {"ner/document"},
	"internal/stats":      {"internal/atomicfile", "internal/page", "internal/parquet", "internal/spreadsheet", "internal/typename", "ner/document"},
	"cmd/medner": {
		"internal/choice", "internal/choice/hostchoice", "internal/cuda", "internal/cuda/gpukernels", "internal/dedup", "internal/job",
		"internal/listen", "internal/modelstore", "internal/quantize", "internal/shards", "internal/stats", "kernels", "lora", "model", "model/checkpoint", "ner", "ner/confidence",
		"ner/document", "ner/eval", "ner/format", "ner/prompt", "ner/terminology", "quant", "safetensors", "server", "tokenizer",
		"tokenizer/chat",
	},

	// Only tests and scripts import these rooms.
	"internal/golden":    {},
	"internal/growth":    {},
	"internal/synthetic": {},
	"scripts":            {"internal/synthetic", "model", "internal/modelstore", "ner", "ner/document", "ner/format"},
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	for _, p := range packages(t) {
		room, found := roomOf(p.path)
		if !found {
			t.Errorf("%s is in no room: say in walls_test.go what it may import", p.path)
			continue
		}
		for _, imported := range p.imports {
			of, _ := roomOf(imported)
			if of != room && !slices.Contains(tools, of) && !slices.Contains(rooms[room], of) {
				t.Errorf("%s imports %s, which the room %s may not", p.path, imported, room)
			}
		}
	}
}

// An entry that nothing needs would let a wall be crossed unseen.
func TestRoomsImportAllThatTheyMay(t *testing.T) {
	needed := map[string]bool{}
	found := map[string]bool{}
	for _, p := range packages(t) {
		room, _ := roomOf(p.path)
		found[room] = true
		for _, imported := range p.imports {
			of, _ := roomOf(imported)
			needed[room+" "+of] = true
		}
	}
	for room, mayImport := range rooms {
		if !found[room] {
			t.Errorf("the room %s has no package", room)
		}
		for _, of := range mayImport {
			if !needed[room+" "+of] {
				t.Errorf("%s may import %s, but doesn't", room, of)
			}
		}
	}
}

func TestToolsImportOnlyTools(t *testing.T) {
	for _, p := range packages(t) {
		if room, _ := roomOf(p.path); !slices.Contains(tools, room) {
			continue
		}
		for _, imported := range p.imports {
			of, _ := roomOf(imported)
			require.Contains(t, tools, of, "%s imports %s", p.path, imported)
		}
	}
}

func TestPublicPackages(t *testing.T) {
	var outside []string
	for _, p := range packages(t) {
		inside := strings.Contains("/"+p.path+"/", "/internal/")
		if !inside && p.name != "main" {
			outside = append(outside, p.path)
		}
	}
	require.Equal(t, public, outside)
}

// roomOf returns the room of a package: the longest of its path's beginnings
// that is a room or a tool.
func roomOf(path string) (string, bool) {
	for {
		if _, found := rooms[path]; found || slices.Contains(tools, path) {
			return path, true
		}
		slash := strings.LastIndexByte(path, '/')
		if slash < 0 {
			return "", false
		}
		path = path[:slash]
	}
}

// A pkg is a package of this module; path and imports lack the module's name.
type pkg struct {
	path, name string
	imports    []string // from this module, test files apart
}

// packages returns the packages of this module in order of their paths, with
// what they import on any of the platforms that it is built for. It reads the
// files itself: go test would take an old result from its cache if a command
// had read them.
func packages(t *testing.T) []pkg {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	var all []pkg
	require.NoError(t, filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if dir != root && isNoPartOfModule(dir) {
			return fs.SkipDir
		}
		path, err := filepath.Rel(root, dir)
		if err != nil {
			return err
		}
		if p, found := read(t, dir); found {
			p.path = filepath.ToSlash(path)
			all = append(all, p)
		}
		return nil
	}))
	require.NotEmpty(t, all)
	slices.SortFunc(all, func(a, b pkg) int { return strings.Compare(a.path, b.path) })
	return all
}

// isNoPartOfModule tells directories that ./... passes over.
func isNoPartOfModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	name := filepath.Base(dir)
	return err == nil || name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// read returns the package in a directory, if its files are part of a build.
func read(t *testing.T, dir string) (pkg, bool) {
	t.Helper()
	var p pkg
	for _, platform := range []string{"linux/amd64", "linux/arm64", "windows/amd64"} {
		at := build.Default
		at.GOOS, at.GOARCH, _ = strings.Cut(platform, "/")
		at.BuildTags = []string{"gpu"}
		built, err := at.ImportDir(dir, 0)
		var none *build.NoGoError
		if errors.As(err, &none) {
			continue
		}
		require.NoError(t, err)
		if len(built.GoFiles) == 0 {
			continue
		}
		p.name = built.Name
		for _, imported := range built.Imports {
			if ours, found := strings.CutPrefix(imported, module+"/"); found {
				p.imports = append(p.imports, ours)
			}
		}
	}
	slices.Sort(p.imports)
	p.imports = slices.Compact(p.imports)
	return p, p.name != ""
}
