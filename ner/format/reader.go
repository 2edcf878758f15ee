package format

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/ner/document"
)

// ReadOptions say how to read. The zero value detects the format.
type ReadOptions struct {
	Format Format // "": detected by the first bytes and the name
	// MaxDocument bounds the bytes that one document takes in its file, after
	// decompression; 0 stands for 64 MiB.
	MaxDocument int
	// Warn, unless nil, is called with what is read otherwise than it stands in
	// the file, and with what is left out.
	Warn func(Warning)
	// Progress, unless nil, is called with the number of bytes just read from the
	// file, which may be compressed.
	Progress func(bytes int)
	// Collection, unless nil, is called with what a BioC file says of itself,
	// before its first document is delivered.
	Collection func(Collection)
}

const defaultMaxDocument = 64 << 20

func (o ReadOptions) warn(file, doc, format string, args ...any) {
	if o.Warn != nil {
		o.Warn(Warning{File: file, Document: doc, Message: fmt.Sprintf(format, args...)})
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
	name   string
	format Format
	source source
	close  []io.Closer
}

// Open opens a file, which may be compressed by gzip. A folder with .ann files is
// read as a brat corpus. Errors for what the file holds are *badinput.Error.
func Open(path string, o ReadOptions) (*Reader, error) {
	info, err := files.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() || o.Format == Brat || o.Format == "" && filepath.Ext(path) == ".ann" {
		return openBrat(path, info.IsDir(), o)
	}
	f, err := files.OpenStream(path)
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

// binaries names files in which people have articles, but no plain text, by their
// first bytes.
var binaries = map[string]string{
	"%PDF-":                            "a PDF file",
	"PK\x03\x04":                       "a ZIP archive, as Word and OpenOffice write",
	"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Word file",
	"{\\rtf":                           "an RTF file",
}

// NewReader returns a reader of the file that r delivers. The file's name stands
// in errors, helps to detect the format, and becomes part of the identifiers of
// documents that have none.
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

// Files reads files one after another. The path "-" stands for stdin. A folder
// stands for the files in it, and in folders in it, but not for hidden ones. A file
// that can't be opened counts as one bad document.
func Files(paths []string, stdin io.Reader, o ReadOptions) iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		for _, path := range paths {
			if !readFile(path, stdin, o, yield) {
				return
			}
		}
	}
}

// readFile delivers the documents of one path, and returns false if no more are
// wanted.
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
			_ = r.Close() // the caller has all that it wanted of the file
			return false
		}
	}
	if err := r.Close(); err != nil {
		return yield(document.Result{}, err)
	}
	return true
}

// plainFolder returns the path and the visible entries of a folder that is no
// brat corpus, and a nil list for any other path.
func plainFolder(path string) (string, []string) {
	entries, err := files.ReadDir(path)
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
