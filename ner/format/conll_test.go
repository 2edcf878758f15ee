package format

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

func TestCoNLL(t *testing.T) {
	r := document.Result{Document: document.Document{ID: "1", Text: "Lithium  toxicity.\tNext α-1 ran."}}
	r.Entities = []document.Entity{entity(r.Text, document.Chemical, "Lithium"), entity(r.Text, "Gene", "α-1"), entity(r.Text, "Gene", "1")}
	var tally Tally
	out := mustWrite(t, WriteOptions{Format: CoNLL, Warn: tally.Add}, r)
	require.Equal(t, "-DOCSTART-\t1\t\"Lithium  toxicity.\\tNext α-1 ran.\"\tO\n\nLithium\t0\t7\tB-Chemical\ntoxicity\t9\t17\tO\n.\t17\t18\tO\n\n"+
		"Next\t19\t23\tO\nα\t24\t25\tB-Gene\n-\t25\t26\tI-Gene\n1\t26\t27\tI-Gene\nran\t28\t31\tO\n.\t31\t32\tO\n\n", out)
	require.Contains(t, strings.Join(tally.Lines(), "\n"), "conll does not hold mentions that overlap longer ones")
	back := mustRead(t, "x", out, ReadOptions{})
	r.Entities = r.Entities[:2]
	require.Equal(t, comparable(r), comparable(back[0]))
}

// All schemes of tags stand for the same mentions.
func TestSchemesOfTags(t *testing.T) {
	tokens := strings.Fields("a b c d e f g")
	for scheme, tags := range map[string]string{
		"IOB1":  "I-X I-X B-X O I-Y I-Y I-X",
		"IOB2":  "B-X I-X B-X O B-Y I-Y B-X",
		"BIOES": "B-X E-X S-X O B-Y E-Y S-X",
		"BILOU": "B-X L-X U-X O B-Y L-Y U-X",
		"BMEWO": "B-X E-X W-X O B-Y E-Y W-X",
		"noisy": "E-X I-X S-X O I-Y L-Y M-X",
	} {
		if scheme == "noisy" {
			tags = strings.Replace(tags, "E-X I-X", "M-X I-X", 1)
		}
		var b strings.Builder
		for i, tag := range strings.Fields(tags) {
			fmt.Fprintf(&b, "%s NN %s\n", tokens[i], tag)
		}
		docs := mustRead(t, "x", b.String(), ReadOptions{})
		require.Len(t, docs, 1, scheme)
		require.Equal(t, "a b c d e f g", docs[0].Text)
		var got []string
		for _, e := range docs[0].Entities {
			got = append(got, fmt.Sprint(e.Type, e.Text, e.Spans[0].Start))
		}
		require.Equal(t, []string{"Xa b0", "Xc4", "Ye f8", "Xg12"}, got, scheme)
	}
}

func TestDocumentsOfCoNLL(t *testing.T) {
	docs := mustRead(t, "a.tsv", "Li\tB\nis\tO\n\nin\tO\nuse\tO\n", ReadOptions{})
	require.Equal(t, []string{"a.tsv:1", "a.tsv:4"}, []string{docs[0].ID, docs[1].ID})
	require.Empty(t, docs[0].Entities[0].Type)
	docs = mustRead(t, "a", "-DOCSTART- -X- -X- O\n\nLi NN NN B-Chemical\nis x x O\n\nin x x O\n\n-DOCSTART- -X- O O\n\nb x x O\n", ReadOptions{})
	require.Len(t, docs, 2)
	require.Equal(t, "Li is\nin", docs[0].Text)
	docs = mustRead(t, "a.conll", "# newdoc id = 7\n# text = x\nLi\tI-Chemical\n\nNa\tI-Chemical\n# newdoc id = 8\nb\tO\n", ReadOptions{})
	require.Equal(t, "7", docs[0].ID)
	require.Len(t, docs[0].Entities, 2)
	require.Equal(t, "8", docs[1].ID)

	for data, want := range map[string]string{
		"a\tX-Y\n": `found "X-Y"`, "a\n": "a token and its tag", "a\xff\tO\n": "invalid UTF-8",
		docStart + "\t1\t\"ab\"\tO\n\nb\t0\t1\tO\n": `expected "b"`, docStart + "\t1\t\"a\tO\n": "a string of JSON",
		docStart + "\t1\t\"ab\"\tO\n\nb\t1\t99999999999999999999\tO\n": `expected "b"`, docStart + "\t1\t\"ab\"\tO\n\nb\t1\n": "2 columns",
	} {
		docs, errs := readAll(t, "x", data+"\n"+docStart+"\nfine\tO\n", ReadOptions{Format: CoNLL})
		require.Len(t, errs, 1, "%q %v", data, errs)
		require.ErrorContains(t, errs[0], want)
		require.Len(t, docs, 1)
		_, errs = readAll(t, "x", "a\tX-Y\nb\tO\n", ReadOptions{Format: CoNLL, Annotations: Lenient})
		require.Empty(t, errs)
	}
	for _, text := range []string{"Vitamin B\nVitamin B\n", "Take vitamin B\nor I\nor O\n", "x\tO\n"} {
		f, _ := detect("x", []byte(text))
		require.Equal(t, Text, f, text)
	}
}

// What is written is read back: the text exactly, and of the mentions those that
// one layer of tags holds, without white space at their ends.
func TestCoNLLRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 400 {
		requireCoNLL(t, randomResult(rng, fmt.Sprint(i)))
	}
}

func requireCoNLL(t *testing.T, r document.Result) {
	t.Helper()
	back := mustRead(t, "x", mustWrite(t, WriteOptions{Format: CoNLL}, r, r), ReadOptions{})
	require.Len(t, back, 2)
	require.Equal(t, r.Text, back[0].Text)
	require.Equal(t, r.ID, back[0].ID)
	type found struct {
		text, typ string
		start     int
	}
	x := document.NewIndex(r.Text)
	var want, got []found
	for _, m := range flatMentions(r.Entities) {
		text, _ := x.Slice(m.Span)
		left := strings.TrimLeftFunc(text, noToken)
		if text := strings.TrimRightFunc(left, noToken); text != "" {
			want = append(want, found{text, m.typ, m.End - runes(left)})
		}
	}
	for _, e := range back[1].Entities {
		got = append(got, found{e.Text, e.Type, e.Spans[0].Start})
	}
	require.Equal(t, want, got)
}

// Lines of blanks only, such as the form feeds between pages, are empty lines to
// what tells formats apart, whatever the format turns out to be.
func TestLinesOfBlanks(t *testing.T) {
	for _, blank := range []string{" ", "\t", "\f", "\v", " \f", "\u00a0", "\u2028", "\u0085"} {
		for _, end := range []string{"", "\n", "\r\n", "\nLithium and tremor.\n"} {
			_, errs := readAll(t, "x.txt", blank+end, ReadOptions{})
			for _, err := range errs {
				requireBadInput(t, err, blank+end)
			}
		}
		docs := mustRead(t, "x", "a\tB-X\n"+blank+"\nb\tO\n\nc\tO\n", ReadOptions{})
		require.NotEmpty(t, docs)
	}
	docs := mustRead(t, "x.txt", "\f\nLithium and tremor.\n", ReadOptions{})
	require.Len(t, docs, 1)
	require.Contains(t, docs[0].Text, "Lithium and tremor.")
}

func FuzzCoNLL(f *testing.F) {
	fuzzReader(f, CoNLL, "a\tB-X\nb\tO\n", docStart+"\t1\t\"a b\"\tO\n\na\t0\t1\tB-X\n")
}
