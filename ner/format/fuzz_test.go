package format

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// fuzzReader reads arbitrary bytes in a format. Every error must be typed, every
// mention must lie in its text, and every writer must take every document.
func fuzzReader(f *testing.F, format Format, seeds ...string) {
	for _, s := range append(seeds, "", "\x00", "\xff") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		r, err := NewReader("fuzz", strings.NewReader(data), ReadOptions{Format: format, MaxDocument: 1 << 16, Warn: func(Warning) {}, Collection: func(Collection) {}})
		if err != nil {
			requireBadInput(t, err)
			return
		}
		for d, err := range r.Results() {
			if err != nil {
				requireBadInput(t, err)
				continue
			}
			if d.Text != "" { // not a result that was read back without it
				requireSound(t, &d, true)
				writeEverything(t, &d)
			} else {
				requireSound(t, &d, false)
			}
		}
	})
}

// requireSound checks that spans lie in the text, or, for a result without its text,
// that they end after they start.
func requireSound(t *testing.T, d *document.Result, hasText bool) {
	x := document.NewIndex(d.Text)
	for _, e := range d.Entities {
		for _, s := range e.Spans {
			if s.Start < 0 || s.End < s.Start || hasText && s.End > x.Len() {
				t.Fatalf("span %v of a text of %d code points", s, x.Len())
			}
		}
	}
}

func FuzzPubTator(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "cdr.PubTator.txt"))
	require.NoError(f, err)
	fuzzReader(f, PubTator, string(data[:3000]), "1|t|a\r\n1|a|\n1\t0\t1\ta\tDisease\tD1|D2\tx|y\n1\tCID\tD1\tD2\n\n")
}

func FuzzBioCXML(f *testing.F) {
	fuzzReader(f, BioCXML, bioCSample, "<collection><document/></collection>", "<collection><!-- <document> --><document><![CDATA[<id>]]></document>")
}

func FuzzJSON(f *testing.F) {
	fuzzReader(f, JSON, `[{"id":"1","text":"α"},{"prompt":"x"}]`, `{"source":"","documents":[{"id":"1","passages":[{"offset":0,"text":"Li","annotations":[{"id":"1","infons":{"type":"Chemical"},"text":"Li","locations":[{"offset":0,"length":2}]}]}],"relations":[{"id":"R","nodes":[{"refid":"1","role":"x"}]}]}]}`)
}

func FuzzJSONL(f *testing.F) {
	fuzzReader(f, JSONL, `{"text":"α Li","ents":[{"start":2,"end":4,"label":"X"}]}`, `{"schema":"medner/1","id":"1","text":"Li","entities":[{"text":"Li","start":0,"end":2,"spans":[[0,1],[1,2]]}],"passages":[{"start":0,"end":1}]}`, `{"title":"a","abstract":"b"}`)
}

func FuzzMEDLINE(f *testing.F)   { fuzzReader(f, MEDLINE, medlineSample) }
func FuzzPubMedXML(f *testing.F) { fuzzReader(f, PubMedXML, pubMedSample) }

func FuzzTSV(f *testing.F) {
	fuzzReader(f, TSV, "id\ttitle\ttext\n1\tx\ty\n", strings.Join(columnNames[:], "\t")+"\n1\tentity\tchemical\tLi\t\t0\t2\tD1\t0.5\ttrue\t\t\t\t\t\n")
}

func FuzzDetected(f *testing.F) {
	fuzzReader(f, "", "1|t|x", "{}", "<collection>", "PMID- 1", "\x1f\x8b\x08\x00", "\ufeffx")
}

func FuzzBrat(f *testing.F) {
	f.Add("renal toxicity α\r\nb", "T1\tDisease 0 5;6 14\trenal toxicity\nT2\tChemical 15 16\tα\nN1\tReference T2 MESH:D1\tx\nA1\tNeg T1\nR1\tCID Arg1:T2 Arg2:T1\n#1\tConcepts R1\ta | b\n#2\tConfidence T1\t0.5\n")
	f.Add("", "*\tEquiv T1 T2")
	f.Fuzz(func(t *testing.T, text, ann string) {
		if badText([]byte(text)) != "" {
			return
		}
		d := document.Document{ID: "1", Text: text}
		p := newBratParser(&d, false, ReadOptions{})
		err := p.parse("fuzz.ann", ann)
		if err == nil {
			err = p.finish("fuzz.ann")
		}
		if err != nil {
			requireBadInput(t, clipError(err))
			return
		}
		requireSound(t, &document.Result{Document: d}, true)
		writeEverything(t, &document.Result{Document: d})
	})
}
