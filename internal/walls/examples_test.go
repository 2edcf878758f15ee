package walls

import (
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The module in examples is that of an embedder: it can import every public
// package, needs no other, and uses each.
func TestExamplesUseEveryPublicPackage(t *testing.T) {
	embedder, err := build.Default.ImportDir("../../examples", 0)
	require.NoError(t, err)
	var used []string
	for _, imported := range embedder.TestImports {
		if ours, found := strings.CutPrefix(imported, module+"/"); found {
			used = append(used, ours)
		} else {
			require.NotContains(t, imported, ".", "examples need nothing but the standard library and medner")
		}
	}
	slices.Sort(used)
	require.Equal(t, public, used)
}

// The README and the changelog say how many public packages there are.
func TestDocumentsCountPublicPackages(t *testing.T) {
	require.Len(t, public, 18)
	for name, sentence := range map[string]string{"README.md": "There are eighteen public packages.", "CHANGELOG.md": "eighteen public Go packages"} {
		content, err := os.ReadFile("../../" + name)
		require.NoError(t, err)
		require.Contains(t, string(content), sentence, name)
	}
}

// Whoever meets a public package first reads what it is for, and one use of it
// whose output is checked.
func TestPublicPackagesSayWhatTheyAreFor(t *testing.T) {
	for _, path := range public {
		files := token.NewFileSet()
		var sources, tests []*ast.File
		names, err := filepath.Glob(filepath.Join("../..", path, "*.go"))
		require.NoError(t, err)
		for _, name := range names {
			file, err := parser.ParseFile(files, name, nil, parser.ParseComments)
			require.NoError(t, err)
			if strings.HasSuffix(name, "_test.go") {
				tests = append(tests, file)
			} else {
				sources = append(sources, file)
			}
		}
		described := slices.ContainsFunc(sources, func(f *ast.File) bool {
			return strings.HasPrefix(f.Doc.Text(), "Package "+f.Name.Name+" ")
		})
		if !described {
			t.Errorf("%s has no comment on the package", path)
		}
		shown := slices.ContainsFunc(doc.Examples(tests...), func(e *doc.Example) bool { return e.Output != "" })
		if !shown {
			t.Errorf("%s has no example with an output", path)
		}
	}
}
