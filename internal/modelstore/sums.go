package modelstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/files"
)

// sumsFile lists the hashes of a directory's files in the format of sha256sum.
const sumsFile = "SHA256SUMS"

const (
	maxSums = 1 << 20 // bytes of a sumsFile
	// smallFile is the size in bytes up to which a file is hashed whenever the model is
	// used.
	smallFile = 8 << 20
)

// writeSums writes dir's sumsFile, for the files that it holds.
func writeSums(ctx context.Context, dir string) error {
	entries, err := files.ReadDir(dir)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, entry := range entries {
		sum, err := files.HashFile(ctx, filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", sum, entry.Name())
	}
	return atomicfile.WriteBytes(filepath.Join(dir, sumsFile), []byte(text.String()))
}

// sum is a line of a sumsFile.
type sum struct{ sha256, name string }

// readSums reads dir's sumsFile.
func readSums(dir string) ([]sum, error) {
	path := filepath.Join(dir, sumsFile)
	data, err := files.Read(path, maxSums, "hashes of the files of a model")
	if err != nil {
		return nil, err
	}
	var sums []sum
	names := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		hash, name, ok := strings.Cut(line, "  ")
		if !ok || name == "" || name != filepath.Base(name) {
			return nil, badinput.New(path, "", fmt.Sprintf("%q", clip.Text(line)), "a hash, two spaces and a file's name")
		}
		sums = append(sums, sum{hash, name})
		names[name] = true
	}
	for _, name := range []string{"config.json", "tokenizer.json", "model.safetensors"} {
		if !names[name] {
			return nil, badinput.New(path, "", "no hash of "+name, "hashes of all files of the model")
		}
	}
	return sums, nil
}

// checkSums compares dir's files of at most limit bytes with its sumsFile.
func checkSums(ctx context.Context, dir string, limit int64) error {
	sums, err := readSums(dir)
	if err != nil {
		return err
	}
	for _, s := range sums {
		path := filepath.Join(dir, s.name)
		info, err := files.Stat(path)
		if err != nil {
			return missing(path, err)
		}
		if info.Size() > limit {
			continue
		}
		have, err := files.HashFile(ctx, path)
		if err != nil {
			return err
		}
		if have != s.sha256 {
			return badinput.New(path, "sha256", have, clip.Text(s.sha256))
		}
	}
	return nil
}

// missing makes a file that has gone from a model an error of the model.
func missing(path string, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return badinput.New(path, "", "no such file", "a file of the model")
	}
	return err
}

// pinnedHead describes a large file by its size and its beginning, so that it can be
// recognised without reading all of it. The zero value describes nothing.
type pinnedHead struct {
	name   string
	size   int64  // bytes
	head   int64  // bytes at the beginning that sha256 is of
	sha256 string // in hexadecimal
}

// check returns an error unless dir has the file that p describes.
func (p pinnedHead) check(ctx context.Context, dir string) error {
	if p.name == "" {
		return nil
	}
	path := filepath.Join(dir, p.name)
	info, err := files.Stat(path)
	if err != nil {
		return missing(path, err)
	}
	if info.Size() != p.size {
		return badinput.New(path, "size", fmt.Sprintf("%d bytes", info.Size()), fmt.Sprint(p.size))
	}
	f, err := files.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	have, err := files.Hash(ctx, io.LimitReader(f, p.head))
	if err != nil {
		return err
	}
	if have != p.sha256 {
		return badinput.New(path, "sha256 of the header", have, p.sha256)
	}
	return nil
}
