// Package bundle joins an executable with the model that it runs. Behind the
// executable stands a zip archive whose files are stored uncompressed, each
// beginning at a page, so that they can be mapped into memory in place (package
// files).
package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/files"
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
	if !marked() {
		return nil, nil
	}
	path, err := os.Executable()
	if err != nil {
		return nil, nil // the system can't tell: no bundle can be used there
	}
	c, err := Open(path)
	if err == nil && c == nil {
		err = badinput.New(path, "", "no model inside, as this file is damaged or has lost its end", "a bundle that is whole")
	}
	return c, err
})

// Open returns what the executable at path carries, or nil if it is no bundle. A
// bundle that can't have been written by Write is a *badinput.Error.
func Open(path string) (*Contents, error) {
	archive, err := files.OpenArchive(path)
	if errors.Is(err, files.ErrNoArchive) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = archive.Close() }()
	names := map[string]bool{}
	for _, f := range archive.File {
		names[f.Name] = true
	}
	if !names[contentsFile] {
		return nil, nil
	}
	c := &Contents{path: path}
	data, err := files.Read(c.at(contentsFile), maxContents, "a list of contents")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &c.list); err != nil {
		return nil, badinput.Wrap(c.at(contentsFile), "", err)
	}
	if err := c.validate(names); err != nil {
		return nil, err
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

// validate checks the list of contents against the names in the archive.
func (c *Contents) validate(names map[string]bool) error {
	bad := func(field, found, want string) error { return badinput.New(c.at(contentsFile), field, found, want) }
	if c.list.Schema != schema {
		return bad("schema", fmt.Sprintf("%q", clip.Text(c.list.Schema)), fmt.Sprintf("%q", schema))
	}
	if n := c.list.Executable; n < 0 || n > maxExecutable {
		return bad("executable_bytes", fmt.Sprint(n), fmt.Sprintf("0 to %d", maxExecutable))
	}
	if len(c.list.SHA256) == 0 {
		return bad("sha256", "no hashes", "one for each file")
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if _, covered := c.list.SHA256[name]; !covered && name != contentsFile {
			return bad("sha256", fmt.Sprintf("no hash of %q", clip.Text(name)), "one for each file")
		}
	}
	for _, name := range c.Names() {
		if !names[name] {
			return bad("sha256", fmt.Sprintf("a hash of %q", clip.Text(name)), "hashes of files that are in the bundle")
		}
	}
	parts := map[string]string{"model": c.list.Model}
	for i, name := range c.list.Adapters {
		parts[fmt.Sprintf("adapters[%d]", i)] = name
	}
	if c.list.Terminology != "" {
		parts["terminology"] = c.list.Terminology
	}
	for _, field := range slices.Sorted(maps.Keys(parts)) {
		name := parts[field]
		inside := func(file string) bool { return file == name || strings.HasPrefix(file, name+"/") }
		if !fs.ValidPath(name) || !slices.ContainsFunc(c.Names(), inside) {
			return bad(field, fmt.Sprintf("%q", clip.Text(name)), "a path of a file or a folder in the bundle")
		}
	}
	return nil
}

// at returns the path of a file in the archive.
func (c *Contents) at(name string) string { return c.path + files.Separator + name }

// Names lists the files in the archive, sorted.
func (c *Contents) Names() []string { return slices.Sorted(maps.Keys(c.list.SHA256)) }

// Check compares every file with the hash that it had when it was bundled.
func (c *Contents) Check(ctx context.Context) error {
	for _, name := range c.Names() {
		sum, err := c.sum(ctx, name)
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
func (c *Contents) sum(ctx context.Context, name string) (sum string, err error) {
	f, err := files.Map(c.at(name))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return files.Hash(ctx, bytes.NewReader(f.Bytes()))
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
