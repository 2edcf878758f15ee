package format

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/ner/document"
)

// Files reads files one after another, each of them once. The path "-" stands for
// stdin. A folder stands for the files in it, and in folders in it, whose
// extensions are those of formats that can be read; hidden files and those called
// README and the like are skipped. Documents that have no identifier of their own
// are called after their files: after the path below the folder, or after the
// file's name, and after the whole path where that is taken. A file that can't be
// opened counts as one bad document. A warning tells what was skipped.
func Files(paths []string, stdin io.Reader, o ReadOptions) iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		w := walk{stdin: stdin, o: o, yield: yield, seen: map[string]bool{}, names: map[string]int{}, ids: map[string]bool{}}
		for _, path := range paths {
			if path != "-" {
				w.names[filepath.Base(path)]++
			}
		}
		for _, path := range paths {
			if !w.argument(path) {
				return
			}
		}
	}
}

// walk visits files and folders. Its methods return false if no more documents are
// wanted.
type walk struct {
	stdin io.Reader
	o     ReadOptions
	yield func(document.Result, error) bool
	seen  map[string]bool // files and folders that were visited, by their paths without links
	names map[string]int  // how many arguments have a name
	ids   map[string]bool // that are taken
	files int             // visited so far
}

// fail delivers an error in the place of a document.
func (w *walk) fail(err error) bool { return w.yield(document.Result{}, err) }

// argument visits what a path of the caller stands for.
func (w *walk) argument(path string) bool {
	if path == "-" {
		r, err := NewReader("stdin", w.stdin, w.o)
		return w.documents("stdin", r, err)
	}
	info, err := files.Stat(path)
	if err != nil {
		return w.fail(unread(path, err))
	}
	if info.IsDir() {
		before := w.files
		if !w.folder(path, "") {
			return false
		}
		if w.files == before {
			w.o.warn(path, "", "the folder has no files that can be read")
		}
		return true
	}
	id := filepath.Base(path)
	if w.names[id] > 1 {
		id = filepath.ToSlash(filepath.Clean(path))
	}
	return w.file(path, id)
}

// visited tells whether a file or a folder was visited, under this path or another,
// and remembers that it is now.
func (w *walk) visited(path string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return false // it can't be opened either, or is a pipe
	}
	was := w.seen[real]
	w.seen[real] = true
	return was
}

// id returns the identifier of a file's document: the wanted one, or the file's
// path if that is taken.
func (w *walk) id(wanted, path string) string {
	if w.ids[wanted] {
		wanted = filepath.ToSlash(filepath.Clean(path))
	}
	w.ids[wanted] = true
	return wanted
}

// folder visits the files in a folder, and in folders in it; below is its path from
// the argument.
func (w *walk) folder(path, below string) bool {
	if w.visited(path) {
		w.o.warn(path, "", "folders that were read already are skipped")
		return true
	}
	entries, err := files.ReadDir(path)
	if err != nil {
		return w.fail(err)
	}
	brat := false
	if w.o.Format == "" || w.o.Format == Brat {
		var pairs []bratPair
		if pairs, brat = bratPairs(path, entries); brat && !w.pairs(path, below, pairs) {
			return false
		}
	}
	for _, e := range entries {
		if e.Name()[0] == '.' {
			continue
		}
		inner := filepath.Join(path, e.Name())
		info, err := files.Stat(inner) // of what a link leads to
		switch {
		case errors.Is(err, syscall.ELOOP):
			w.o.warn(inner, "", "links that lead to themselves are skipped")
		case err != nil:
			if !w.fail(err) {
				return false
			}
		case info.IsDir():
			if !w.folder(inner, filepath.Join(below, e.Name())) {
				return false
			}
		case brat && (isBrat(inner) || extensionOf(inner) == bratTextExtension):
		case w.wanted(inner, info):
			if !w.file(inner, filepath.ToSlash(filepath.Join(below, e.Name()))) {
				return false
			}
		}
	}
	return true
}

// IsInput reports whether a file's name is one of those that [Files] reads in a
// folder: it has the extension of a format, behind which there may be that of a
// compressed file, and is neither hidden nor called README or the like.
func IsInput(path string) bool {
	return !strings.HasPrefix(filepath.Base(path), ".") && isAbout(path) == "" && isKnown(path)
}

// isAbout returns the word by which a file's name tells that the file is about the
// others in its folder; "" for other files.
func isAbout(path string) string {
	name := filepath.Base(path)
	if name == typeSystemFile {
		return name
	}
	stem := strings.ToUpper(strings.TrimSuffix(name, filepath.Ext(name)))
	for _, about := range []string{"README", "LICENSE", "LICENCE", "CHANGELOG", "COPYING", "NOTICE"} {
		if stem == about {
			return about
		}
	}
	return ""
}

// isKnown reports whether a file has the extension of a format that can be read.
func isKnown(path string) bool {
	ext := extensionOf(path)
	return slices.ContainsFunc(entries, func(e entry) bool { return e.read != nil && slices.Contains(e.extensions, ext) })
}

// wanted tells whether a file in a folder is to be read, and warns if it isn't.
func (w *walk) wanted(path string, info fs.FileInfo) bool {
	skip := func(what string) bool {
		w.o.warn(path, "", "%s are skipped in folders", what)
		return false
	}
	if !info.Mode().IsRegular() {
		return skip("pipes, devices and the like")
	}
	ext := extensionOf(path)
	if about := isAbout(path); about != "" {
		return skip("files called " + about)
	}
	if w.o.Format == Brat && !isBrat(path) && ext != bratTextExtension {
		return skip("files other than brat's")
	}
	switch {
	case isKnown(path):
		return true
	case ext == "" && w.o.Format != "":
		return true
	case ext == "":
		return skip("files without an extension")
	}
	return skip(fmt.Sprintf("files that end in %s", quote(ext)))
}

// file visits a file.
func (w *walk) file(path, id string) bool {
	if w.visited(path) {
		w.o.warn(path, "", "files that were read already are skipped")
		return true
	}
	w.files++
	o := w.o
	o.id = w.id(id, path)
	if isBrat(path) && o.Format == "" || o.Format == Brat {
		o.id = ""
		if dir := filepath.Dir(filepath.FromSlash(id)); dir != "." {
			o.id = filepath.ToSlash(bratStem(id))
		}
	}
	r, err := Open(path, o)
	return w.documents(path, r, err)
}

// pairs visits the pairs of brat in a folder.
func (w *walk) pairs(path, below string, pairs []bratPair) bool {
	w.files += len(pairs)
	for i := range pairs {
		name := filepath.Base(pairs[i].stem)
		pairs[i].id = w.id(filepath.ToSlash(filepath.Join(below, name)), pairs[i].stem)
	}
	return w.documents(path, newBratReader(path, pairs, w.o), nil)
}

// documents delivers the documents of the file at path, or the error of opening it,
// and warns if there are none.
func (w *walk) documents(path string, r *Reader, err error) bool {
	if err != nil {
		return w.fail(err)
	}
	none := true
	for res, err := range r.Results() {
		none = false
		if !w.yield(res, err) {
			_ = r.Close() // the caller has all that it wanted of the file
			return false
		}
	}
	if none {
		w.o.warn(path, "", "the file has no documents")
	}
	if err := r.Close(); err != nil {
		return w.fail(err)
	}
	return true
}
