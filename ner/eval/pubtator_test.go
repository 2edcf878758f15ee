package eval

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// readPubTator reads as much of PubTator as the files of these tests have. Package
// format reads all of it, but eval shall not depend on it.
func readPubTator(t *testing.T, path string) []document.Document {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var docs []document.Document
	for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		title, abstract := strings.SplitN(lines[0], "|", 3), strings.SplitN(lines[1], "|", 3)
		d := document.Document{ID: title[0], Text: title[2] + " " + abstract[2]}
		for _, line := range lines[2:] {
			f := strings.Split(line, "\t")
			if f[1] == "CID" {
				d.Relations = append(d.Relations, document.Relation{Chemical: f[2], Disease: f[3]})
				continue
			}
			start, err := strconv.Atoi(f[1])
			require.NoError(t, err)
			end, err := strconv.Atoi(f[2])
			require.NoError(t, err)
			d.Entities = append(d.Entities, document.Entity{Text: f[3], Type: f[4], Spans: []document.Span{{Start: start, End: end}}, Concepts: strings.Split(f[5], "|")})
		}
		docs = append(docs, d)
	}
	return docs
}
