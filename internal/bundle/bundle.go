// Package bundle joins an executable with the model that it runs. Behind the
// executable stands a zip archive whose files are stored uncompressed, each
// beginning at a page, so that they can be mapped into memory in place (package
// files).
package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/mmap"
)

const (
	schema       = "medner-bundle/1"
	contentsFile = "medner-bundle.json"
	maxContents  = 16 << 20

	maxExecutable = 1 << 30
)

// Contents lists what an executable carries, as paths that package files opens.
type Contents struct {
	Model       string
	Adapters    []string
	Terminology string // "" if there is none

	path string // of the executable
	list list
}

// list is the JSON of contentsFile: what an archive holds, by names in the
// archive.
type list struct {
	Schema      string            `json:"schema"`
	Executable  int64             `json:"executable_bytes"` // bytes before the archive
	Model       string            `json:"model"`
	Adapters    []string          `json:"adapters,omitempty"`
	Terminology string            `json:"terminology,omitempty"`
	SHA256      map[string]string `json:"sha256"`
}

// Own returns what this executable carries, or nil if it is no bundle.
var Own = sync.OnceValues(func() (*Contents, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, nil // the system can't tell: no bundle can be used there
	}
	c, err := Open(path)
	if err == nil && c == nil && marked() {
		err = badinput.New(path, "", "no model inside, as this file has lost its end", "a bundle that is whole")
	}
	return c, err
})

// Open returns what the executable at path carries, or nil if it is no bundle.
func Open(path string) (*Contents, error) {
	c := &Contents{path: path}
	data, err := files.Read(c.at(contentsFile), maxContents, "a list of contents")
	var bad *badinput.Error
	switch {
	case err == nil:
	case errors.As(err, &bad), errors.Is(err, fs.ErrNotExist) && exists(path):
		return nil, nil
	default:
		return nil, err
	}
	if err := json.Unmarshal(data, &c.list); err != nil {
		return nil, badinput.Wrap(c.at(contentsFile), "", err)
	}
	if c.list.Schema != schema {
		return nil, badinput.New(c.at(contentsFile), "schema", fmt.Sprintf("%q", c.list.Schema), fmt.Sprintf("%q", schema))
	}
	c.Model = c.at(c.list.Model)
	for _, name := range c.list.Adapters {
		c.Adapters = append(c.Adapters, c.at(name))
	}
	if c.list.Terminology != "" {
		c.Terminology = c.at(c.list.Terminology)
	}
	return c, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// at returns the path of a file in the archive.
func (c *Contents) at(name string) string { return c.path + files.Separator + name }

// Names lists the files in the archive, sorted.
func (c *Contents) Names() []string { return slices.Sorted(maps.Keys(c.list.SHA256)) }

// Check compares every file with the hash that it had when it was bundled.
func (c *Contents) Check(ctx context.Context) error {
	for _, name := range c.Names() {
		if err := ctx.Err(); err != nil {
			return err
		}
		sum, err := c.sum(name)
		if err != nil {
			return err
		}
		if want := c.list.SHA256[name]; sum != want {
			return badinput.New(c.at(name), "sha256", sum, want)
		}
	}
	return nil
}

// sum returns the SHA-256 of a file, in hexadecimal.
func (c *Contents) sum(name string) (sum string, err error) {
	f, err := files.Map(c.at(name))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	err = mmap.Guard(func() error {
		_, err := h.Write(f.Bytes())
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// executable returns the bytes of the program in a file, which may be a bundle,
// with the mark of a bundle set.
func executable(path string) ([]byte, error) {
	own, err := Open(path)
	if err != nil {
		return nil, err
	}
	limit := int64(maxExecutable)
	if own != nil {
		limit = own.list.Executable
	}
	f, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	program, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, err
	}
	if own == nil && len(program) == maxExecutable {
		return nil, badinput.New(path, "size", fmt.Sprintf("more than %d bytes", maxExecutable), "an executable of medner")
	}
	return program, setMark(path, program)
}

// base returns the name that a directory or file gets in an archive.
func base(path string) (string, error) {
	if _, name, ok := files.Split(path); ok {
		path = name
	}
	abs, err := filepath.Abs(path)
	return filepath.Base(abs), err
}
