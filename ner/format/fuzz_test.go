package format

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/ner/document"
)

// fuzzReader reads arbitrary bytes in a format. Every error must be typed, every
// mention must lie in its text, and every writer must take every document.
func fuzzReader(f *testing.F, format Format, seeds ...string) {
	for _, s := range append(seeds, "", "\x00", "\xff") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		warn := func(w Warning) {
			if len(w.String()) > 1500 {
				t.Fatalf("a warning of %d bytes", len(w.String()))
			}
		}
		r, err := NewReader("fuzz", strings.NewReader(data), ReadOptions{
			Format: format, MaxDocument: 1 << 16, Annotations: Strictness(len(data) % 3), Warn: warn, Collection: func(Collection) {},
		})
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

// FuzzRoundTrip writes a document with random annotations and the given text in one
// of the formats, and reads it again: only what the writer names may be lost.
func FuzzRoundTrip(f *testing.F) {
	f.Add(uint64(1), "Lithium")
	for seed := range uint64(8) {
		f.Add(seed, "\u202e\u200b😀\u2009")
	}
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		text = strings.Map(func(r rune) rune {
			if r < ' ' && r != '\t' || r == 0xfffe || r == 0xffff {
				return -1 // control characters and line ends have tests of their own
			}
			return r
		}, strings.ToValidUTF8(text, ""))
		doc := randomResult(rand.New(rand.NewPCG(seed, 1)), "doc", clip.At(text, 200))
		formats := []Format{JSON, JSONL, PubTator, BioCXML, BioCJSON, DisplaCy, TSV, Brat}
		if !strings.ContainsAny(doc.Text, "\x00") {
			requireCoNLL(t, doc)
		}
		if format := formats[seed%uint64(len(formats))]; format != Brat {
			requireRoundTrip(t, format, []document.Result{doc})
			return
		}
		// Brat writes files, of which only the annotations matter here.
		back := doc
		back.Entities, back.Relations = nil, nil
		ann, err := bratLines(&doc, WriteOptions{Format: Brat})
		require.NoError(t, err)
		p := newBratParser(&back.Document, false, ReadOptions{})
		require.NoError(t, p.parse("doc.ann", string(ann)))
		require.NoError(t, p.finish("doc.ann"))
		grounded := 0
		for _, e := range doc.Entities {
			grounded += min(len(e.Spans), 1)
		}
		require.Len(t, back.Entities, grounded)
	})
}

// FuzzOffsets converts offsets between code points, bytes, UTF-16 units and code
// points with a CRLF as one, both ways, beside naive conversions.
func FuzzOffsets(f *testing.F) {
	f.Add("α😀\r\nLi", uint16(1), uint16(4))
	f.Add("plain", uint16(0), uint16(5))
	f.Fuzz(func(t *testing.T, text string, from, to uint16) {
		text = strings.ToValidUTF8(text, "\ufffd")
		runes := []rune(text)
		start := int(from) % (len(runes) + 1)
		end := start + int(to)%(len(runes)-start+1)
		x := document.NewIndex(text)
		require.Equal(t, len(runes), x.Len())
		for i := 0; i <= len(text); i++ {
			n, boundary := x.CodePoint(i)
			require.Equal(t, i == len(text) || utf8.RuneStart(text[i]), boundary)
			if boundary {
				require.Equal(t, utf8.RuneCountInString(text[:i]), n)
				require.Equal(t, i, x.Byte(n))
			}
		}
		mention := string(runes[start:end])
		for u, count := range map[unit]func(int) int{
			codePoints: func(n int) int { return n },
			byteUnits:  func(n int) int { return len(string(runes[:n])) },
			utf16Units: func(n int) int { return len(utf16.Encode(runes[:n])) },
			lineEndUnits: func(n int) int {
				units := 0
				for i := range n {
					if runes[i] != '\r' || i+1 == len(runes) || runes[i+1] != '\n' {
						units++
					}
				}
				return units
			},
		} {
			ruler := ruler{}
			if u != codePoints {
				ruler = newRuler(text, len(runes), u)
			}
			span := document.Span{Start: count(start), End: count(end)}
			got, ok := ruler.span(span, 0)
			require.True(t, ok)
			require.Equal(t, span, document.Span{Start: count(got.Start), End: count(got.End)}, u)
			if u != lineEndUnits { // in which both parts of a CRLF have one offset
				require.Equal(t, document.Span{Start: start, End: end}, got, u)
				require.Equal(t, start, ruler.near(span.Start, 0))
				if start < end {
					p := locate(x, text, []layout{{claims: []claim{{spans: []document.Span{span}, bases: []int{0}, mention: mention}}}}, false)
					require.Empty(t, p.bad)
					text, _ := x.Slice(p.spans[0][0])
					require.Equal(t, solid(mention), solid(text))
				}
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

func FuzzJATS(f *testing.F) {
	fuzzReader(f, JATS, jatsSample, "<article><front/></article>", `<article><body><p>a<table-wrap><table><tr><td>b</td></tr></table></table-wrap>c</p></body></article>`)
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
		p := newBratParser(&d, len(ann)%2 == 0, ReadOptions{Annotations: Strictness(len(ann) % 3), Warn: func(Warning) {}})
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
