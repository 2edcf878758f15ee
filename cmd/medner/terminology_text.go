package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"

	"github.com/medner/medner/ner/terminology"
)

// printInfo prints what an index holds.
func printInfo(w io.Writer, info terminology.Info, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(info)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"name", info.Name}, {"release", info.Release}, {"licence", info.Licence},
		{"concepts", fmt.Sprintf("%s (%s chemicals, %s diseases)", humanize.Comma(int64(info.Concepts)), humanize.Comma(int64(info.Chemical)), humanize.Comma(int64(info.Disease)))},
		{"names", fmt.Sprintf("%s (%s when normalised)", humanize.Comma(int64(info.Names)), humanize.Comma(int64(info.Keys)))},
		{"size", humanize.Bytes(uint64(info.Bytes))}, {"sha256", info.Hash},
	} {
		fmt.Fprintf(t, "%s\t%s\n", row[0], visible(row[1]))
	}
	for _, s := range info.Sources {
		skipped := ""
		if s.Skipped > 0 {
			skipped = fmt.Sprintf(", %s names left out", humanize.Comma(int64(s.Skipped)))
		}
		fmt.Fprintf(t, "source\t%s (%s, %s%s)\n", visible(s.File), visible(string(s.Format)), humanize.Bytes(uint64(s.Bytes)), skipped)
	}
	return t.Flush()
}

// found is the JSON of a lookup.
type found struct {
	Text    string              `json:"text"`
	Matches []terminology.Match `json:"matches"`
}

// printMatches prints the matches of a mention.
func printMatches(w io.Writer, text string, matches []terminology.Match, asJSON bool) error {
	if asJSON {
		if matches == nil {
			matches = []terminology.Match{}
		}
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(found{text, matches})
	}
	if len(matches) == 0 {
		_, err := fmt.Fprintf(w, "%s\tno match\n", visible(text))
		return err
	}
	for _, m := range matches {
		part := ""
		if m.Part != "" {
			part = "\tfor " + visible(m.Part)
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s %.2f\t%s%s\n", visible(text), visible(m.ID), visible(m.Name), m.Method, m.Score, strings.Join(m.Types, ","), part); err != nil {
			return err
		}
	}
	return nil
}
