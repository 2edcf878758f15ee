package shards

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/ner/format"
)

// expand returns the files that paths, globs and folders stand for, each once, in
// the order of their documents: see inOrder. Files below a folder count if their
// names are those of a format.
func expand(paths []string, warn func(format.Warning)) ([]string, error) {
	var all []string
	for _, path := range paths {
		if path == "-" {
			return nil, hint.Add(badinput.New("", "inputs", "standard input", "files, which each shard reads by itself"), "write the documents to a file first")
		}
		list := []string{path}
		if _, err := os.Stat(path); err != nil {
			matches, globErr := filepath.Glob(path)
			if globErr != nil || len(matches) == 0 {
				return nil, err
			}
			list = matches
		}
		for _, path := range list {
			below, err := under(path, warn)
			if err != nil {
				return nil, err
			}
			all = append(all, below...)
		}
	}
	all = once(all)
	slices.SortFunc(all, inOrder)
	if len(all) == 0 {
		return nil, badinput.New(strings.Join(paths, ", "), "", "no files with documents", "one at least")
	}
	return all, nil
}

// under returns a file, or the files of a folder and of the folders in it.
func under(path string, warn func(format.Warning)) ([]string, error) {
	info, err := files.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return nil, badinput.New(path, "", files.Kind(info.Mode()), "a file, which each shard reads by itself")
		}
		return []string{path}, nil
	}
	entries, err := files.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, e := range entries {
		inner := filepath.Join(path, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := files.Stat(inner)
		switch {
		case err != nil:
			return nil, err
		case info.IsDir() && e.Type()&os.ModeSymlink != 0:
			warn(format.Warning{File: inner, Message: "links to folders are skipped in folders"})
		case info.IsDir():
			below, err := under(inner, warn)
			if err != nil {
				return nil, err
			}
			all = append(all, below...)
		case info.Mode().IsRegular() && format.IsInput(inner):
			all = append(all, inner)
		default:
			warn(format.Warning{File: inner, Message: "files whose names are of no format are skipped in folders"})
		}
	}
	return all, nil
}

// once leaves each file once, whatever paths lead to it: the first of them in the
// order of bytes.
func once(paths []string) []string {
	slices.Sort(paths)
	seen := map[string]bool{}
	var all []string
	for _, path := range paths {
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err != nil {
			real = path
		}
		if !seen[real] {
			seen[real] = true
			all = append(all, filepath.Clean(path))
		}
	}
	return all
}

// citationFile matches the names of PubMed's baseline and update files: a year and a
// number, which goes on from the baseline's to the updates'.
var citationFile = regexp.MustCompile(`(?i)^(?:pubmed|medline)(\d\d)n(\d{4,})\.xml`)

// inOrder compares paths: PubMed's citation files by year and number, wherever they
// lie, behind all others; the others by their paths, in which numbers count as such.
func inOrder(a, b string) int {
	return cmp.Or(byNumber(filepath.Base(a), filepath.Base(b)), natural(filepath.ToSlash(a), filepath.ToSlash(b)), strings.Compare(a, b))
}

// byNumber compares names of files: PubMed's citation files by year and number, behind all
// others. It returns 0 for two others.
func byNumber(a, b string) int {
	x, y := citationFile.FindStringSubmatch(a), citationFile.FindStringSubmatch(b)
	switch {
	case x != nil && y == nil:
		return 1
	case x == nil && y != nil:
		return -1
	case x == nil:
		return 0
	}
	return cmp.Or(natural(x[1], y[1]), natural(x[2], y[2]))
}

var digits = regexp.MustCompile(`\d+|\D+`)

// natural compares texts; runs of digits in them compare by their values.
func natural(a, b string) int {
	x, y := digits.FindAllString(a, -1), digits.FindAllString(b, -1)
	for i := range min(len(x), len(y)) {
		p, perr := strconv.ParseUint(x[i], 10, 64)
		q, qerr := strconv.ParseUint(y[i], 10, 64)
		if perr == nil && qerr == nil && p != q {
			return cmp.Compare(p, q)
		}
		if (perr != nil || qerr != nil) && x[i] != y[i] {
			return strings.Compare(x[i], y[i])
		}
	}
	return cmp.Compare(len(x), len(y))
}
