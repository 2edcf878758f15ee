package dedup

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// extractor is a fake: the result of a document follows from its text, and texts
// with "bad" fail. It takes up to ahead documents before their results are wanted,
// as an *ner.Extractor does.
type extractor struct {
	ahead int

	mu    sync.Mutex
	texts []string // in the order in which they were annotated
	fails map[string]int
}

type outcome struct {
	result *document.Result
	err    error
}

func (x *extractor) Stream(ctx context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[*document.Result, error] {
	return func(yield func(*document.Result, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		taken := make(chan outcome, x.ahead)
		ended := make(chan struct{})
		defer func() { cancel(); <-ended }()
		go func() {
			defer close(ended)
			defer close(taken)
			for d, err := range docs {
				select {
				case taken <- x.annotate(d, err):
				case <-ctx.Done():
					return
				}
			}
		}()
		for o := range taken {
			if ctx.Err() != nil {
				break
			}
			if !yield(o.result, o.err) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(nil, ctx.Err())
		}
	}
}

func (x *extractor) annotate(d document.Document, err error) outcome {
	if err != nil {
		return outcome{nil, err}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.texts = append(x.texts, d.Text)
	if strings.Contains(d.Text, "bad") && x.fails[d.Text] > 0 {
		x.fails[d.Text]--
		return outcome{nil, fmt.Errorf("document %s: bad", d.ID)}
	}
	r := &document.Result{Document: d, Warnings: []string{"read " + d.Text}}
	r.Entities = []document.Entity{{Text: d.Text, Normalized: strings.ToLower(d.Text)}}
	return outcome{r, nil}
}

// documents returns a document for each text; "!" stands for one that can't be
// read.
func documents(texts ...string) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		for i, text := range texts {
			d := document.Document{ID: fmt.Sprint(i), Text: text, Infons: map[string]string{"n": fmt.Sprint(i)}}
			var err error
			if text == "!" {
				err = fmt.Errorf("document %d: unreadable", i)
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// lines returns what a stream yields, as text.
func lines(results iter.Seq2[*document.Result, error]) []string {
	var all []string
	for r, err := range results {
		if err != nil {
			all = append(all, err.Error())
			continue
		}
		all = append(all, fmt.Sprintf("%+v", *r))
	}
	return all
}

func TestEachTextOnce(t *testing.T) {
	long := strings.Fields(strings.Repeat("same ", 3*ahead))
	for name, texts := range map[string][]string{
		"none":                    {},
		"all different":           {"a", "b", "c"},
		"side by side":            {"a", "a", "b", "b", "b", "c"},
		"far apart":               {"a", "b", "c", "a", "c", "b", "a"},
		"repeats at the end":      {"a", "b", "a", "a"},
		"unreadable ones between": {"!", "a", "!", "a", "!"},
		"failing ones":            {"bad 1", "a", "bad 1", "bad 1", "a", "bad 2"},
		"more than are read on":   append(append([]string{"x"}, long...), "y", "same"),
		"blank":                   {"", "", " "},
	} {
		for _, ahead := range []int{0, 1, 40} {
			t.Run(fmt.Sprint(name, ", ", ahead, " ahead"), func(t *testing.T) {
				always := map[string]int{"bad 1": 100, "bad 2": 100}
				without := extractor{ahead: ahead, fails: always}
				want := lines(without.Stream(t.Context(), documents(texts...)))
				x := extractor{ahead: ahead, fails: always}
				e := New(x.Stream, DefaultMemory)
				require.Equal(t, want, lines(e.Stream(t.Context(), documents(texts...))))
				good := map[string]bool{}
				n := 0
				for _, text := range x.texts {
					if !strings.HasPrefix(text, "bad") {
						n++
						good[text] = true
					}
				}
				require.Len(t, good, n, "a text was annotated twice")
				all, repeated := e.Counts()
				require.EqualValues(t, len(texts)-strings.Count(strings.Join(texts, " "), "!"), all)
				require.EqualValues(t, len(x.texts), all-repeated)
			})
		}
	}
}

// What failed once may work the next time: no document shares another's failure.
func TestFailureIsNotShared(t *testing.T) {
	x := extractor{ahead: 5, fails: map[string]int{"bad": 1}}
	got := lines(New(x.Stream, DefaultMemory).Stream(t.Context(), documents("bad", "bad", "bad")))
	require.Equal(t, "document 0: bad", got[0])
	require.Contains(t, got[1], "ID:1")
	require.Contains(t, got[2], "ID:2")
}

// A prompt belongs to what a result depends on.
func TestPromptCounts(t *testing.T) {
	x := extractor{}
	e := New(x.Stream, DefaultMemory)
	for range e.Stream(t.Context(), func(yield func(document.Document, error) bool) {
		_ = yield(document.Document{Text: "a", Prompt: "p"}, nil) && yield(document.Document{Text: "a"}, nil) &&
			yield(document.Document{Text: "pa"}, nil) && yield(document.Document{Text: "a", Prompt: "p"}, nil)
	}) {
	}
	require.Equal(t, []string{"a", "a", "pa"}, x.texts)
}

// Results that no longer fit are forgotten, the least recently used first, and
// their texts annotated again.
func TestMemoryIsBounded(t *testing.T) {
	result := &document.Result{Document: document.Document{Text: "a", Entities: []document.Entity{{Normalized: "a"}}}, Warnings: []string{"read a"}}
	one := sizeOf(result)
	m := newMemory(10 * one)
	often := &text{hash: hash{1, 2, 3}, result: result}
	m.add(often)
	m.done(often)
	busy := &text{hash: hash{4, 5, 6}}
	m.add(busy)
	for i := range 1000 {
		s := &text{hash: hash{byte(i), byte(i >> 8)}, result: result}
		m.add(s)
		m.done(s)
		require.LessOrEqual(t, m.size, 10*one)
		require.Len(t, m.byHash, m.used.Len())
		require.LessOrEqual(t, m.used.Len(), 11)
		require.Same(t, s, m.get(s.hash))
		require.Same(t, often, m.get(often.hash), "the one that is used most")
	}
	require.Nil(t, m.get(hash{0, 0}))
	require.Same(t, busy, m.get(busy.hash), "a text that is being annotated")

	x := extractor{}
	e := New(x.Stream, 0)
	texts := strings.Fields(strings.Repeat("a b ", 3*ahead))
	without := extractor{}
	require.Equal(t, lines(without.Stream(t.Context(), documents(texts...))), lines(e.Stream(t.Context(), documents(texts...))))
	require.Greater(t, len(x.texts), 2, "nothing can be remembered")
}

// Nobody's change to a result reaches another document's.
func TestResultsAreApart(t *testing.T) {
	x := extractor{}
	for r, err := range New(x.Stream, DefaultMemory).Stream(t.Context(), documents("a", "a", "a")) {
		require.NoError(t, err)
		require.Equal(t, []string{"read a"}, r.Warnings)
		require.Equal(t, "a", r.Entities[0].Text)
		require.Equal(t, r.ID, r.Infons["n"])
		r.Warnings[0], r.Entities[0].Text = "changed", "changed"
	}
}

func TestStopping(t *testing.T) {
	endless := func(yield func(document.Document, error) bool) {
		for i := 0; yield(document.Document{ID: fmt.Sprint(i), Text: fmt.Sprint(i / 3)}, nil); i++ {
		}
	}
	x := extractor{ahead: 3}
	n := 0
	for range New(x.Stream, DefaultMemory).Stream(t.Context(), endless) {
		if n++; n == 50 {
			break
		}
	}
	require.Equal(t, 50, n)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n = 0
	for _, err := range New(x.Stream, DefaultMemory).Stream(ctx, endless) {
		if last = err; err != nil {
			continue
		}
		if n++; n == 50 {
			cancel()
		}
	}
	require.ErrorIs(t, last, context.Canceled)
	require.True(t, errors.Is(last, ctx.Err()))
}
