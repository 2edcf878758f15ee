package format

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// Lines about events and the like are left out and reported; all else is kept.
func TestBratLeavesOutWhatItCannotKeep(t *testing.T) {
	const text = "Aspirin treatment caused bleeding."
	const mentions = "T1\tChemical 0 7\tAspirin\nT2\tTreatment 8 17\ttreatment\nT3\tDisease 25 33\tbleeding\nR1\tCauses Arg1:T1 Arg2:T3\t\n"
	for line, want := range map[string]string{
		"E1\tTreatment:T2 Theme:T1":                    `lines of kind "E" are not kept`,
		"R2\tCauses Arg1:E1 Arg2:T3":                   `lines of kind "R" about other things than mentions are not kept`,
		"R2\tCauses Arg1:T1 Arg2:E1\t":                 `lines of kind "R" about other things than mentions are not kept`,
		"R2\tCauses Arg1:R1 Arg2:E1":                   `lines of kind "R" about other things than mentions are not kept`,
		"R2\tCauses Arg1:T1 Arg2:T3 Arg3:T2":           `relations of more than two things are left out`,
		"A1\tNegation E1":                              `lines of kind "A" about other things than mentions are not kept`,
		"A1\tConfidence R1 low":                        `lines of kind "A" about other things than mentions are not kept`,
		"M1\tSpeculation E1":                           `lines of kind "M" about other things than mentions are not kept`,
		"N1\tReference E1 GO:0008150\tprocess":         `lines of kind "N" about other things than mentions are not kept`,
		"*\tEquiv T1 T2 T3":                            `lines of kind "*" are not kept`,
		"#1\tAnnotatorNotes T1\tsure?":                 `notes are not kept`,
		"#1\tAnnotatorNotes E1\t":                      `notes are not kept`,
		"#\tNormalization T1\tx":                       `notes are not kept`,
		"X1\tsomething else":                           `lines of kind "X" are not kept`,
		"é1\tx":                                        `lines of kind "é" are not kept`,
		"E1\tTreatment:T2 Theme:T1 Cause:E2 Theme2:T3": `lines of kind "E" are not kept`,
	} {
		for _, strictness := range []Strictness{Strict, Lenient, TextOnly} {
			var tally Tally
			d, err := readBrat(t, text, mentions+line+"\n", ReadOptions{Annotations: strictness, Warn: tally.Add})
			require.NoError(t, err, line)
			require.Len(t, d.Entities, 3, line)
			require.Len(t, d.Relations, 1, line)
			require.Len(t, tally.Lines(), 1, line)
			require.Contains(t, tally.Lines()[0], want, line)
		}
	}
}

// A line about a mention that was left out is left out too, and only such a line.
func TestBratWithoutBadMentions(t *testing.T) {
	const ann = "T1\tChemical 0 7\tAspirin\nT2\tDisease 25 33\tnothing\nT3\tDisease x\nR1\tCauses Arg1:T1 Arg2:T2\nN1\tReference T3 MESH:D1\tx\nA1\tNegated T1\nR2\tCauses Arg1:T1 Arg2:T9\n"
	_, err := readBrat(t, "Aspirin treatment caused bleeding.", ann, ReadOptions{})
	requireBadInput(t, err)
	for strictness, lines := range map[Strictness]int{Lenient: 4, TextOnly: 2} {
		var tally Tally
		d, err := readBrat(t, "Aspirin treatment caused bleeding.", ann, ReadOptions{Annotations: strictness, Warn: tally.Add})
		require.NoError(t, err)
		require.Len(t, d.Entities, 1)
		require.Equal(t, map[string]string{"Negated": "true"}, d.Entities[0].Infons)
		require.Empty(t, d.Relations)
		require.Len(t, tally.Lines(), lines, tally.Lines())
	}
	for _, ann := range []string{"T1\tChemical 0 7\tAsp\x00irin\n", "\xff", "\tx", "T1", "R1", "N1\tx", "A1\tx", "T1\tChemical 0 7\tAspirin\nT1\tChemical 0 7\tAspirin"} {
		d, err := readBrat(t, "Aspirin", ann, ReadOptions{Annotations: TextOnly})
		require.NoError(t, err, ann)
		require.Equal(t, "Aspirin", d.Text)
	}
}

// Byte order marks, line ends of Windows and old Macs, and compressed files.
func TestBratFilesInTheWild(t *testing.T) {
	zip := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write([]byte(s))
		require.NoError(t, err)
		require.NoError(t, z.Close())
		return b.String()
	}
	const ann = "T1\tChemical 2 9\tAspirin\nT2\tDisease 10 15\tulcer\nR1\tCauses Arg1:T1 Arg2:T2\n"
	const shifted = "T1\tChemical 3 10\tAspirin\nT2\tDisease 11 16\tulcer\nR1\tCauses Arg1:T1 Arg2:T2\n"
	for name, files := range map[string]map[string]string{
		"plain":                       {"d.txt": "x Aspirin ulcer", "d.ann": ann},
		"marks":                       {"d.txt": "\ufeffx Aspirin ulcer", "d.ann": "\ufeff" + ann},
		"the text's mark is counted":  {"d.txt": "\ufeffx Aspirin ulcer", "d.ann": shifted},
		"Windows":                     {"d.txt": "x Aspirin ulcer\r\n", "d.ann": strings.ReplaceAll(ann, "\n", "\r\n")},
		"old Macs":                    {"d.txt": "x Aspirin ulcer\r", "d.ann": strings.ReplaceAll(ann, "\n", "\r")},
		"compressed":                  {"d.txt.gz": zip("x Aspirin ulcer"), "d.ann.gz": zip(ann)},
		"compressed without the name": {"d.txt": zip("x Aspirin ulcer"), "d.ann": zip(ann)},
		"given and found":             {"d.txt": "x Aspirin ulcer", "d.a1": ann[:24], "d.a2": ann[24:]},
		"trailing blanks":             {"d.txt": "x Aspirin ulcer", "d.ann": strings.ReplaceAll(ann, "\n", " \n") + "\n\n  \n"},
	} {
		dir := t.TempDir()
		for file, data := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(data), 0o600))
		}
		var docs []document.Result
		for d, err := range Files([]string{dir}, nil, ReadOptions{}) {
			require.NoError(t, err, name)
			docs = append(docs, d)
		}
		require.Len(t, docs, 1, name)
		require.Equal(t, "d", docs[0].ID, name)
		require.Len(t, docs[0].Entities, 2, name)
		require.Equal(t, []document.Span{{Start: 2, End: 9}}, docs[0].Entities[0].Spans, name)
		require.Len(t, docs[0].Relations, 1, name)
	}
}
