package shards

import (
	"context"
	"fmt"

	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/files"
)

// NothingNewError says that earlier manifests have all files. It is a filelock.ErrBusy:
// trying again helps when there are new ones.
type NothingNewError struct{ Files int }

func (e *NothingNewError) Error() string {
	return fmt.Sprintf("no new files: the previous manifests have all %d", e.Files)
}

// Unwrap makes the error one that goes away by itself.
func (e *NothingNewError) Unwrap() error { return filelock.ErrBusy }

// unplanned returns the files that are no inputs of earlier manifests. The content of a
// file counts, and not its name; only files of the size of an earlier input are hashed.
func unplanned(ctx context.Context, paths []string, previous []*Manifest) ([]string, error) {
	if len(previous) == 0 {
		return paths, nil
	}
	type content struct {
		bytes  int64
		sha256 string // "" where only the size is known
	}
	known := map[content]bool{}
	for _, m := range previous {
		for i := range m.Inputs {
			known[content{bytes: m.Inputs[i].Bytes}] = true
			known[content{m.Inputs[i].Bytes, m.Inputs[i].SHA256}] = true
		}
	}
	var left []string
	for _, path := range paths {
		info, err := files.Stat(path)
		if err != nil {
			return nil, err
		}
		if size := info.Size(); known[content{bytes: size}] {
			sum, err := files.HashFile(ctx, path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			if known[content{size, sum}] {
				continue
			}
		}
		left = append(left, path)
	}
	if len(left) == 0 {
		return nil, &NothingNewError{len(paths)}
	}
	return left, nil
}
