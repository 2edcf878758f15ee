package format

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/ner/document"
)

// ReadOptions say how to read. The zero value detects the format.
type ReadOptions struct {
	Format Format // "": detected by the first bytes and the name
	// MaxDocument bounds the bytes that one document takes in its file, after
	// decompression; 0 stands for 64 MiB.
	MaxDocument int
	// Annotations says what becomes of annotations that can't be read or don't fit
	// the text. The zero value, Strict, makes their document bad.
	Annotations Strictness
	// Warn, unless nil, is called with what is read otherwise than it stands in
	// the file, and with what is left out.
	Warn func(Warning)
	// Progress, unless nil, is called with the number of bytes just read from the
	// file, which may be compressed.
	Progress func(bytes int)
	// Collection, unless nil, is called with what a BioC file says of itself,
	// before its first document is delivered.
	Collection func(Collection)
	// Deleted, unless nil, is called with the identifiers (PMIDs) of the articles that
	// a file of PubMed's XML says are deleted: update files have one list of them,
	// behind their articles. What earlier files say of these articles no longer holds.
	// Of two files that have one article the later one is right; within a file it is
	// the one with the higher version, which is the property "version" of a document,
	// left out where it is 1.
	Deleted func(ids []string)
	// FileID is the identifier of a document that is the whole file, and the beginning
	// of those of documents that have none of their own; "" stands for the file's name.
	FileID string
	// FirstLine is the number of the first line, where what is read is a part of a
	// file of lines; 0 stands for 1. Errors and identifiers count from it.
	FirstLine int

	id string // of a document that is the whole file; "" for the file's name
}

// fileID returns the identifier of a document that is a whole file, and the
// beginning of those of documents in a file that have none.
func (o ReadOptions) fileID(name string) string {
	if o.id != "" {
		return o.id
	}
	if o.FileID != "" {
		return o.FileID
	}
	return filepath.Base(name)
}

const defaultMaxDocument = 64 << 20

func (o ReadOptions) warn(file, doc, format string, args ...any) {
	if o.Warn != nil {
		o.Warn(Warning{File: file, Document: doc, Message: clip.At(fmt.Sprintf(format, args...), maxMessage)})
	}
}

// warnAt warns of one annotation, which stands at a place in the file.
func (o ReadOptions) warnAt(file, doc, place, format string, args ...any) {
	if o.Warn != nil {
		o.Warn(Warning{File: file, Document: doc, Place: place, Message: clip.At(fmt.Sprintf(format, args...), maxMessage)})
	}
}

func (o ReadOptions) maxDocument() int {
	if o.MaxDocument > 0 {
		return o.MaxDocument
	}
	return defaultMaxDocument
}

// Collection has what a BioC file says of itself before its documents.
type Collection struct {
	Source, Date, Key string
	Infons            map[string]string
}

// source reads the documents of a file in one format.
type source interface {
	// next returns the next document; io.EOF, not wrapped, if there is none. A
	// document that is bad gives another error. Unless that is final, the next
	// call goes on with the document after it.
	next() (document.Result, error)
}

// final is an error after which the rest of a file can't be read.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// Reader delivers the documents of one file.
type Reader struct {
	name     string
	format   Format
	textOnly bool // results without their texts are bad
	source   source
	close    []io.Closer
}

// Open opens a file, which may be compressed by gzip or zstd, whatever its name. A folder with .ann files is
// read as a brat corpus. Errors for what the file holds are *badinput.Error.
func Open(path string, o ReadOptions) (*Reader, error) {
	info, err := files.Stat(path)
	if err != nil {
		return nil, unread(path, err)
	}
	if info.IsDir() {
		return openBratFolder(path, o)
	}
	if o.Format == Brat || o.Format == "" && isBrat(path) {
		return newBratReader(path, []bratPair{{stem: bratStem(path), id: o.id}}, o), nil
	}
	f, err := files.OpenStream(path)
	if err != nil {
		return nil, unread(path, err)
	}
	r, err := NewReader(path, f, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.close = append(r.close, f)
	return r, nil
}

// unread says of an error by which a path leads to no file what was expected there. The
// error of the file system, such as fs.ErrNotExist, is its cause.
func unread(path string, err error) error {
	var missing *fs.PathError
	if !errors.As(err, &missing) {
		return err
	}
	return &badinput.Error{File: path, Want: "a file of documents, or a folder with .ann files", Err: missing.Err}
}

// NewReader returns a reader of the file that r delivers. The file's name stands
// in errors, helps to detect the format, and becomes part of the identifiers of
// documents that have none.
func NewReader(name string, r io.Reader, o ReadOptions) (*Reader, error) {
	c, err := openContent(name, r, o)
	if err != nil {
		return nil, clipError(err)
	}
	f := o.Format
	detected, refused := detect(name, c.head)
	switch {
	case f == "" && refused != "":
		return nil, badinput.New(name, "", refused, "text, JSON, BioC, PubMed XML or JATS; read as text, its tags or columns would be part of the article")
	case f == "" || f == DisplaCy && detected == JSONL:
		f = detected
	}
	if f == TSV && o.Annotations == TextOnly && isOwnTable(c.head) {
		return nil, badinput.New(name, "", "medner's own table, which has no texts", "articles")
	}
	e := find(f)
	if e.read == nil {
		_, err := ParseInput(string(f))
		return nil, err
	}
	if e.lines {
		c.unixLines()
	}
	out := &Reader{name: name, format: f, textOnly: o.Annotations == TextOnly, close: []io.Closer{c.closer}}
	if out.source, err = e.read(input{name: name, in: c.in, o: o}); err != nil {
		return nil, clipError(err)
	}
	return out, nil
}

// Format returns the format of the file, as it was given or detected.
func (r *Reader) Format() Format { return r.format }

// Results returns the documents in order, each with the account of the run that
// annotated it, where the file has one (medner/1). A pair with an error stands
// for a bad document.
func (r *Reader) Results() iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		for {
			res, err := r.source.next()
			if err == io.EOF { //nolint:errorlint // sources don't wrap the end; bad documents may wrap io.EOF
				return
			}
			if err == nil && r.textOnly {
				err = needText(&res, "annotating")
			}
			if !yield(res, clipError(err)) {
				return
			}
			var last final
			if errors.As(err, &last) {
				return
			}
		}
	}
}

// Documents returns what [Reader.Results] does, without the accounts of runs.
func (r *Reader) Documents() iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		for res, err := range r.Results() {
			if !yield(res.Document, err) {
				return
			}
		}
	}
}

// Close closes the file.
func (r *Reader) Close() error {
	var errs []error
	for _, c := range r.close {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// countingReader tells how many bytes each Read returned.
type countingReader struct {
	r    io.Reader
	tell func(int)
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if n > 0 {
		c.tell(n)
	}
	return n, err
}

// badRead returns the error for a file that can't be read on.
func badRead(name string, err error) error {
	var bad *badinput.Error
	if errors.As(err, &bad) {
		return final{err}
	}
	return final{fmt.Errorf("%s: %w", name, err)}
}
