// Package golden finds the reference vectors that the repository carries.
package golden

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Path returns the path of a file or folder below testdata/goldens, and fails the
// test if it doesn't exist.
func Path(tb testing.TB, elem ...string) string {
	tb.Helper()
	path := filepath.Join(append([]string{Root(), "testdata", "goldens"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("golden file: %v", err)
	}
	return path
}

// Root returns the root directory of the repository's checkout.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}
