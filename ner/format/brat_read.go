package format

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/ner/document"
)

// bratExtensions has the extensions of annotation files. Those of BioNLP's shared
// tasks have .a1 for given mentions and .a2 for what is to be found.
var bratExtensions = []string{".ann", ".a1", ".a2"}

// bratTextExtension is the extension of the articles.
const bratTextExtension = ".txt"

// isBrat tells whether a file has annotations in brat's format, by its name.
func isBrat(path string) bool { return slices.Contains(bratExtensions, extensionOf(path)) }

// extensionOf returns the extension of a file's name in lower case, without that of
// compression.
func extensionOf(path string) string {
	return strings.ToLower(filepath.Ext(files.Plain(path)))
}

// bratStem returns the path that an article and its annotations have in common.
func bratStem(path string) string {
	path = files.Plain(path)
	return path[:len(path)-len(filepath.Ext(path))]
}

// bratPair is an article in a .txt, and its annotations in files of the same name.
type bratPair struct {
	stem string // their path without extension
	id   string // of the document; "" for the file's name
}

// bratSource reads pairs.
type bratSource struct {
	pairs []bratPair // to come
	o     ReadOptions
}

func newBratReader(name string, pairs []bratPair, o ReadOptions) *Reader {
	return &Reader{name: name, format: Brat, source: &bratSource{pairs: pairs, o: o}}
}

// openBratFolder returns a reader of all pairs in a folder. A .txt without
// annotations is a document without annotations.
func openBratFolder(path string, o ReadOptions) (*Reader, error) {
	entries, err := files.ReadDir(path)
	if err != nil {
		return nil, err
	}
	pairs, annotated := bratPairs(path, entries)
	if !annotated {
		return nil, badinput.New(path, "", "a folder without .ann files", "pairs of .ann and .txt")
	}
	return newBratReader(path, pairs, o), nil
}

// bratPairs returns the pairs in a folder with these entries, sorted by name, and
// whether any has annotations.
func bratPairs(folder string, entries []fs.DirEntry) (pairs []bratPair, annotated bool) {
	seen := map[string]bool{}
	for _, e := range entries {
		name := e.Name()
		ann := isBrat(name)
		if e.IsDir() || name[0] == '.' || !ann && extensionOf(name) != bratTextExtension {
			continue
		}
		annotated = annotated || ann
		if stem := bratStem(name); !seen[stem] {
			seen[stem] = true
			pairs = append(pairs, bratPair{stem: filepath.Join(folder, stem)})
		}
	}
	slices.SortFunc(pairs, func(a, b bratPair) int { return strings.Compare(a.stem, b.stem) })
	return pairs, annotated
}

func (s *bratSource) next() (document.Result, error) {
	if len(s.pairs) == 0 {
		return document.Result{}, io.EOF
	}
	pair := s.pairs[0]
	s.pairs = s.pairs[1:]
	d, err := s.read(pair)
	var last final
	if errors.As(err, &last) {
		err = last.error // the next pair may be readable
	}
	return document.Result{Document: d}, err
}

// read reads a pair.
func (s *bratSource) read(pair bratPair) (document.Document, error) {
	text, marked, err := s.file(pair.stem + bratTextExtension)
	if errors.Is(err, fs.ErrNotExist) {
		return document.Document{}, badinput.New(pair.stem+bratExtensions[0], "", "no "+filepath.Base(pair.stem)+bratTextExtension, "the text beside the annotations")
	}
	if err != nil {
		return document.Document{}, err
	}
	d := document.Document{ID: pair.id, Text: text}
	if d.ID == "" {
		d.ID = filepath.Base(pair.stem)
	}
	p := newBratParser(&d, marked, s.o)
	first := ""
	for _, ext := range bratExtensions {
		path := pair.stem + ext
		notes, _, err := s.file(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if first == "" {
			first = path
		}
		var bad *badinput.Error
		if errors.As(err, &bad) {
			err = s.o.annotation(path, d.ID, err)
		}
		if err == nil {
			err = p.parse(path, notes)
		}
		if err != nil {
			return document.Document{}, err
		}
	}
	if first == "" {
		return d, nil
	}
	if err := p.finish(first); err != nil {
		return document.Document{}, err
	}
	return d, nil
}

// file returns the text of a file, or of a compressed one beside it, and whether
// the text began with a byte order mark.
func (s *bratSource) file(path string) (text string, marked bool, err error) {
	f, err := files.Open(path)
	for _, ending := range files.CompressedEndings() {
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		packed, missing := files.Open(path + ending)
		if missing == nil {
			path += ending
			f, err = packed, nil
		}
	}
	if err != nil {
		return "", false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	c, err := openContent(path, f, s.o)
	if err != nil {
		return "", false, err
	}
	text, err = readText(path, c.in, s.o.maxDocument())
	return text, c.marked, errors.Join(err, c.closer.Close())
}
