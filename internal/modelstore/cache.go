package modelstore

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/bundle"
)

//go:embed adapter
var adapterFiles embed.FS

// cacheVariable names the cache's directory where the user wants another.
const cacheVariable = "MEDNER_CACHE"

// Files are the directories of the default model.
type Files struct {
	Base     string   // in the layout of the Hugging Face hub, pre-quantised
	Adapters []string // in PEFT's layout
}

// MissingError says that the default model has not been fetched yet.
type MissingError struct {
	Dir string // where it would be
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("the default model is not there yet: no %s", e.Dir)
}

// Hint says what to do.
func (e *MissingError) Hint() string {
	return "run 'medner fetch-default' once, or name another model with --model"
}

// CacheDir is the directory that holds the default model.
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

// Locate finds the default model: the one that this executable carries, if it
// is a bundle; else the one in the cache, where the embedded adapter is written
// beside the base if it is not there yet. A base that has not been fetched is a
// *MissingError.
func Locate() (*Files, error) {
	carried, err := bundle.Own()
	if err != nil {
		return nil, err
	}
	if carried != nil {
		return &Files{Base: carried.Model, Adapters: carried.Adapters}, nil
	}
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	return base.locate(cache)
}

func (s source) locate(cache string) (*Files, error) {
	adapter := filepath.Join(cache, s.name+"-adapter")
	f := &Files{Base: filepath.Join(cache, s.name), Adapters: []string{adapter}}
	if _, err := os.Stat(filepath.Join(f.Base, sumsFile)); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, &MissingError{Dir: f.Base}
		}
		return nil, err
	}
	if err := unpackAdapter(adapter); err != nil {
		return nil, fmt.Errorf("unpack the default adapter: %w", err)
	}
	return f, nil
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
