package terminology

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// importText imports one source.
func importText(t *testing.T, text string) (Info, error) {
	dir := t.TempDir()
	path := filepath.Join(dir, "source")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return Import(context.Background(), filepath.Join(dir, "index"), []Source{{Path: path}}, Options{})
}

// many returns n lines, made by printing their numbers.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// Sources that would take memory without bounds give typed errors, in every format.
func TestHostileSources(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, err := z.Write([]byte("id\tname\n"))
	require.NoError(t, err)
	for range 18 {
		_, err = z.Write(bytes.Repeat([]byte("1\ta\n"), 1<<18))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	record := "<DescriptorRecordSet><DescriptorRecord><DescriptorUI>D1</DescriptorUI>"
	for name, c := range map[string]struct{ source, want string }{
		"gzip bomb":             {bomb.String(), "at most 200 times as many"},
		"long line":             {"id\tname\n1\t" + strings.Repeat("a", 5<<20), "more than 4194304 bytes"},
		"long identifier":       {"id\tname\n" + strings.Repeat("a", 3000) + "\tb\n", "an identifier of 2000 bytes"},
		"long identifier, OBO":  {"format-version: 1\n[Term]\nid: " + strings.Repeat("a", 3000) + "\nname: b\n[Term]\n", "an identifier of 2000 bytes"},
		"long identifier, UMLS": {"C0000001" + strings.Repeat("|x", 13) + "|name|0|N|" + strings.Repeat("1", 10), "no names"},
		"trees":                 {"id\tname\ttrees\n1\ta\t" + many(400, "D%d|"), "300 tree numbers of a concept"},
		"trees of MeSH":         {record + many(400, "<TreeNumberList><TreeNumber>D%d</TreeNumber></TreeNumberList>") + "</DescriptorRecord></DescriptorRecordSet>", "300 tree numbers of a concept"},
		"terms of MeSH":         {record + many(21_000, "<ConceptList><Concept><TermList><Term><String>a%d</String></Term></TermList></Concept></ConceptList>"), "a record with more than 20000 names"},
		"terms of MeSH, ASCII":  {"*NEWRECORD\nRECTYPE = D\nUI = D1\n" + many(21_000, "ENTRY = a%d\n"), "a record with more than 20000 names"},
		"mappings":              {"*NEWRECORD\nRECTYPE = C\nUI = C1\nNM = x\n" + many(400, "HM = a%d\n"), "300 concepts to which one maps"},
		"synonyms, OBO":         {"format-version: 1\n[Term]\nid: CHEBI:1\n" + many(21_000, "synonym: \"a%d\" EXACT []\n"), "a term with more than 20000 names"},
		"names, OBO":            {"format-version: 1\n[Term]\nid: CHEBI:1\n" + many(21_000, "name: a%d\n"), "a term with more than 20000 names"},
		"deep XML":              {"<DescriptorRecordSet>" + strings.Repeat("<a>", 1<<16), "nested over 100 deep"},
		"long XML name":         {"<DescriptorRecordSet><" + strings.Repeat("a", 1<<17), "a tag of more than 65536 bytes"},
	} {
		_, err := importText(t, c.source)
		require.ErrorContains(t, err, c.want, name)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
		require.Less(t, len(err.Error()), 400, name)
	}
}

// A name that comes again and again is one.
func TestRepeatedNames(t *testing.T) {
	info, err := importText(t, "id\tname\tsynonyms\n"+strings.Repeat("1\ta\tb|c|b|c|"+strings.Repeat("d|", 100)+"\n2\ta\t\n", 5000))
	require.NoError(t, err)
	require.Equal(t, []int{2, 5, 4}, []int{info.Concepts, info.Names, info.Keys})
}

// The index has each concept's identifier, names, types and trees, as a plain map
// of them has, and finds each name by itself.
func TestIndexEqualsAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 6))
	words := []string{"acute", "lead", "Lead", "α", "toxicity", "déjà", "hepatic", "renal", "(R)", "5", "blood", "x"}
	for range 20 {
		want := map[string]*Concept{}
		var table strings.Builder
		table.WriteString("id\tname\tsynonyms\ttype\ttrees\n")
		for range 200 {
			id := fmt.Sprintf("X:%d", rng.IntN(60))
			var names []string
			for range 1 + rng.IntN(3) {
				var text []string
				for range 1 + rng.IntN(3) {
					text = append(text, words[rng.IntN(len(words))])
				}
				names = append(names, strings.Join(text, " "))
			}
			tree := fmt.Sprintf("C%d", rng.IntN(3))
			fmt.Fprintf(&table, "%s\t%s\t%s\tdisease\t%s\n", id, names[0], strings.Join(names[1:], "|"), tree)
			c := want[id]
			if c == nil {
				c = &Concept{ID: id, Name: names[0], Types: []string{Disease}}
				want[id] = c
			}
			c.Names = append(c.Names, names...)
			if !slices.Contains(c.Trees, tree) {
				c.Trees = append(c.Trees, tree)
			}
		}
		dir := t.TempDir()
		source := Source{Path: filepath.Join(dir, "t.tsv")}
		require.NoError(t, os.WriteFile(source.Path, []byte(table.String()), 0o644))
		_, err := Import(context.Background(), filepath.Join(dir, "index"), []Source{source}, Options{})
		require.NoError(t, err)
		x, err := Open(filepath.Join(dir, "index"))
		require.NoError(t, err)
		defer x.Close()
		require.Equal(t, len(want), x.Info().Concepts)
		for id, c := range want {
			slices.SortFunc(c.Names, func(a, b string) int {
				if d := strings.Compare(Key(a), Key(b)); d != 0 {
					return d
				}
				return strings.Compare(a, b)
			})
			c.Names = slices.Compact(c.Names)
			require.Equal(t, *c, conceptOf(t, x, id))
			for _, name := range c.Names {
				// Every concept with the very name is found, and no other.
				var owners []string
				for other, o := range want {
					if slices.Contains(o.Names, name) {
						owners = append(owners, other)
					}
				}
				m, err := x.Lookup(Query{Text: name, Limit: 1000})
				require.NoError(t, err)
				require.ElementsMatch(t, owners, ids(m), name)
				require.Equal(t, Exact, m[0].Method)
			}
		}
	}
}
