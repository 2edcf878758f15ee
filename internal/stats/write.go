package stats

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/medner/medner/internal/parquet"
	"github.com/medner/medner/internal/spreadsheet"
)

// Tables are the tables of a report.
var Tables = []string{"pairs", "concepts", "concept-years", "types", "years"}

// WriteJSON writes the report as one object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// WriteCSV writes a table, with the names of its columns in the first line. What
// isn't defined is empty; identifiers of documents are separated by bars. Texts are
// guarded as package spreadsheet does it.
func (r *Report) WriteCSV(w io.Writer, table string) error {
	c := csv.NewWriter(w)
	for _, row := range r.rows(table) {
		for i, cell := range row {
			if _, err := strconv.ParseFloat(cell, 64); err != nil { // no number
				row[i], _ = spreadsheet.Guard(cell)
			}
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// conceptRow is a row of the table of concepts in Parquet.
type conceptRow struct {
	Type      string `parquet:"type"`
	Concept   string `parquet:"concept"`
	Linked    bool   `parquet:"linked"`
	Name      string `parquet:"name"`
	Mentions  int64  `parquet:"mentions"`
	Documents int64  `parquet:"documents"`
	First     int    `parquet:"first_year"`
	Last      int    `parquet:"last_year"`
}

// conceptYearRow is a row of the table of concepts by year in Parquet.
type conceptYearRow struct {
	Type      string `parquet:"type"`
	Concept   string `parquet:"concept"`
	Linked    bool   `parquet:"linked"`
	Name      string `parquet:"name"`
	Year      string `parquet:"year"`
	Mentions  int64  `parquet:"mentions"`
	Documents int64  `parquet:"documents"`
}

// ParquetTables are the tables that WriteParquet writes.
var ParquetTables = []string{"pairs", "concepts", "concept-years"}

// WriteParquet writes one of ParquetTables, with the columns that it has as CSV. What isn't
// defined is null, an unknown first or last year 0.
func (r *Report) WriteParquet(w io.Writer, table string) error {
	switch table {
	case "concepts":
		var rows []conceptRow
		for _, c := range r.Concepts {
			rows = append(rows, conceptRow{c.Type, c.Concept, c.Linked, c.Name, c.Mentions, c.Documents, c.First, c.Last})
		}
		return writeRows(w, rows)
	case "concept-years":
		var rows []conceptYearRow
		for _, c := range r.Concepts {
			for _, y := range c.Years {
				rows = append(rows, conceptYearRow{c.Type, c.Concept, c.Linked, c.Name, y.Year, y.Mentions, y.Documents})
			}
		}
		return writeRows(w, rows)
	}
	return writeRows(w, r.Pairs)
}

func writeRows[R any](to io.Writer, rows []R) error {
	w := parquet.NewWriter[R](to)
	if err := w.Write(rows...); err != nil {
		return err
	}
	return w.Close()
}

// rows returns a table as text, its head first.
func (r *Report) rows(table string) [][]string {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	var rows [][]string
	switch table {
	case "types":
		rows = append(rows, []string{"type", "mentions", "documents", "concepts"})
		for _, t := range r.Types {
			rows = append(rows, []string{t.Type, number(t.Mentions), number(t.Documents), number(t.Concepts)})
		}
	case "years":
		head := []string{"year", "documents", "documents_with_relations"}
		for _, t := range r.Types {
			head = append(head, t.Type+"_mentions")
		}
		rows = append(rows, head)
		for _, y := range r.Years {
			row := []string{y.Year, number(y.Documents), number(y.Asserting)}
			for _, t := range r.Types {
				row = append(row, number(y.Mentions[t.Type]))
			}
			rows = append(rows, row)
		}
	case "concepts":
		rows = append(rows, []string{"type", "concept", "linked", "name", "mentions", "documents", "first_year", "last_year"})
		for _, c := range r.Concepts {
			rows = append(rows, []string{c.Type, c.Concept, strconv.FormatBool(c.Linked), c.Name, number(c.Mentions), number(c.Documents), year(c.First), year(c.Last)})
		}
	case "concept-years":
		rows = append(rows, []string{"type", "concept", "linked", "name", "year", "mentions", "documents"})
		for _, c := range r.Concepts {
			for _, y := range c.Years {
				rows = append(rows, []string{c.Type, c.Concept, strconv.FormatBool(c.Linked), c.Name, y.Year, number(y.Mentions), number(y.Documents)})
			}
		}
	default:
		rows = append(rows, []string{
			"chemical", "chemical_name", "disease", "disease_name", "documents", "documents_asserted",
			"chemical_documents", "disease_documents", "pmi", "npmi", "document_ids",
		})
		for _, p := range r.Pairs {
			rows = append(rows, []string{
				p.Chemical, p.ChemicalName, p.Disease, p.DiseaseName, number(p.Documents), number(p.Asserted),
				number(p.ChemicalDocuments), number(p.DiseaseDocuments), decimal(p.PMI), decimal(p.NPMI), spreadsheet.List(p.IDs),
			})
		}
	}
	return rows
}

func year(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func decimal(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', 6, 64)
}

// textRows bounds the rows of a table on a terminal.
const textRows = 20

// WriteText writes a summary for people. printable replaces what a terminal would
// obey.
func (r *Report) WriteText(w io.Writer, printable func(string) string) error {
	if _, err := fmt.Fprintf(w, "%d documents, %d of them without mentions; %d could not be read\n", r.Documents, r.Empty, r.Failed); err != nil {
		return err
	}
	for _, table := range []string{"types", "years", "concepts", "pairs"} {
		rows := r.rows(table)
		if len(rows) == 1 {
			continue
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "\n%s\n", strings.ToUpper(table))
		for _, row := range rows[:min(len(rows), textRows+1)] {
			if table == "pairs" {
				row = row[:len(row)-1]
			}
			fmt.Fprintln(t, printable(strings.Join(row, "\t")))
		}
		if more := len(rows) - 1 - textRows; more > 0 {
			fmt.Fprintf(t, "… and %d more\n", more)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}
