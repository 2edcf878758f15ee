package main

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// optionFlags has the flags, or commands, for what messages of packages name as a Go
// program knows it.
var optionFlags = strings.NewReplacer(
	"Options.Device", "--device",
	"Options.KV", "--kv-dtype",
	"Options.Context", "--context",
	"Options.Hold", "--weights",
	"Options.Labels", "--labels",
	"ReadOptions.Annotations: Lenient", "medner convert --lenient",
	"(WriteOptions.Text)", "(medner ner --with-text)",
	"give it back (Join)", "give it back (medner convert --join SOURCE)",
)

// printable returns a message as it may be printed on a terminal, with flags in place of
// options. Control characters and escape sequences that it has from names of files or from
// their contents are written as Go writes them. Lines stay lines.
func printable(message string) string {
	message = optionFlags.Replace(message)
	var b strings.Builder
	for i, r := range message {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) && r != unicode.ReplacementChar {
			b.WriteRune(r)
			continue
		}
		_, size := utf8.DecodeRuneInString(message[i:])
		quoted := strconv.Quote(message[i : i+size])
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// visible returns a piece of a file as it may be printed on a terminal: as it is, or
// quoted where it holds control characters, escape sequences, or others that don't
// show or turn the direction of a line.
func visible(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return strconv.Quote(s)
	}
	return s
}
