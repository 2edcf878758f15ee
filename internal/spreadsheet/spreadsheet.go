// Package spreadsheet writes texts of anybody's into cells of CSV, such that no program
// that opens the file runs them.
package spreadsheet

import (
	"regexp"
	"strings"
)

// formula matches the cells that spreadsheets run as formulas, and those that have
// apostrophes before such a beginning.
var formula = regexp.MustCompile("^'*[=+\\-@\t\r]")

// Guard returns a text as a cell. One that spreadsheets would run as a formula gets an
// apostrophe in front, and so does one with apostrophes before such a beginning: who
// takes one apostrophe off cells of that kind has the text again. Guarded tells whether
// the cell has been given one.
func Guard(text string) (cell string, guarded bool) {
	if formula.MatchString(text) {
		return "'" + text, true
	}
	return text, false
}

var escapeItem = strings.NewReplacer(`\`, `\\`, `|`, `\|`)

// List returns a list as a text: the items with bars between, and a backslash before
// each bar or backslash in an item.
func List(items []string) string {
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = escapeItem.Replace(item)
	}
	return strings.Join(parts, "|")
}
