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
	dir   string
	o     WriteOptions
	names fileNames
}

// fileNames has the names of files that are taken, without extension and in lower
// case, and for each the highest number behind it that is taken; 1 stands for none.
type fileNames map[string]int

func newBratFolder(dir string, o WriteOptions) (FolderWriter, error) {
	if err := atomicfile.Folder(dir); err != nil {
		return nil, err
	}
	return &bratFolder{dir: dir, o: o, names: fileNames{}}, nil
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
	name := w.names.name(strings.TrimSuffix(r.ID, ".txt"))
	if name != strings.TrimSuffix(r.ID, ".txt") {
		w.o.warn(r.ID, "the document is written as %s", name)
	}
	stem := filepath.Join(w.dir, name)
	if err := atomicfile.WriteNew(stem+".txt", []byte(r.Text)); err != nil {
		return err
	}
	return atomicfile.WriteNew(stem+".ann", ann)
}

// name returns a name for the files of a document that no other document has.
func (used fileNames) name(id string) string {
	stem := strings.TrimLeft(unsafeName.ReplaceAllString(id, "_"), ".")
	if stem == "" {
		stem = "document"
	}
	if len(stem) > maxName {
		stem = strings.ToValidUTF8(stem[:maxName], "")
	}
	name := stem
	for used[strings.ToLower(name)] > 0 {
		n := used[strings.ToLower(stem)] + 1
		used[strings.ToLower(stem)] = n
		name = fmt.Sprintf("%s-%d", stem, n)
	}
	used[strings.ToLower(name)] = max(used[strings.ToLower(name)], 1)
	return name
}

// maxName bounds the bytes of a name, so that an extension and a number still fit
// into the 255 that file systems allow.
const maxName = 200

func (w *bratFolder) Close() error { return atomicfile.SyncDir(w.dir) }

// Abandon leaves what is written, as each document is whole.
func (w *bratFolder) Abandon() error { return nil }
