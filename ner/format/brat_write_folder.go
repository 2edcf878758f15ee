package format

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/ner/document"
)

// bratFolder writes a .txt and an .ann for each document.
type bratFolder struct {
	dir  string
	o    WriteOptions
	used map[string]bool // names of files, without extension
}

// NewBratFolder returns a writer that writes each document as a pair of files, .txt
// and .ann, into a folder, which is made if it is missing. The files are named
// after the documents' identifiers. A file of such a name that is there already, with
// another content, is left as it is and ends the writing.
func NewBratFolder(dir string, o WriteOptions) (Writer, error) {
	o.Format = Brat
	if err := atomicfile.Folder(dir); err != nil {
		return nil, err
	}
	return &bratFolder{dir: dir, o: o, used: map[string]bool{}}, nil
}

// unsafeName matches characters that names of files shall not have.
var unsafeName = regexp.MustCompile(`[^\p{L}\p{N}._-]+`)

func (w *bratFolder) Write(r *document.Result) error {
	if err := needText(r, Brat); err != nil {
		return err
	}
	ann, err := bratLines(r, w.o)
	if err != nil {
		return err
	}
	name := strings.TrimLeft(unsafeName.ReplaceAllString(strings.TrimSuffix(r.ID, ".txt"), "_"), ".")
	if name == "" {
		name = "document"
	}
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "")
	}
	for stem, n := name, 2; w.used[name]; n++ {
		name = fmt.Sprintf("%s-%d", stem, n)
	}
	w.used[name] = true
	if name != strings.TrimSuffix(r.ID, ".txt") {
		w.o.warn(r.ID, "the document is written as %s", name)
	}
	stem := filepath.Join(w.dir, name)
	if err := atomicfile.WriteNew(stem+".txt", []byte(r.Text)); err != nil {
		return err
	}
	return atomicfile.WriteNew(stem+".ann", ann)
}

// maxName bounds the bytes of a name, so that an extension and a number still fit
// into the 255 that file systems allow.
const maxName = 200

func (w *bratFolder) Close() error { return atomicfile.SyncDir(w.dir) }
