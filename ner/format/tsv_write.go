package format

import (
	"bytes"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/medner/medner/ner/document"
)

// The columns of medner's own table, which has a row for each item. Commas join
// the starts, and the ends, of a discontinuous mention; pipes join identifiers.
const (
	colDocument = iota
	colKind
	colType
	colText // of a relation: the chemical
	colDisease
	colStart
	colEnd
	colConcepts
	colConfidence
	colGrounded
	colNormalized
	colName // the preferred name of the terminology's entry
	colMethod
	colScore
	colReason // why an item was dropped
	columns
)

// isOwnTable tells whether a file begins with the header of medner's own table.
func isOwnTable(head []byte) bool {
	return bytes.HasPrefix(head, []byte(strings.Join(columnNames[:], "\t")))
}

var columnNames = [columns]string{"document", "kind", "type", "text", "disease", "start", "end", "concepts", "confidence", "grounded", "normalized", "name", "method", "score", "reason"}

// The kinds of rows.
const (
	kindDocument = "document" // stands for a document that has no other rows
	kindEntity   = "entity"
	kindRelation = "relation"
	kindDropped  = "dropped"
)

// A cell can't hold tabs and line ends: they are written as in C.
var (
	escapeCell   = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)
	unescapeCell = strings.NewReplacer(`\\`, "\\", `\t`, "\t", `\n`, "\n", `\r`, "\r")
)

// tsvHolds is the content that the table can hold of any document.
const tsvHolds = hasOverlaps | hasEdges | hasDiscontinuous | hasUngrounded | hasConcepts | hasNormalized | hasConfidence | hasRelations | hasDropped | hasLineBreaks | hasGaps

// tsvWriter writes medner's own table.
type tsvWriter struct {
	w       io.Writer
	o       WriteOptions
	started bool // the header is written
}

func (w *tsvWriter) Write(r *document.Result) error {
	held := tsvHolds
	for i := range r.Entities {
		if len(r.Entities[i].Links) <= 1 {
			held |= hasLinks
		} else {
			held &^= hasLinks
			break
		}
	}
	w.o.lose(r, held)
	var b bytes.Buffer
	w.header(&b)
	rows := 0
	row := func(cells map[int]string) {
		for c := range columns {
			if c > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(escapeCell.Replace(cells[c]))
		}
		b.WriteByte('\n')
		rows++
	}
	for i := range r.Entities {
		row(entityCells(r.ID, &r.Entities[i]))
	}
	for i := range r.Relations {
		e := &r.Relations[i]
		row(map[int]string{colDocument: r.ID, colKind: kindRelation, colType: e.Type, colText: e.Chemical, colDisease: e.Disease,
			colConfidence: number(e.Confidence), colGrounded: strconv.FormatBool(e.Grounded)})
	}
	for _, d := range r.Dropped {
		row(map[int]string{colDocument: r.ID, colKind: kindDropped, colType: d.Task, colText: d.Text, colReason: d.Reason})
	}
	if rows == 0 {
		row(map[int]string{colDocument: r.ID, colKind: kindDocument})
	}
	_, err := w.w.Write(b.Bytes())
	return err
}

func (w *tsvWriter) header(b *bytes.Buffer) {
	if !w.started {
		w.started = true
		b.WriteString(strings.Join(columnNames[:], "\t") + "\n")
	}
}

func (w *tsvWriter) Close() error {
	var b bytes.Buffer
	w.header(&b)
	_, err := w.w.Write(b.Bytes())
	return err
}

// entityCells returns the row of an entity, by column.
func entityCells(doc string, e *document.Entity) map[int]string {
	cells := map[int]string{colDocument: doc, colKind: kindEntity, colType: e.Type, colText: e.Text, colConcepts: strings.Join(concepts(e), "|"),
		colConfidence: number(e.Confidence), colGrounded: strconv.FormatBool(e.Grounded), colNormalized: e.Normalized}
	var starts, ends []string
	for _, s := range e.Spans {
		starts = append(starts, strconv.Itoa(s.Start))
		ends = append(ends, strconv.Itoa(s.End))
	}
	cells[colStart] = strings.Join(starts, ",")
	cells[colEnd] = strings.Join(ends, ",")
	if len(e.Links) > 0 {
		l := e.Links[0]
		cells[colName] = l.Name
		cells[colMethod] = l.Method
		cells[colScore] = number(l.Score)
	}
	return cells
}

// number returns the cell for a number; NaN is an empty cell.
func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return formatFloat(v)
}
