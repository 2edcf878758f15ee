package format

import (
	"encoding/csv"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/medner/medner/internal/spreadsheet"
)

// csvTable writes rows as RFC 4180 has them, with line feeds, in UTF-8, and with a
// header. Lists are joined by pipes; a backslash stands before a pipe or a backslash
// in an item.
//
// Spreadsheets run a cell that begins with =, +, -, @, a tab or a carriage return as a
// formula, and documents are anybody's text. Such a cell gets an apostrophe in front,
// and so does one with apostrophes before such a sign: a reader who takes one
// apostrophe off cells of that kind has the text again. Parquet and TSV have the text
// as it is.
type csvTable[R any] struct {
	w      *csv.Writer
	o      WriteOptions
	header bool // it is written
	cells  []string
}

func newCSVTable[R any](w io.Writer, o WriteOptions) *csvTable[R] {
	return &csvTable[R]{w: csv.NewWriter(w), o: o, header: o.Written > 0}
}

func (t *csvTable[R]) add(doc string, rows ...R) error {
	t.begin()
	for i := range rows {
		t.cells = t.cells[:0]
		row := reflect.ValueOf(&rows[i]).Elem()
		for c := range row.NumField() {
			cell, guarded := csvCell(row.Field(c).Interface())
			if guarded {
				t.o.warn(doc, "an apostrophe stands in front of cells that spreadsheets would run as formulas")
			}
			t.cells = append(t.cells, cell)
		}
		if err := t.w.Write(t.cells); err != nil {
			return err
		}
	}
	t.w.Flush()
	return t.w.Error()
}

// begin writes the header, unless it is written.
func (t *csvTable[R]) begin() {
	if t.header {
		return
	}
	t.header = true
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[R]()) {
		name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		names = append(names, name)
	}
	_ = t.w.Write(names) // Flush tells of errors
}

func (t *csvTable[R]) close() error {
	t.begin()
	t.w.Flush()
	return t.w.Error()
}

// csvCell returns the cell for a value of a row, and whether it has been given an
// apostrophe.
func csvCell(value any) (cell string, guarded bool) {
	switch v := value.(type) {
	case string:
		cell = v
	case []string:
		cell = spreadsheet.List(v)
	case bool:
		return strconv.FormatBool(v), false
	case int64:
		return strconv.FormatInt(v, 10), false
	case *int64:
		if v != nil {
			return strconv.FormatInt(*v, 10), false
		}
	case *float64:
		if v != nil {
			return formatFloat(*v), false
		}
	case []int64:
		return joinCells(v, func(n int64) string { return strconv.FormatInt(n, 10) }), false
	case []float64:
		return joinCells(v, formatFloat), false
	}
	return spreadsheet.Guard(cell)
}

// joinCells joins numbers as spreadsheet.List joins texts.
func joinCells[V any](list []V, item func(V) string) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = item(v)
	}
	return strings.Join(parts, "|")
}
