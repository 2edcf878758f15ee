package format

import (
	"bytes"
	"slices"
	"strings"
)

// Columns of a table of articles, by the names that headers give them.
var (
	idColumns    = []string{"id", "pmid", "doc_id", "document"}
	titleColumns = []string{"title"}
	textColumns  = []string{"text", "abstract"}
)

// delimiters may stand between the columns of a table.
var delimiters = []string{"\t", ";", ","}

// articleTable returns what stands between the columns of a table of articles, whose first
// bytes are head; "" if it is none. A table has a header, all of whose cells are written as
// names of columns are, and one of which names a title, a text or an abstract; and a row
// that is divided too. Words between commas or semicolons have blanks behind these: a text
// that begins with "Title; abstract" is no table.
func articleTable(head []byte) string {
	header, rest, _ := bytes.Cut(head, []byte("\n"))
	row, _, _ := bytes.Cut(bytes.TrimLeft(rest, "\r\n"), []byte("\n"))
	for _, delimiter := range delimiters {
		cells := strings.Split(strings.TrimSuffix(string(header), "\r"), delimiter)
		if len(cells) < 2 || !bytes.Contains(row, []byte(delimiter)) || !slices.ContainsFunc(cells, namesText) {
			continue
		}
		if !slices.ContainsFunc(cells, func(cell string) bool { return !isColumnName(cell) }) {
			return delimiter
		}
	}
	return ""
}

// namesText reports whether a cell of a header names a column with titles or texts.
func namesText(cell string) bool {
	name := strings.ToLower(strings.Trim(cell, `"`))
	return slices.Contains(titleColumns, name) || slices.Contains(textColumns, name)
}

// isColumnName reports whether a cell may be the name of a column: some words without
// a blank before or behind them. Spreadsheets leave the name of a column of row numbers empty.
func isColumnName(cell string) bool {
	const longest = 60
	return strings.TrimSpace(cell) == cell && len(cell) <= longest && !strings.ContainsAny(cell, ".!?")
}

// tableName names a table that isn't read; "" for one with tabs, which is.
func tableName(delimiter string) string {
	switch delimiter {
	case ",":
		return "a table with commas (one with tabs is read: .tsv)"
	case ";":
		return "a table with semicolons (one with tabs is read: .tsv)"
	}
	return ""
}
