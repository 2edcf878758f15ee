package format

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// readAll returns all documents of an input, and the errors of bad ones.
func readAll(t testing.TB, name, data string, o ReadOptions) ([]document.Result, []error) {
	t.Helper()
	r, err := NewReader(name, strings.NewReader(data), o)
	require.NoError(t, err)
	var docs []document.Result
	var errs []error
	for d, err := range r.Results() {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		docs = append(docs, d)
	}
	require.NoError(t, r.Close())
	return docs, errs
}

// mustRead returns all documents of an input in which nothing is bad.
func mustRead(t testing.TB, name, data string, o ReadOptions) []document.Result {
	t.Helper()
	docs, errs := readAll(t, name, data, o)
	require.Empty(t, errs)
	return docs
}

func mustWrite(t testing.TB, o WriteOptions, docs ...document.Result) string {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, o)
	require.NoError(t, err)
	for i := range docs {
		require.NoError(t, w.Write(&docs[i]))
	}
	require.NoError(t, w.Close())
	return b.String()
}

// comparable copies a result so that require.Equal can compare it: NaN, which
// differs from itself, becomes -1, and what is empty is nil.
func comparable(r document.Result) document.Result {
	r.Entities = slices.Clone(r.Entities)
	for i := range r.Entities {
		e := &r.Entities[i]
		e.Confidence = comparableFloat(e.Confidence)
		e.Links = slices.Clone(e.Links)
		for j := range e.Links {
			e.Links[j].Score = comparableFloat(e.Links[j].Score)
		}
		e.Links, e.Spans, e.Concepts = orNil(e.Links), orNil(e.Spans), orNil(e.Concepts)
		e.Composite = orNil(e.Composite)
		if len(e.Infons) == 0 {
			e.Infons = nil
		}
	}
	r.Relations = slices.Clone(r.Relations)
	for i := range r.Relations {
		r.Relations[i].Confidence = comparableFloat(r.Relations[i].Confidence)
	}
	r.Entities, r.Relations, r.Passages = orNil(r.Entities), orNil(r.Relations), orNil(r.Passages)
	r.Dropped, r.Warnings = orNil(r.Dropped), orNil(r.Warnings)
	return r
}

func comparableFloat(v float64) float64 {
	if math.IsNaN(v) {
		return -1
	}
	return v
}

func orNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

// entity returns the first occurrence of a mention in a text.
func entity(text, typ, mention string, concepts ...string) document.Entity {
	i := strings.Index(text, mention)
	if i < 0 {
		panic(mention + " is not in " + text)
	}
	start := len([]rune(text[:i]))
	return document.Entity{Text: mention, Type: typ, Grounded: true, Confidence: math.NaN(), Concepts: concepts,
		Spans: []document.Span{{Start: start, End: start + len([]rune(mention))}}}
}
