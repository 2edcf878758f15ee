package main

import (
	"strconv"
	"strings"
	"unicode"
)

// visible returns a piece of a file as it may be printed on a terminal: as it is, or
// quoted where it holds control characters, escape sequences, or others that don't
// show or turn the direction of a line.
func visible(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return strconv.Quote(s)
	}
	return s
}
