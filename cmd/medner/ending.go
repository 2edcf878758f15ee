package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/ner/format"
)

// sharedEndings lists the formats that are also written to files with an ending
// that medner takes for another one's.
var sharedEndings = map[string][]format.Format{
	".json":  {format.JSON, format.JSONL, format.BioCJSON, format.DisplaCy},
	".jsonl": {format.JSONL, format.DisplaCy},
	".txt":   {format.Text, format.PubTator, format.TSV},
}

// formatByEnding returns the format in which to write: the one that --flag names,
// else that of the ending of --out, else byDefault, which may be "". The user is
// told where flag and ending differ, and where an ending is no format's.
func (o *nerOutput) formatByEnding(cmd *cobra.Command, flag string, byDefault format.Format) (format.Format, error) {
	ending := strings.ToLower(filepath.Ext(files.Plain(o.path)))
	of := format.OfExtension(o.path)
	asked := format.Format(o.format)
	note := func(text string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), "medner: --out "+text+"\n", args...) }
	info, err := os.Stat(o.path)
	switch {
	case o.path == standardOutput || err == nil && !info.Mode().IsRegular():
	case cmd.Flags().Changed(flag):
		if of != "" && of != asked && !slices.Contains(sharedEndings[ending], asked) {
			note("%s: written in %s, as --%s says, though the ending is that of %s", visible(o.path), asked, flag, of)
		}
		return asked, nil
	case of != "":
		// The format counts as chosen: a run may be resumed with the same one only.
		return of, cmd.Flags().Set(flag, string(of))
	case ending == ".xmi":
		return "", usagef("--out %q: XMI has a file for each document: expected --%s xmi --out FOLDER", o.path, flag)
	case ending == ".ann":
		return "", usagef("--out %q: brat writes a text and an .ann file for each document: expected --%s brat --out FOLDER", o.path, flag)
	case byDefault != "":
		note("%s: no format has the ending %q: written in %s; --%s names another", visible(o.path), ending, byDefault, flag)
	}
	if asked != "" {
		return asked, nil
	}
	return byDefault, nil
}
