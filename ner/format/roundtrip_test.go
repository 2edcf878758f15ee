package format

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// Reading what a format has written gives the same document again, without what the
// writer warned that the format can't hold.
func TestRoundTripLosesOnlyWhatIsReported(t *testing.T) {
	for _, f := range []Format{JSON, JSONL, PubTator, BioCXML, BioCJSON, Brat, DisplaCy, TSV} {
		t.Run(string(f), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 11))
			rounds := 400
			if f == Brat { // two files a document
				rounds = 60
			}
			for round := range rounds {
				docs := make([]document.Result, 1+rng.IntN(3))
				for i := range docs {
					docs[i] = randomResult(rng, fmt.Sprintf("doc-%d.%d", round, i))
				}
				requireRoundTrip(t, f, docs)
			}
		})
	}
}

// requireRoundTrip requires that documents that are written and read again are the
// same but for what the writer's warnings name.
func requireRoundTrip(t *testing.T, f Format, docs []document.Result) {
	t.Helper()
	lost := map[string]map[string]bool{}
	o := WriteOptions{Format: f, Text: true, Warn: func(w Warning) {
		if lost[w.Document] == nil {
			lost[w.Document] = map[string]bool{}
		}
		lost[w.Document][w.Message] = true
	}}
	back := writeAndRead(t, o, docs)
	require.Len(t, back, len(docs))
	for i := range docs {
		if len(docs[i].Passages) == 0 && f == PubTator {
			back[i].Passages = nil // a text without parts is given a title
		}
		want, got := project(f, docs[i], lost[docs[i].ID]), project(f, back[i], lost[docs[i].ID])
		require.Equal(t, want, got, "%s, lost: %v", f, lost[docs[i].ID])
	}
}

func writeAndRead(t *testing.T, o WriteOptions, docs []document.Result) []document.Result {
	if o.Format != Brat {
		return mustRead(t, "x", mustWrite(t, o, docs...), ReadOptions{Format: o.Format})
	}
	dir := t.TempDir()
	w, err := NewFolder(dir, o)
	require.NoError(t, err)
	for i := range docs {
		require.NoError(t, w.Write(&docs[i]))
	}
	require.NoError(t, w.Close())
	r, err := Open(dir, ReadOptions{})
	require.NoError(t, err)
	var back []document.Result
	for d, err := range r.Results() {
		require.NoError(t, err)
		back = append(back, d)
	}
	require.NoError(t, r.Close())
	return back
}

// project returns a result without what the writer's warnings say that a format
// can't hold.
func project(f Format, r document.Result, lost map[string]bool) document.Result {
	r = comparable(r)
	gone := func(c content) bool {
		for _, named := range contentNames {
			if c == named.content {
				return lost[string(f)+" does not hold "+named.name]
			}
		}
		panic("no such content")
	}
	if gone(hasText) {
		r.Text, r.Passages = "", nil
	}
	if gone(hasLineBreaks) {
		r.Text = flatLines.Replace(r.Text)
	}
	if gone(hasTitle) || gone(hasPassages) || f == PubTator && len(r.Passages) <= 1 || f == PubTator && r.Passages[1].Start == r.Passages[1].End {
		r.Passages = nil
	}
	for i := range r.Passages {
		if gone(hasPassageInfons) {
			r.Passages[i].Infons = nil
		}
	}
	if gone(hasInfons) {
		r.Infons = nil
	}
	if gone(hasPrompt) {
		r.Prompt, r.Completion = "", ""
	}
	if gone(hasDropped) {
		r.Dropped = nil
	}
	if gone(hasRun) {
		r.Model, r.Warnings, r.Terminology, r.Calibrated = document.Model{}, nil, nil, false
	}
	projectEntities(f, &r, gone)
	projectRelations(&r, gone)
	return r
}

