package terminology

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// header returns the numbers of the columns, from 1, by their names in lower case.
func (p *parser) header() (map[string]int, error) {
	row, err := p.row()
	if errors.Is(err, io.EOF) {
		return nil, p.bad("", "an empty file", "a header")
	}
	columns := map[string]int{}
	for i, c := range row {
		columns[strings.ToLower(strings.TrimSpace(c))] = i + 1
	}
	return columns, err
}

// row returns the cells of the next line that isn't empty.
func (p *parser) row() ([]string, error) {
	for {
		line, err := p.nextLine()
		if err != nil {
			return nil, err
		}
		if len(line) > 0 {
			return strings.Split(string(line), "\t"), nil
		}
	}
}

// tsv reads a table with the columns id and name, and optionally synonyms (joined by
// pipes), type (chemical, disease or other) and trees (joined by pipes). Several
// rows may be about one concept; the first name is the preferred one.
func (p *parser) tsv() error {
	p.defaults("", releaseOf(p.file), "")
	columns, err := p.header()
	if err != nil {
		return err
	}
	if columns["id"] == 0 || columns["name"] == 0 {
		return p.bad("", "other columns", "a header with id and name, and if there are, synonyms, type and trees")
	}
	return p.rows(columns, func(cell func(column string) string) error {
		id := cell("id")
		if id == "" {
			return p.bad("id", "nothing", "an identifier")
		}
		n := p.b.concept(id)
		p.b.addName(n, cell("name"), true)
		for s := range strings.SplitSeq(cell("synonyms"), "|") {
			if s != "" {
				p.b.addName(n, s, false)
			}
		}
		for t := range strings.SplitSeq(cell("trees"), "|") {
			p.b.addTree(n, t)
		}
		if typ := cell("type"); typ != "" {
			bit := bitOf(strings.ToLower(typ))
			if bit == 0 {
				return p.bad("type", quote(typ), Chemical+", "+Disease+" or "+Other)
			}
			p.b.concepts[n].types |= bit
		}
		return nil
	})
}

// rows calls each for every row below the header, with a function that returns the
// cell in a column; a cell that the row lacks is empty.
func (p *parser) rows(columns map[string]int, each func(cell func(column string) string) error) error {
	for {
		row, err := p.row()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		err = each(func(column string) string {
			if n := columns[column]; n > 0 && n <= len(row) {
				return strings.TrimSpace(row[n-1])
			}
			return ""
		})
		if err != nil {
			return err
		}
	}
}

// quote returns the first 60 bytes of a piece of input in quotes, for a message.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most] + "…"
	}
	return fmt.Sprintf("%q", s)
}
