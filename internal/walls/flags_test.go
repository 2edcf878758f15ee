package walls

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// flagName matches the name of a flag in a message.
var flagName = regexp.MustCompile(`(^|[\s("'])--[a-z]`)

// commandOnly begins the rooms whose messages are for users of the command alone, as no
// other program can reach them; and begins those of tools, which call other programs.
var commandOnly = []string{"cmd/", "scripts/", "examples/", "internal/job/", "internal/shards/", "internal/modelstore/", "internal/files/decompress.go", "kernels/internal/gen/", "internal/cuda/"}

// A Go program that embeds a package has no flags: messages name options, and the
// command writes flags in their place (cmd/medner/visible.go).
func TestPackagesNameNoFlags(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != "." || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		for _, prefix := range commandOnly {
			if strings.HasPrefix(name, prefix) {
				return nil
			}
		}
		files++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && flagName.MatchString(text.Value) {
				t.Errorf("%s: %s names a flag, expected an option", set.Position(text.Pos()), text.Value)
			}
			return true
		})
		return nil
	}))
	require.Greater(t, files, 100)
}
