package modelstore

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
)

//go:embed adapter
var adapterFiles embed.FS

// cacheVariable names the cache's directory where the user wants another.
const cacheVariable = "MEDNER_CACHE"

// CacheDir returns the directory that holds fetched models, and what else may be made
// again.
func CacheDir() (string, error) {
	if dir := os.Getenv(cacheVariable); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache: %w (set %s to a directory)", err, cacheVariable)
	}
	return filepath.Join(dir, "medner"), nil
}

// eachAdapterFile calls fn with the path in dir that each file of the embedded
// adapter has there, and with the file's content.
func eachAdapterFile(dir string, fn func(path string, content []byte) error) (files int, err error) {
	entries, err := adapterFiles.ReadDir("adapter")
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		content, err := adapterFiles.ReadFile("adapter/" + entry.Name())
		if err != nil {
			return 0, err
		}
		if err := fn(filepath.Join(dir, entry.Name()), content); err != nil {
			return 0, err
		}
	}
	return len(entries), nil
}

// unpackAdapter makes sure that dir holds the embedded adapter. Another
// process may be doing the same: each file appears whole.
func unpackAdapter(dir string) error {
	_, err := eachAdapterFile(dir, func(path string, content []byte) error {
		if same(path, content) {
			return nil
		}
		if err := atomicfile.Folder(dir); err != nil {
			return err
		}
		return atomicfile.WriteBytes(path, content)
	})
	return err
}

// checkAdapter returns an error unless dir holds the embedded adapter, and how
// many files that has.
func checkAdapter(dir string) (files int, err error) {
	return eachAdapterFile(dir, func(path string, content []byte) error {
		if same(path, content) {
			return nil
		}
		return badinput.New(path, "content", "other bytes than those of this program's adapter", "an undamaged file")
	})
}
