package format

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const risSample = `Provider: a publisher
Content: text/plain; charset="UTF-8"

TY  - JOUR
AU  - One, A.
TI  - Lithium and
tremor
AB  - AIM: To test.

DONE: α < 5 -- yes.
N2  - not this
PY  - 2020/01/31/
JO  - J Test
DO  - https://doi.org/10.1/x
C2  - PMC12
AN  - 77
ER  - 

TY - CHAP
T1 - A chapter
N2 - Text.
Y1 - Spring 1999
TY  - JOUR
TI  - No end
DO  - 10.1/y
`

func TestRIS(t *testing.T) {
	docs := mustRead(t, "export.txt", risSample, ReadOptions{})
	require.Len(t, docs, 3)
	require.Equal(t, "77", docs[0].ID)
	require.Equal(t, "Lithium and tremor AIM: To test. DONE: α < 5 -- yes.", docs[0].Text)
	require.Equal(t, map[string]string{"doi": "10.1/x", "journal": "J Test", "year": "2020", "pmc": "PMC12"}, docs[0].Infons)
	require.Equal(t, "export.txt:19", docs[1].ID)
	require.Equal(t, "A chapter Text.", docs[1].Text)
	require.Equal(t, map[string]string{"year": "1999"}, docs[1].Infons)
	require.Equal(t, "10.1/y", docs[2].ID)
	require.Len(t, docs[2].Passages, 1)
}

// A bad citation spoils no other.
func TestBadRIS(t *testing.T) {
	for line, want := range map[string]string{"AB  - \xff": "invalid UTF-8", "AB  - a\x00": "a NUL byte"} {
		docs, errs := readAll(t, "x.ris", "TY  - JOUR\nID  - 1\n"+line+"\nER  - \nTY  - JOUR\nID  - 2\nER  -\n", ReadOptions{})
		require.Len(t, errs, 1)
		require.ErrorContains(t, errs[0], "x.ris: line 3: found "+want)
		require.Len(t, docs, 1)
		require.Equal(t, "2", docs[0].ID)
	}
}

// A text outside of a citation is reported, wherever it stands.
func TestRISTextOutsideOfACitation(t *testing.T) {
	const whole = "TY  - JOUR\nID  - 2\nER  -\n"
	for data, want := range map[string]string{
		"DB  - a\nTI  - Lithium\nER  -\n" + whole: "line 2: found the tag TI",
		whole + "N2  - Lithium\n":                 "line 4: found the tag N2",
		"AB  - Lithium\n" + whole:                 "line 1: found the tag AB",
	} {
		docs, errs := readAll(t, "x.ris", data, ReadOptions{Format: RIS})
		require.Len(t, errs, 1, data)
		require.ErrorContains(t, errs[0], "x.ris: "+want+" outside of a citation, expected TY")
		require.Len(t, docs, 1, data)
	}
}

// A file without a citation is bad, unless it has nothing but blank lines and a
// publisher's name, as the export of no results.
func TestRISWithoutACitation(t *testing.T) {
	for data, line := range map[string]string{
		"hello world\n": "line 1", "Provider: P\n\nlithium\nDB  - a\n": "line 3", "DB  - a\n": "line 1", strings.Repeat("a", 2000) + "\n": "line 1",
	} {
		_, errs := readAll(t, "x.ris", data, ReadOptions{Format: RIS, MaxDocument: 1000})
		require.Len(t, errs, 1, data)
		requireBadInput(t, errs[0])
		require.ErrorContains(t, errs[0], "x.ris: "+line+": found text, and no citation in the file, expected TY")
	}
	for _, data := range []string{"", " \n", "Provider: P\nDatabase: D\nContent:text/plain\n\n"} {
		require.Empty(t, mustRead(t, "x.ris", data, ReadOptions{Format: RIS}), data)
	}
}

func FuzzRIS(f *testing.F) { fuzzReader(f, RIS, risSample) }
