package format

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/ner/document"
)

// bratSource reads pairs of files: an article in a .txt, and its annotations in an
// .ann of the same name.
type bratSource struct {
	stems []string // the paths of the pairs to come, without extension
	o     ReadOptions
}

// openBrat returns a reader of all pairs in a folder, or of the pair that path is
// one file of. A .txt without an .ann is a document without annotations.
func openBrat(path string, folder bool, o ReadOptions) (*Reader, error) {
	s := &bratSource{o: o}
	if !folder {
		s.stems = []string{strings.TrimSuffix(strings.TrimSuffix(path, ".ann"), ".txt")}
		return &Reader{name: path, format: Brat, source: s}, nil
	}
	entries, err := files.ReadDir(path)
	if err != nil {
		return nil, err
	}
	annotated := false
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if e.IsDir() || ext != ".ann" && ext != ".txt" {
			continue
		}
		annotated = annotated || ext == ".ann"
		// The files of a pair are neighbours, as their names are sorted.
		stem := filepath.Join(path, strings.TrimSuffix(e.Name(), ext))
		if !slices.Contains(s.stems[max(0, len(s.stems)-1):], stem) {
			s.stems = append(s.stems, stem)
		}
	}
	if !annotated {
		return nil, badinput.New(path, "", "a folder without .ann files", "pairs of .ann and .txt")
	}
	return &Reader{name: path, format: Brat, source: s}, nil
}

func (s *bratSource) next() (document.Result, error) {
	if len(s.stems) == 0 {
		return document.Result{}, io.EOF
	}
	stem := s.stems[0]
	s.stems = s.stems[1:]
	d, err := s.read(stem)
	var last final
	if errors.As(err, &last) {
		err = last.error // the next pair may be readable
	}
	return document.Result{Document: d}, err
}

// read reads the pair of a stem.
func (s *bratSource) read(stem string) (document.Document, error) {
	text, err := s.file(stem + ".txt")
	if errors.Is(err, os.ErrNotExist) {
		return document.Document{}, badinput.New(stem+".ann", "", "no "+filepath.Base(stem)+".txt", "the text beside the annotations")
	}
	if err != nil {
		return document.Document{}, err
	}
	d := document.Document{ID: filepath.Base(stem), Text: text}
	notes, err := s.file(stem + ".ann")
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return d, nil
		}
		return document.Document{}, err
	}
	p := bratParser{file: stem + ".ann", doc: &d, o: s.o, byID: map[string]int{}}
	if err := p.parse(notes); err != nil {
		return document.Document{}, err
	}
	return d, nil
}

// file returns the text of a file.
func (s *bratSource) file(path string) (string, error) {
	f, err := files.Open(path)
	if err != nil {
		return "", err
	}
	var r io.Reader = f
	if s.o.Progress != nil {
		r = &countingReader{f, s.o.Progress}
	}
	text, err := readText(path, r, s.o.maxDocument())
	return text, errors.Join(err, f.Close())
}
