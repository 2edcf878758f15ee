package format

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// tsvSource reads a table with a header: medner's own, whose rows are annotations
// without the articles, or one that has an article in each row, as a text or as a
// title and an abstract.
type tsvSource struct {
	name   string
	lines  *lines
	o      ReadOptions
	header []string // nil before it is read

	// Of medner's own table:
	own   bool
	row   []string // the first row of the next document, read ahead
	ended bool     // all rows are read

	// Of a table of articles: the columns, or -1.
	id, title, text int
}

func (t *tsvSource) next() (document.Result, error) {
	if t.header == nil {
		if err := t.readHeader(); err != nil {
			return document.Result{}, err
		}
	}
	if t.own {
		return t.annotations()
	}
	row, err := t.cells()
	if err != nil {
		return document.Result{}, err
	}
	cell := func(column int) string {
		if column < 0 {
			return ""
		}
		return row[column]
	}
	d := document.Document{ID: cell(t.id), Text: cell(t.text)}
	if t.title >= 0 {
		d.Text, d.Passages = titleAndAbstract(cell(t.title), cell(t.text), t.text >= 0)
	}
	if d.ID == "" {
		d.ID = fmt.Sprintf("%s:%d", t.o.fileID(t.name), t.lines.number)
	}
	return document.Result{Document: d}, nil
}

// readHeader reads the header, and finds out what the table has.
func (t *tsvSource) readHeader() error {
	line, err := t.line()
	if err == io.EOF { //nolint:errorlint // lines returns it bare
		return final{badinput.New(t.name, "", "an empty file", "a header")}
	} else if err != nil {
		return final{err}
	}
	t.header = strings.Split(line, "\t")
	if slices.Equal(t.header, columnNames[:]) {
		t.own = true
		return nil
	}
	if slices.ContainsFunc(t.header, isNumber) {
		return final{badinput.New(t.name, place(1, ""), "the columns "+quote(strings.Join(t.header, ", ")), "a header that names them")}
	}
	find := func(names []string) int {
		return slices.IndexFunc(t.header, func(h string) bool { return slices.Contains(names, strings.ToLower(strings.TrimSpace(h))) })
	}
	t.id = find(idColumns)
	t.title = find(titleColumns)
	t.text = find(textColumns)
	if t.text < 0 && t.title < 0 {
		return final{badinput.New(t.name, place(1, ""), "the columns "+quote(strings.Join(t.header, ", ")), `one named text, title or abstract, or medner's own columns`)}
	}
	for i, h := range t.header {
		if i != t.id && i != t.title && i != t.text {
			t.o.warn(t.name, "", "the column %s is not kept", quote(h))
		}
	}
	return nil
}

// line returns the next line that is not empty.
func (t *tsvSource) line() (string, error) {
	for {
		line, err := t.lines.next()
		switch {
		case errors.Is(err, errLongLine):
			return "", badinput.New(t.name, place(t.lines.number, ""), fmt.Sprintf("more than %d bytes", t.lines.max), "a row")
		case err == io.EOF: //nolint:errorlint // lines returns it bare
			return "", io.EOF
		case err != nil:
			return "", badRead(t.name, err)
		}
		if bad := badText(line); bad != "" {
			return "", badinput.New(t.name, place(t.lines.number, ""), bad, textWanted(bad))
		}
		if len(line) > 0 {
			return string(line), nil
		}
	}
}

// cells returns the cells of the next row.
func (t *tsvSource) cells() ([]string, error) {
	line, err := t.line()
	if err != nil {
		return nil, err
	}
	row := strings.Split(line, "\t")
	if len(row) != len(t.header) {
		return nil, badinput.New(t.name, place(t.lines.number, ""), fmt.Sprintf("%d columns", len(row)), fmt.Sprintf("%d, as in the header", len(t.header)))
	}
	for i := range row {
		if t.own {
			row[i] = unescapeCell.Replace(row[i])
		}
	}
	return row, nil
}

// annotations reads the rows of one document of medner's own table. A bad row
// makes the document bad whose rows stand around it.
func (t *tsvSource) annotations() (document.Result, error) {
	var res document.Result
	var bad error
	started := false
	for !t.ended {
		row := t.row
		t.row = nil
		if row == nil {
			var err error
			row, err = t.cells()
			if err == io.EOF { //nolint:errorlint // lines returns it bare
				t.ended = true
				break
			} else if err != nil {
				var last final
				if errors.As(err, &last) || !started {
					return res, err
				}
				if bad == nil {
					bad = err
				}
				continue
			}
		}
		if started && row[colDocument] != res.ID {
			t.row = row
			break
		}
		started = true
		res.ID = row[colDocument]
		if err := t.add(&res, row); err != nil && bad == nil {
			bad = err
		}
	}
	if !started {
		return res, io.EOF
	}
	if bad != nil {
		return document.Result{}, bad
	}
	return res, nil
}

// add adds what a row of medner's own table holds.
func (t *tsvSource) add(res *document.Result, row []string) error {
	confidence, err := t.float(row[colConfidence])
	if err != nil {
		return err
	}
	score, err := t.float(row[colScore])
	if err != nil {
		return err
	}
	switch row[colKind] {
	case kindDocument:
	case kindDropped:
		res.Dropped = append(res.Dropped, document.Dropped{Text: row[colText], Task: row[colType], Reason: row[colReason]})
	case kindRelation:
		r := readRelation(row[colType], row[colText], row[colDisease])
		r.Confidence, r.Grounded = confidence, row[colGrounded] != "false"
		res.Relations = append(res.Relations, r)
	case kindEntity:
		e := mention(row[colType], row[colText])
		e.Confidence, e.Grounded, e.Normalized = confidence, row[colGrounded] != "false", row[colNormalized]
		if row[colMethod] != "" {
			e.Links = []document.Link{{ID: row[colConcepts], Name: row[colName], Method: row[colMethod], Score: score}}
		} else {
			e.Concepts = splitConcepts(row[colConcepts])
		}
		if e.Spans, err = t.spans(row[colStart], row[colEnd]); err != nil {
			return err
		}
		res.Entities = append(res.Entities, e)
	default:
		return badinput.New(t.name, place(t.lines.number, row[colDocument], "kind"), quote(row[colKind]), "entity, relation, dropped or document")
	}
	return nil
}

// float reads a number; an empty cell is NaN.
func (t *tsvSource) float(s string) (float64, error) {
	if s == "" {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, badinput.New(t.name, place(t.lines.number, ""), quote(s), "a number")
	}
	return v, nil
}

// spans reads the cells with the starts and the ends of spans.
func (t *tsvSource) spans(starts, ends string) ([]document.Span, error) {
	if starts == "" && ends == "" {
		return nil, nil
	}
	bad := badinput.New(t.name, place(t.lines.number, "", "start, end"), quote(starts+" "+ends), "offsets of spans")
	a, b := strings.Split(starts, ","), strings.Split(ends, ",")
	if len(a) != len(b) {
		return nil, bad
	}
	spans := make([]document.Span, len(a))
	for i := range a {
		start, err := strconv.Atoi(a[i])
		end, err2 := strconv.Atoi(b[i])
		if err != nil || err2 != nil || start < 0 || end < start {
			return nil, bad
		}
		spans[i] = document.Span{Start: start, End: end}
	}
	return spans, nil
}
