package modelstore

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
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

// adapterWeights is the one file of the embedded adapter that is compressed: the
// program is 2 MB smaller.
var adapterWeights = pinned{
	name:   "adapter_model.safetensors",
	sha256: "4b3f131c0e01b1c4b74d50446d172d51ebb4af5062b1eb4a948b4e806e6213b2",
	size:   9835772,
}

// embedded is a file of the embedded adapter.
type embedded struct {
	name    string
	data    []byte
	weights bool // the file is adapterWeights, and data is compressed by zstd
}

// adapterContents returns the files of the embedded adapter.
func adapterContents() ([]embedded, error) {
	entries, err := adapterFiles.ReadDir("adapter")
	if err != nil {
		return nil, err
	}
	var out []embedded
	for _, entry := range entries {
		data, err := adapterFiles.ReadFile("adapter/" + entry.Name())
		if err != nil {
			return nil, err
		}
		name, weights := strings.CutSuffix(entry.Name(), ".zst")
		out = append(out, embedded{name, data, weights})
	}
	return out, nil
}

// same reports whether a file holds the content of e.
func (e embedded) same(path string) bool {
	if !e.weights {
		have, err := files.Read(path, int64(len(e.data)), "the same content")
		return err == nil && bytes.Equal(have, e.data)
	}
	info, err := files.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == adapterWeights.size && adapterWeights.check(context.Background(), path) == nil
}

// content returns the content of e as it was before it was compressed.
func (e embedded) content() ([]byte, error) {
	if !e.weights {
		return e.data, nil
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(adapterWeights.size)))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return z.DecodeAll(e.data, make([]byte, 0, adapterWeights.size))
}

// unpackAdapter makes sure that dir holds the embedded adapter. Another
// process may be doing the same: each file appears whole.
func unpackAdapter(dir string) error {
	contents, err := adapterContents()
	if err != nil {
		return err
	}
	for _, e := range contents {
		path := filepath.Join(dir, e.name)
		if e.same(path) {
			continue
		}
		content, err := e.content()
		if err != nil {
			return err
		}
		if err := atomicfile.Folder(dir); err != nil {
			return err
		}
		if err := atomicfile.WriteBytes(path, content); err != nil {
			return err
		}
	}
	return nil
}

// checkAdapter returns an error unless dir holds the embedded adapter, and how
// many files that has.
func checkAdapter(dir string) (files int, err error) {
	contents, err := adapterContents()
	if err != nil {
		return 0, err
	}
	for _, e := range contents {
		if path := filepath.Join(dir, e.name); !e.same(path) {
			return 0, badinput.New(path, "content", "other bytes than those of this program's adapter", "an undamaged file")
		}
	}
	return len(contents), nil
}
