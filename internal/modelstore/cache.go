package modelstore

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/medner/medner/internal/atomicfile"
)

//go:embed adapter
var adapterFiles embed.FS

// cacheVariable names the cache's directory where the user wants another.
const cacheVariable = "MEDNER_CACHE"

// cacheDir returns the directory that holds fetched models.
func cacheDir() (string, error) {
	if dir := os.Getenv(cacheVariable); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache: %w (set %s to a directory)", err, cacheVariable)
	}
	return filepath.Join(dir, "medner"), nil
}

// unpackAdapter makes sure that dir holds the embedded adapter. Another
// process may be doing the same: each file appears whole.
func unpackAdapter(dir string) error {
	entries, err := adapterFiles.ReadDir("adapter")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		want, err := adapterFiles.ReadFile("adapter/" + entry.Name())
		if err != nil {
			return err
		}
		path := filepath.Join(dir, entry.Name())
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, want) {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := writeFile(path, want); err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes a file that appears whole or not at all.
func writeFile(path string, data []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
