package format

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// oneByOne delivers documents, and an error for each that has no ID.
func oneByOne(results ...document.Result) iter.Seq2[document.Result, error] {
	return func(yield func(document.Result, error) bool) {
		for _, r := range results {
			var err error
			if r.ID == "" {
				err = errors.New("unreadable")
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func sourceOf(id, text string) document.Result {
	return document.Result{Document: document.Document{ID: id, Text: text, Passages: []document.Passage{{Type: "title", End: 3}}, Entities: []document.Entity{{Text: "gold"}}}}
}

// bare returns a result without its text, with one mention.
func bare(id, text, mention string, spans ...document.Span) document.Result {
	r := document.Result{TextSHA256: textHash(text)}
	r.ID = id
	r.Entities = []document.Entity{{Text: mention, Type: document.Chemical, Spans: spans, Grounded: true}}
	return r
}

// collect returns the delivered documents and the messages of errors, in order.
func collect(docs iter.Seq2[document.Result, error]) (out []document.Result, messages []string) {
	for r, err := range docs {
		if err != nil {
			messages = append(messages, err.Error())
			continue
		}
		out = append(out, r)
	}
	return out, messages
}

func TestJoin(t *testing.T) {
	sources := []document.Result{sourceOf("1", "α-tin"), sourceOf("2", "lead, zinc"), sourceOf("1", "other tin")}
	tin := bare("1", "α-tin", "tin", document.Span{Start: 2, End: 5})
	other := bare("1", "other tin", "tin", document.Span{Start: 6, End: 9})
	two := bare("2", "lead, zinc", "lead zinc", document.Span{Start: 0, End: 4}, document.Span{Start: 6, End: 10})
	for _, order := range [][]document.Result{{tin, two, other}, {other, two, tin}, {two}} {
		got, messages := collect(Join(oneByOne(order...), oneByOne(sources...)))
		require.Empty(t, messages)
		for i, r := range order {
			require.Equal(t, r.TextSHA256, textHash(got[i].Text))
			require.Empty(t, got[i].TextSHA256)
			require.Equal(t, r.Entities, got[i].Entities, "the source's annotations are not taken")
			require.Len(t, got[i].Passages, 1)
		}
	}

	// All writers take what was joined.
	for _, f := range Outputs() {
		if f == Brat {
			continue
		}
		got, _ := collect(Join(oneByOne(two), oneByOne(sources...)))
		var b bytes.Buffer
		w, err := NewWriter(&b, WriteOptions{Format: f, Text: true})
		require.NoError(t, err)
		require.NoError(t, w.Write(&got[0]), f)
		require.NoError(t, w.Close())
		require.Contains(t, b.String(), "lead", f)
	}
}

func TestJoinChecks(t *testing.T) {
	sources := []document.Result{sourceOf("", ""), sourceOf("1", "α-tin"), sourceOf("2", "lead"), sourceOf("3", "zinc")}
	var wrongHash, noHash, own, ownWrong document.Result
	wrongHash = bare("2", "leads", "lead", document.Span{Start: 0, End: 4})
	noHash = bare("3", "zinc", "zinc", document.Span{Start: 0, End: 4})
	noHash.TextSHA256 = ""
	own = bare("9", "", "iron", document.Span{Start: 0, End: 4})
	own.Text, own.TextSHA256 = "iron", ""
	ownWrong = own
	ownWrong.Text = "Iron"
	got, messages := collect(Join(oneByOne(
		bare("1", "alpha-tin", "tin", document.Span{Start: 6, End: 9}),
		bare("1", "α-tin", "tin", document.Span{Start: 2, End: 5}),
		wrongHash, noHash, bare("4", "x", "x", document.Span{End: 1}), own, ownWrong, sourceOf("", ""),
	), oneByOne(sources...)))
	require.Len(t, got, 3)
	require.Equal(t, []string{"α-tin", "zinc", "iron"}, []string{got[0].Text, got[1].Text, got[2].Text})
	require.Equal(t, []string{
		"unreadable",
		`1: entities[0]: found 6 to 9 outside the text of 5 code points, expected "tin"`,
		"2: text_sha256: found a source document with " + textHash("lead") + ", expected " + textHash("leads") + ", as the result says",
		"4: id: found no source document with this identifier that another result has not had, expected the documents that the results are of",
		`9: entities[0]: found "Iron" at 0 to 4, expected "iron"`,
		"unreadable",
	}, messages)
	var bad *badinput.Error
	for _, err := range Join(oneByOne(wrongHash), oneByOne()) {
		require.ErrorAs(t, err, &bad)
	}
	for range Join(oneByOne(noHash, noHash), oneByOne(sources...)) {
		break // the consumer may stop at any time
	}
}

// Results in the order of their sources keep one text at a time.
func TestJoinHoldsFewTexts(t *testing.T) {
	read := 0
	sources := func(yield func(document.Result, error) bool) {
		for _, id := range []string{"a", "b", "c", "d"} {
			if read++; !yield(sourceOf(id, "text of "+id), nil) {
				return
			}
		}
	}
	var seen []int
	for range Join(oneByOne(bare("a", "text of a", "a"), bare("b", "text of b", "b")), sources) {
		seen = append(seen, read)
	}
	require.True(t, slices.Equal([]int{1, 2}, seen), "%v", seen)
}
