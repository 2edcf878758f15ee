package bundle

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
)

// Plan names what goes into a bundle, by paths. They may lead into another bundle.
type Plan struct {
	Executable  string // medner; if it is a bundle, the model in it is left out
	Model       string // a directory or a GGUF file
	Adapters    []string
	Terminology string // a file; "" for none
}

// page divides the offset of every file in a bundle, in bytes. It is a multiple of the
// page size of every system that maps bundles. No two files share a page, so that the
// memory of one can be given back alone.
const page = 16 << 10

// Write writes a bundle, an executable file that appears whole or not at all.
// The same plan gives the same bytes. Models and adapters are copied unread: that
// they can be opened is for the caller to check.
func Write(ctx context.Context, output string, p Plan) error {
	inputs := append([]string{p.Executable, p.Model, p.Terminology}, p.Adapters...)
	if err := atomicfile.Apart([]string{output}, inputs...); err != nil {
		return err
	}
	program, err := executable(p.Executable)
	if err != nil {
		return err
	}
	f, err := atomicfile.Create(output)
	if err != nil {
		return err
	}
	b := &writer{ctx: ctx, names: map[string]bool{}, out: bufio.NewWriterSize(f, 1<<20), list: list{Schema: schema, Executable: int64(len(program)), SHA256: map[string]string{}}}
	if err = b.write(program, p); err == nil {
		err = errors.Join(b.out.Flush(), f.Executable())
	}
	if err != nil {
		_ = f.Discard() // the first error says more
		return err
	}
	return f.Commit()
}

// writer writes a bundle: the program, and then, through zip, the archive.
type writer struct {
	ctx context.Context
	out *bufio.Writer
	n   int64 // bytes written to out
	zip *zip.Writer
	// descriptor is the size in bytes of the record that zip writes behind the last
	// file before it begins another.
	descriptor int64
	list       list
	names      map[string]bool // of the files in the archive, in lower case
}

func (b *writer) Write(data []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.out.Write(data)
	b.n += int64(n)
	return n, err
}

func (b *writer) write(program []byte, p Plan) error {
	if _, err := b.Write(program); err != nil {
		return err
	}
	b.zip = zip.NewWriter(b)
	b.zip.SetOffset(b.n)
	var err error
	if b.list.Model, err = b.add("model", p.Model); err != nil {
		return err
	}
	for i, dir := range p.Adapters {
		name, err := b.add(fmt.Sprintf("adapter/%d", i+1), dir)
		if err != nil {
			return err
		}
		b.list.Adapters = append(b.list.Adapters, name)
	}
	if p.Terminology != "" {
		if b.list.Terminology, err = b.add("terminology", p.Terminology); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(b.list, "", "  ")
	if err != nil {
		return err
	}
	w, err := b.create(contentsFile)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(text, '\n')); err != nil {
		return err
	}
	return b.zip.Close()
}

// add copies a file, or those files of a directory that belong to a model, into
// the folder below of the archive, and returns the name that from has there.
func (b *writer) add(below, from string) (string, error) {
	info, err := files.Stat(from)
	if err != nil {
		return "", err
	}
	name, err := base(from)
	if err != nil {
		return "", err
	}
	name = path.Join(below, name)
	if !info.IsDir() {
		return name, b.copy(name, from)
	}
	paths, err := files.Glob(from, "*")
	if err != nil {
		return "", err
	}
	for _, p := range paths {
		if info, err := files.Stat(p); err != nil || info.IsDir() || !belongs(filepath.Base(p)) {
			if err != nil {
				return "", err
			}
			continue
		}
		if err := b.copy(path.Join(name, filepath.Base(p)), p); err != nil {
			return "", err
		}
	}
	return name, nil
}

// belongs reports whether a model needs the file of that name in its directory.
// Other frameworks' weights and names that begin with a dot are left out.
func belongs(name string) bool {
	extension := strings.ToLower(filepath.Ext(name))
	return !strings.HasPrefix(name, ".") &&
		slices.Contains([]string{"", ".json", ".safetensors", ".jinja", ".txt", ".md", ".model"}, extension)
}

// copy copies a file into the archive, under a name.
func (b *writer) copy(name, from string) error {
	src, err := files.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	w, err := b.create(name)
	if err != nil {
		return err
	}
	h := sha256.New()
	size, err := io.Copy(io.MultiWriter(w, h), src)
	if err != nil {
		return err
	}
	if b.descriptor = 16; size >= math.MaxUint32 {
		b.descriptor = 24
	}
	b.list.SHA256[name] = hex.EncodeToString(h.Sum(nil))
	return nil
}

// create begins a file in the archive. Its header gets an extra field, which no
// reader uses, of the length that makes the file's bytes begin at a page.
func (b *writer) create(name string) (io.Writer, error) {
	if !files.ValidEntry(name) {
		return nil, badinput.New(name, "", "that name", "a name that can stand in a bundle")
	}
	folded := strings.ToLower(name)
	if b.names[folded] {
		return nil, badinput.New(name, "", "the name twice", "names that differ, whatever the case of letters")
	}
	b.names[folded] = true
	if err := b.zip.Flush(); err != nil {
		return nil, err
	}
	const fixed, field, id = 30, 4, 0x646d
	begin := b.n + b.descriptor + fixed + int64(len(name)) + field
	padding := (page - begin%page) % page
	extra := binary.LittleEndian.AppendUint16(nil, id)
	extra = binary.LittleEndian.AppendUint16(extra, uint16(padding))
	w, err := b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Extra: append(extra, make([]byte, padding)...)})
	if err != nil {
		return nil, err
	}
	if err := b.zip.Flush(); err != nil {
		return nil, err
	}
	if b.n%page != 0 {
		return nil, fmt.Errorf("bundle: %s begins at byte %d, not at a page", name, b.n)
	}
	return w, nil
}
