package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/medner/medner/ner/document"
)

// jsonlWriter writes one result on each line.
type jsonlWriter struct {
	w io.Writer
	o WriteOptions
}

func (w *jsonlWriter) Write(r *document.Result) error {
	data, err := Marshal(r, w.o.Text)
	if err != nil {
		return err
	}
	_, err = w.w.Write(data)
	return err
}

func (w *jsonlWriter) Close() error { return nil }

// jsonWriter writes one result as an object, and several as an array.
type jsonWriter struct {
	w     io.Writer
	o     WriteOptions
	count int
	first []byte // the first result, until a second one or Close tells which
}

func (w *jsonWriter) Write(r *document.Result) error {
	line, err := Marshal(r, w.o.Text)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(line), "", "  "); err != nil {
		return err
	}
	w.count++
	switch w.count {
	case 1:
		w.first = b.Bytes()
		return nil
	case 2:
		_, err = fmt.Fprintf(w.w, "[\n%s", w.first)
		w.first = nil
		if err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w.w, ",\n%s", b.Bytes())
	return err
}

func (w *jsonWriter) Close() error {
	var err error
	switch w.count {
	case 0:
		_, err = io.WriteString(w.w, "[]\n")
	case 1:
		_, err = fmt.Fprintf(w.w, "%s\n", w.first)
	default:
		_, err = io.WriteString(w.w, "\n]\n")
	}
	return err
}
