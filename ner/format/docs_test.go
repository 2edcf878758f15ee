package format

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/formats.md has the table of what each format can't hold.
func TestTableOfLosses(t *testing.T) {
	partly := map[string]content{
		"brat": hasIDs | hasEntityInfons | hasLinks | hasRelationInfons, "PubTator": hasRelationInfons, "TSV": hasLinks,
	}
	formats := []struct {
		name  string
		holds content
	}{{"PubTator", pubTatorHolds}, {"BioC", biocHolds}, {"brat", bratHolds}, {"displaCy", displacyHolds}, {"TSV", tsvHolds}, {"CoNLL", conllHolds}, {"XMI, CAS JSON", casHolds}, {"CSV, Parquet", tablesHold}, {"HTML", htmlHolds}}
	var b strings.Builder
	b.WriteString("| |")
	for _, f := range formats {
		b.WriteString(" " + f.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(formats)) + "\n")
	for _, c := range contentNames {
		name, _, _ := strings.Cut(c.name, " (")
		fmt.Fprintf(&b, "| %s |", name)
		for _, f := range formats {
			switch {
			case f.holds&c.content != 0:
				b.WriteString(" |")
			case partly[f.name]&c.content != 0:
				b.WriteString(" * |")
			default:
				b.WriteString(" – |")
			}
		}
		b.WriteByte('\n')
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats.md"))
	require.NoError(t, err)
	require.Contains(t, string(data), b.String(), "put this table into docs/formats.md")
}
