package walls

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// openers lists the functions that open, make, rename or remove files.
var openers = map[string][]string{
	"os": {
		"Chmod", "Chown", "CopyFS", "Create", "CreateTemp", "DirFS", "Link", "Mkdir", "MkdirAll", "MkdirTemp", "NewFile", "Open",
		"OpenFile", "OpenInRoot", "OpenRoot", "ReadDir", "ReadFile", "Remove", "RemoveAll", "Rename", "Symlink", "Truncate", "WriteFile",
	},
	"syscall":               {"Open", "Mknod", "Rename", "Unlink"},
	"golang.org/x/sys/unix": {"Open", "Openat", "Rename", "Renameat", "Unlink"},
	"archive/zip":           {"OpenReader"},
	"io/ioutil":             {"ReadAll", "ReadDir", "ReadFile", "TempDir", "TempFile", "WriteFile"},
}

// mayOpen lists the rooms whose packages may call openers, and why. All others read
// through internal/files and write through internal/atomicfile.
var mayOpen = map[string]string{
	"internal/files":      "every input is opened here",
	"internal/atomicfile": "every output is written here",
	"internal/filelock":   "lock files",
	"internal/listen":     "sockets: their modes, and those that a killed process left",
	"internal/stats":      "pairs that don't fit into memory, in temporary files",
	"internal/job":        "journals, and the outputs that they go with",
	"internal/shards":     "leases, lists of what failed, and what a plan keeps of documents",
	"kernels":             "what Linux says of processors, under fixed names",
	"internal/cuda":       "the driver for tests, which is built from source",
	"scripts":             "no part of the program",
}

func TestOneRoomOpensAndOneWrites(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	used := map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != root && isNoPartOfModule(path) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		for _, call := range opens(file) {
			room := within(filepath.ToSlash(dir))
			used[room] = true
			if room == "" {
				t.Errorf("%s uses %s: read through internal/files, write through internal/atomicfile", path, call)
			}
		}
		return nil
	}))
	for room := range mayOpen {
		if !used[room] {
			t.Errorf("%s may open files, but doesn't", room)
		}
	}
}

// within returns the room of mayOpen that a package is in.
func within(dir string) string {
	for ; dir != "."; dir = filepath.ToSlash(filepath.Dir(dir)) {
		if _, found := mayOpen[dir]; found {
			return dir
		}
	}
	return ""
}

// opens returns the openers that a file names.
func opens(file *ast.File) (found []string) {
	imported := map[string]string{} // by the names that they have in the file
	for _, spec := range file.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imported[name] = path
	}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if name, ok := selector.X.(*ast.Ident); ok && slices.Contains(openers[imported[name.Name]], selector.Sel.Name) {
			found = append(found, name.Name+"."+selector.Sel.Name)
		}
		return true
	})
	return found
}

func TestOpensAreFound(t *testing.T) {
	const source = `package p
import ("os"; sys "os"; "io/fs"; z "archive/zip")
var f = os.ReadFile
func g() { sys.Rename("a", "b"); fs.Stat(nil, ""); os.Stat("x"); z.OpenReader("y") }`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"os.ReadFile", "sys.Rename", "z.OpenReader"}, opens(file))
}