func projectEntities(f Format, r *document.Result, gone func(content) bool) {
	var kept []document.Entity
	for _, e := range r.Entities {
		if gone(hasUngrounded) && len(e.Spans) == 0 {
			continue
		}
		if gone(hasIDs) || e.ID == "" {
			e.ID = ""
		}
		if gone(hasEntityInfons) {
			e.Infons = nil
		}
		if gone(hasDiscontinuous) && len(e.Spans) > 1 {
			e.Spans = []document.Span{{Start: e.Spans[0].Start, End: e.Spans[len(e.Spans)-1].End}}
		}
		if gone(hasDiscontinuous) || gone(hasLineBreaks) {
			e.Text = "" // the spans say it
		}
		if gone(hasComposite) {
			e.Composite = nil
		}
		if gone(hasNormalized) {
			e.Normalized = ""
		}
		if gone(hasConfidence) {
			e.Confidence = -1
		}
		if gone(hasLinks) {
			e.Concepts, e.Links = concepts(&e), nil
		}
		kept = append(kept, e)
	}
	// BioC orders mentions by passage, and gives those without an identifier one.
	sort.SliceStable(kept, func(i, j int) bool {
		return fmt.Sprint(kept[i].Spans, kept[i].Text) < fmt.Sprint(kept[j].Spans, kept[j].Text)
	})
	for i := range kept {
		kept[i].ID = strings.TrimLeft(kept[i].ID, "T0123456789")
	}
	r.Entities = kept
	_ = f
}

func projectRelations(r *document.Result, gone func(content) bool) {
	for i := range r.Relations {
		e := &r.Relations[i]
		e.Type = writeRelationType(e.Type)
		e.ID = ""
		e.ChemicalEntity, e.DiseaseEntity = "", ""
		if gone(hasRelationInfons) {
			e.Infons, e.ChemicalRole, e.DiseaseRole = nil, "", ""
		}
		if gone(hasConfidence) {
			e.Confidence = -1
		}
	}
	if gone(hasRelations) {
		r.Relations = nil
	}
}

// The public articles stay the same, byte by byte, through every format that holds
// all of them.
func TestCDRThroughEveryFormat(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "cdr.PubTator.txt"))
	require.NoError(t, err)
	docs := mustRead(t, "cdr.PubTator.txt", string(data), ReadOptions{})
	require.Len(t, docs, 6)
	composite := 0
	for _, d := range docs {
		for _, e := range d.Entities {
			composite += min(len(e.Composite), 1)
		}
	}
	require.Positive(t, composite)
	for _, f := range []Format{PubTator, JSON, JSONL, BioCXML, BioCJSON} {
		t.Run(string(f), func(t *testing.T) {
			back := writeAndRead(t, WriteOptions{Format: f, Text: true}, docs)
			again := mustWrite(t, WriteOptions{Format: PubTator}, back...)
			require.Equal(t, string(data), again)
		})
	}
}

// brat keeps the mentions and relations; it names the database, and has no titles.
func TestCDRThroughBrat(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "cdr.PubTator.txt"))
	require.NoError(t, err)
	docs := mustRead(t, "cdr.PubTator.txt", string(data), ReadOptions{})
	back := writeAndRead(t, WriteOptions{Format: Brat}, docs)
	for _, want := range docs {
		got := back[slices.IndexFunc(back, func(d document.Result) bool { return d.ID == want.ID })]
		got.Passages = want.Passages
		require.Equal(t, mustWrite(t, WriteOptions{Format: PubTator}, want),
			strings.ReplaceAll(mustWrite(t, WriteOptions{Format: PubTator}, got), "MESH:", ""))
	}
}

// Properties that only BioC knows survive reading and writing.
func TestBioCKeepsIdentifiersInfonsAndRelations(t *testing.T) {
	for _, f := range []Format{BioCXML, BioCJSON} {
		t.Run(string(f), func(t *testing.T) {
			var about Collection
			docs := mustRead(t, "a.xml", bioCSample, ReadOptions{Collection: func(c Collection) { about = c }})
			require.Equal(t, Collection{Source: "PubTator", Date: "2026", Key: "BioC.key", Infons: map[string]string{"version": "2"}}, about)
			out := mustWrite(t, WriteOptions{Format: f, Collection: func() Collection { return about }}, docs...)
			var again Collection
			back := mustRead(t, "b", out, ReadOptions{Collection: func(c Collection) { again = c }})
			require.Equal(t, about, again)
			require.Equal(t, comparable(docs[0]), comparable(back[0]))
			var twice bytes.Buffer
			twice.WriteString(mustWrite(t, WriteOptions{Format: f, Collection: func() Collection { return about }}, back...))
			require.Equal(t, out, twice.String())
		})
	}
}
