package format

import (
	"bufio"
	"errors"
	"io"
	"path/filepath"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/ner/document"
)

// rowTable is a file of rows.
type rowTable[R any] interface {
	// add appends the rows of a document.
	add(doc string, rows ...R) error
	close() error
}

// newTable begins a table in CSV or Parquet.
func newTable[R any](w io.Writer, o WriteOptions) rowTable[R] {
	if o.Format == CSV {
		return newCSVTable[R](w, o)
	}
	return newParquetTable[R](w)
}

// itemsWriter writes one table of all items.
type itemsWriter struct {
	o     WriteOptions
	items rowTable[itemRow]
}

func newItemsWriter(w io.Writer, o WriteOptions) Writer {
	return &itemsWriter{o: o, items: newTable[itemRow](w, o)}
}

func (w *itemsWriter) Write(r *document.Result) error {
	w.o.lose(r, tableHolds)
	return w.items.add(r.ID, itemRows(r)...)
}

func (w *itemsWriter) Close() error { return w.items.close() }

// tablesFolder writes the files documents, entities, relations and dropped, with the
// extension of the format, into a folder. They appear together when all are complete.
type tablesFolder struct {
	dir       string
	o         WriteOptions
	files     []*atomicfile.File
	buffers   []*bufio.Writer
	documents rowTable[documentRow]
	entities  rowTable[entityRow]
	relations rowTable[relationRow]
	dropped   rowTable[droppedRow]
}

func newTablesFolder(dir string, o WriteOptions) (FolderWriter, error) {
	if err := atomicfile.Folder(dir); err != nil {
		return nil, err
	}
	w := &tablesFolder{dir: dir, o: o}
	for _, name := range []string{"documents", "entities", "relations", "dropped"} {
		f, err := atomicfile.Create(filepath.Join(dir, name+"."+string(o.Format)))
		if err != nil {
			return nil, errors.Join(err, w.Abandon())
		}
		w.files = append(w.files, f)
		w.buffers = append(w.buffers, bufio.NewWriterSize(f, 1<<16))
	}
	w.documents = newTable[documentRow](w.buffers[0], o)
	w.entities = newTable[entityRow](w.buffers[1], o)
	w.relations = newTable[relationRow](w.buffers[2], o)
	w.dropped = newTable[droppedRow](w.buffers[3], o)
	return w, nil
}

func (w *tablesFolder) Write(r *document.Result) error {
	w.o.lose(r, tablesHold)
	err := w.documents.add(r.ID, newDocumentRow(r))
	for i := range r.Entities {
		err = errors.Join(err, w.entities.add(r.ID, newEntityRow(r.ID, &r.Entities[i])))
	}
	for i := range r.Relations {
		err = errors.Join(err, w.relations.add(r.ID, newRelationRow(r, &r.Relations[i])))
	}
	for _, d := range r.Dropped {
		err = errors.Join(err, w.dropped.add(r.ID, droppedRow{r.ID, d.Task, d.Text, d.Reason}))
	}
	return err
}

func (w *tablesFolder) Close() error {
	err := errors.Join(w.documents.close(), w.entities.close(), w.relations.close(), w.dropped.close())
	for _, b := range w.buffers {
		err = errors.Join(err, b.Flush())
	}
	if err != nil {
		return errors.Join(err, w.Abandon())
	}
	for len(w.files) > 0 {
		f := w.files[0]
		w.files = w.files[1:]
		if err := f.Commit(); err != nil {
			return errors.Join(err, w.Abandon())
		}
	}
	return nil
}

// Abandon removes what was written.
func (w *tablesFolder) Abandon() error {
	var err error
	for _, f := range w.files {
		err = errors.Join(err, f.Discard())
	}
	w.files = nil
	return err
}
