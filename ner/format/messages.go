package format

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// quote returns the first 60 bytes of a piece of input in quotes, for a message.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most]
		for len(s) > 0 && !utf8.ValidString(s) && len(s) > most-utf8.UTFMax {
			s = s[:len(s)-1]
		}
		s += "…"
	}
	return fmt.Sprintf("%q", s)
}

// place returns the words that name a line, a document unless its identifier doc
// is "", and what more there is to name, such as a field.
func place(line int, doc string, more ...string) string {
	s := fmt.Sprintf("line %d", line)
	if doc != "" {
		s += " (document " + strings.Trim(quote(doc), `"`) + ")"
	}
	for _, m := range more {
		s += ": " + m
	}
	return s
}
