package format

import (
	"bufio"
	"fmt"
	"io"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// textSource reads a whole file as one document, whose identifier is the file's
// name.
type textSource struct {
	name string
	in   *bufio.Reader
	o    ReadOptions
	done bool // the document has been delivered
}

func (t *textSource) next() (document.Result, error) {
	if t.done {
		return document.Result{}, io.EOF
	}
	t.done = true
	text, err := readText(t.name, t.in, t.o.maxDocument())
	if err != nil {
		return document.Result{}, err
	}
	return document.Result{Document: document.Document{ID: t.o.fileID(t.name), Text: text}}, nil
}

// readText returns all of r, which must be UTF-8 text of at most max bytes.
func readText(name string, r io.Reader, max int) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(max)+1))
	if err != nil {
		return "", badRead(name, err)
	}
	if len(data) > max {
		return "", badinput.New(name, "size", fmt.Sprintf("more than %d bytes", max), "a document")
	}
	if bad := badText(data); bad != "" {
		return "", badinput.New(name, "", bad, textWanted(bad))
	}
	return string(data), nil
}
