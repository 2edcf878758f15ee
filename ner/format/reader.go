package format

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// DefaultMaxDocument bounds one document's size in bytes of its file.
const DefaultMaxDocument = 64 << 20

// Warning is something to know about a document that was read or written.
type Warning struct {
	File     string
	Document string
	Message  string
}

func (w Warning) String() string {
	s := w.Message
	if w.Document != "" {
		s = "document " + w.Document + ": " + s
	}
	if w.File != "" {
		s = w.File + ": " + s
	}
	return s
}

// ReadOptions say how to read; the zero value detects the format.
type ReadOptions struct {
	Format      Format
	MaxDocument int              // bytes; 0: DefaultMaxDocument
	Warn        func(Warning)    // nil: warnings are not wanted
	Progress    func(bytes int)  // called with the bytes just read from the file, before decompression
	Collection  func(Collection) // called once what a BioC file says of itself is known
}

func (o ReadOptions) warn(file, doc, format string, args ...any) {
	if o.Warn != nil {
		o.Warn(Warning{file, doc, fmt.Sprintf(format, args...)})
	}
}

func (o ReadOptions) maxDocument() int {
	if o.MaxDocument > 0 {
		return o.MaxDocument
	}
	return DefaultMaxDocument
}

// Collection is what a BioC file says of itself.
type Collection struct {
	Source, Date, Key string
	Infons            map[string]string
}

// source is a format's reader. After an error that is not final, next goes on
// with the following document; io.EOF is the end.
type source interface {
	next() (document.Result, error)
}

// final is an error after which a file can't be read on.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// Reader delivers the documents of one file.
type Reader struct {
	name   string
	format Format
	source source
	close  []io.Closer
}

// Open opens a file, gzip-compressed or not. A folder with .ann files is a brat
// corpus.
func Open(path string, o ReadOptions) (*Reader, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() || o.Format == Brat || o.Format == "" && filepath.Ext(path) == ".ann" {
		return openBrat(path, info.IsDir(), o)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(path, f, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.close = append(r.close, f)
	return r, nil
}

// binaries are files that people have articles in and that hold no plain text,
// by how they begin.
var binaries = map[string]string{
	"%PDF-":                            "a PDF file",
	"PK\x03\x04":                       "a ZIP archive, as Word and OpenOffice write",
	"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Word file",
	"{\\rtf":                           "an RTF file",
}

// NewReader reads from r; name is for messages, detection and the identifiers
// of documents that have none.
func NewReader(name string, r io.Reader, o ReadOptions) (*Reader, error) {
	if o.Progress != nil {
		r = &countingReader{r, o.Progress}
	}
	in, closer, err := decompress(name, r)
	if err != nil {
		return nil, err
	}
	head, err := in.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, badRead(name, err)
	}
	if len(head) >= 2 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff) {
		return nil, badinput.New(name, "encoding", "a UTF-16 byte order mark", "UTF-8")
	}
	for magic, kind := range binaries {
		if strings.HasPrefix(string(head), magic) {
			return nil, badinput.New(name, "", kind, "text: convert it first")
		}
	}
	f := o.Format
	if detected := detect(name, head); f == "" || f == DisplaCy && detected == JSONL {
		f = detected
	}
	if len(head) >= 3 && string(head[:3]) == "\ufeff" {
		if _, err := in.Discard(3); err != nil {
			return nil, badRead(name, err)
		}
	}
	out := &Reader{name: name, format: f}
	if closer != nil {
		out.close = append(out.close, closer)
	}
	read := find(f).read
	if read == nil {
		_, err := ParseInput(string(f))
		return nil, err
	}
	if out.source, err = read(input{name: name, in: in, o: o}); err != nil {
		return nil, err
	}
	return out, nil
}

// Format is the format that is being read.
func (r *Reader) Format() Format { return r.format }

// Results delivers the documents in order. A pair with an error stands for a
// document that is bad; the next pair is the document after it.
func (r *Reader) Results() iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		for {
			res, err := r.source.next()
			if err == io.EOF { //nolint:errorlint // the end is never wrapped; bad documents may wrap it
				return
			}
			if !yield(res, err) {
				return
			}
			var last final
			if errors.As(err, &last) {
				return
			}
		}
	}
}

// Documents is Results without the account of a run.
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

// Files reads files one after another; "-" is stdin, a folder stands for the
// files in it. A file that can't be opened is one bad document.
func Files(paths []string, stdin io.Reader, o ReadOptions) iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		for _, path := range paths {
			if !readFile(path, stdin, o, yield) {
				return
			}
		}
	}
}

func readFile(path string, stdin io.Reader, o ReadOptions, yield func(document.Result, error) bool) bool {
	var r *Reader
	var err error
	if path == "-" {
		r, err = NewReader("stdin", stdin, o)
	} else {
		if plain, list := plainFolder(path); list != nil {
			for _, name := range list {
				if !readFile(filepath.Join(plain, name), stdin, o, yield) {
					return false
				}
			}
			return true
		}
		r, err = Open(path, o)
	}
	if err != nil {
		return yield(document.Result{}, err)
	}
	for res, err := range r.Results() {
		if !yield(res, err) {
			_ = r.Close() // what was wanted of it has been read
			return false
		}
	}
	if err := r.Close(); err != nil {
		return yield(document.Result{}, err)
	}
	return true
}

// plainFolder lists a folder that is not a brat corpus: what is visible in it.
func plainFolder(path string) (string, []string) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", nil
	}
	names := []string{}
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".ann" {
			return "", nil
		}
		if e.Name()[0] != '.' {
			names = append(names, e.Name())
		}
	}
	return path, names
}

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

// badRead is a failure of the file below, which ends its documents.
func badRead(name string, err error) error {
	var bad *badinput.Error
	if errors.As(err, &bad) {
		return final{err}
	}
	return final{fmt.Errorf("%s: %w", name, err)}
}
