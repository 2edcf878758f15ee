package format

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/medner/medner/ner/document"
)

// bratFolder writes an .ann and a .txt for each document.
type bratFolder struct {
	dir  string
	o    WriteOptions
	used map[string]bool
}

// NewBratFolder writes brat's pairs of files into a folder, which it makes. The
// files are named like the documents.
func NewBratFolder(dir string, o WriteOptions) (Writer, error) {
	o.Format = Brat
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &bratFolder{dir: dir, o: o, used: map[string]bool{}}, nil
}

// unsafeName is what file names are spared.
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
	return errors.Join(os.WriteFile(stem+".txt", []byte(r.Text), 0o644), os.WriteFile(stem+".ann", ann, 0o644))
}

// maxName leaves room for extensions and numbers in what file systems allow.
const maxName = 200

func (w *bratFolder) Close() error { return nil }
