package main

import (
	"path/filepath"
	"sync"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/internal/version"
	"github.com/medner/medner/kernels"
)

// tuneKernels chooses kernels by measurement, once a process. The cache keeps what was
// measured; where it can't be read or written, each process measures.
var tuneKernels = sync.OnceFunc(func() {
	dir, err := modelstore.CacheDir()
	if err != nil {
		return
	}
	path := filepath.Join(dir, "kernels.json")
	cached, err := files.Read(path, 1<<16, "measurements of kernels")
	if err != nil {
		cached = nil
	}
	kept := kernels.Tune(version.String(), cached)
	if kept == nil || atomicfile.Folder(dir) != nil {
		return
	}
	_ = atomicfile.WriteBytes(path, kept) // the next process measures again
})

// tunedBytes is the size of a model from which on choosing kernels takes less time than
// it saves.
const tunedBytes = 64 << 20

// large says whether a model is worth choosing kernels for: path is a directory or a
// GGUF file.
func large(path string) bool {
	weights, err := files.Glob(path, "*.safetensors")
	if err != nil || len(weights) == 0 {
		weights = []string{path}
	}
	size := int64(0)
	for _, file := range weights {
		if info, err := files.Stat(file); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
	}
	return size >= tunedBytes
}
