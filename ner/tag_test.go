package ner_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

// labeller is a token classification head that knows some words, each of one
// type.
type labeller struct {
	*fake
	labels []string
	words  map[string]string // types
	score  func(token string) float32
	err    error

	mu    sync.Mutex
	texts []string // what was classified, from the copy on
}

func (l *labeller) Labels(adapter string) ([]string, error) {
	if l.labels == nil {
		return nil, badinput.New("", "adapter", fmt.Sprintf("%q, without a token classification head", adapter), "another")
	}
	return l.labels, nil
}

func (l *labeller) Classify(ctx context.Context, r model.ClassifyRequest) (*model.Classification, error) {
	if l.err != nil {
		return nil, l.err
	}
	l.mu.Lock()
	l.texts = append(l.texts, l.tok.Decode(r.Tokens[r.From:], false))
	c := &model.Classification{Labels: l.labels}
	text := l.texts[len(l.texts)-1]
	l.mu.Unlock()
	labels := make([]string, len(text)) // by byte
	for word, typ := range l.words {
		for at := 0; ; {
			i := strings.Index(text[at:], word)
			if i < 0 {
				break
			}
			at += i
			labels[at] = "B-" + typ
			for k := at + 1; k < at+len(word); k++ {
				labels[k] = "I-" + typ
			}
			at += len(word)
		}
	}
	at := 0
	for _, id := range r.Tokens[r.From:] {
		token := string(l.tok.TokenBytes(id))
		row := make([]float32, len(l.labels))
		first := at + len(token) - len(strings.TrimLeftFunc(token, unicode.IsSpace))
		if first < min(at+len(token), len(text)) {
			row[max(0, slices.Index(l.labels, labels[first]))] = 8
		}
		if l.score != nil {
			row[0] += l.score(token)
		}
		c.Scores = append(c.Scores, row)
		at += len(token)
	}
	return c, nil
}

var bio = []string{"O", "B-Chemical", "I-Chemical", "B-Disease", "I-Disease", "B-Gene", "I-Gene"}

// newLabeller returns a fake that knows words and writes pairs.
func newLabeller(t *testing.T, pairs string) *labeller {
	return &labeller{
		fake: newFake(t, byTask("- aspirin\n- nonsense", "", pairs)), labels: bio,
		words: map[string]string{"aspirin": "Chemical", "nausea": "Disease", "pain": "Disease", "gene": "Gene"},
	}
}

func (l *labeller) engine() ner.Engine {
	e := l.fake.engine()
	e.Classifier = l
	return e
}

func (l *labeller) extractor(t *testing.T, options ...ner.Option) *ner.Extractor {
	t.Helper()
	e, err := ner.NewWithEngine(l.engine(), options...)
	require.NoError(t, err)
	return e
}

func (l *labeller) extract(t *testing.T, text string, options ...ner.Option) *document.Result {
	t.Helper()
	for r, err := range l.extractor(t, options...).Extract(t.Context(), document.Document{ID: "1", Text: text}) {
		require.NoError(t, err)
		return r
	}
	t.Fatal("no result")
	return nil
}

func TestTags(t *testing.T) {
	l := newLabeller(t, "- aspirin | nausea\n- aspirin | gene\n- aspirin | aspirin\n- pain | nausea")
	text := "The aspirin gave nausea. No aspirin, no pain; a gene."
	r := l.extract(t, text, ner.WithGrounded(false))
	require.Equal(t, []string{"chemical aspirin@4-11", "disease nausea@17-23", "chemical aspirin@28-35", "disease pain@40-44"}, places(r)[:4])
	require.Equal(t, "tag", r.Model.Method)
	require.Contains(t, dropped(r), "tags: gene: tagged as Gene, which is neither chemical nor disease")
	require.NotContains(t, places(r), "disease gene@48-52", "a side of a pair that is tagged as a gene")
	require.Len(t, l.requests, 1, "only pairs are written")
	require.Equal(t, []string{text}, l.texts)
	require.Len(t, r.Entities, 4)
	for _, e := range r.Entities {
		require.Greater(t, e.Confidence, 0.9)
		require.True(t, e.Grounded)
	}
	require.Equal(t, []string{"aspirin | nausea", "aspirin | gene"}, pairs(r))
	require.Contains(t, dropped(r), "influences: - aspirin | aspirin: its disease is tagged as a chemical")
	require.Contains(t, dropped(r), "influences: - pain | nausea: its chemical is tagged as a disease")
	require.Greater(t, r.Relations[0].Confidence, r.Relations[1].Confidence, "a gene is tagged as neither")

	l = newLabeller(t, "")
	r = l.extract(t, text, ner.WithTasks(prompt.Diseases))
	require.Equal(t, []string{"disease nausea@17-23", "disease pain@40-44"}, places(r))
	require.Empty(t, l.requests, "no pairs, no questions")

	l = newLabeller(t, "")
	r = l.extract(t, text, ner.WithMethod(ner.Generate), ner.WithTasks(prompt.Chemicals), ner.WithGrounded(false))
	require.Empty(t, l.texts)
	require.Equal(t, "generate", r.Model.Method)
}

// TestBothMethods: what both ways found is surer than what one found, and what is
// written is looked for outside of tags only.
func TestBothMethods(t *testing.T) {
	l := newLabeller(t, "")
	l.fake.answer = func(p string) (string, error) {
		return byTask("- aspirin\n- ibuprofen\n- chest", "", "")(p), nil
	}
	delete(l.words, "pain")
	l.words["chest pain"] = "Disease"
	text := "The aspirin and ibuprofen for chest pain; aspirin."
	r := l.extract(t, text, ner.WithMethod(ner.Both), ner.WithTasks(prompt.Chemicals, prompt.Diseases), ner.WithGrounded(false), ner.WithDerived(false))
	require.Equal(t, []string{
		"chemical aspirin@4-11", "chemical ibuprofen@16-25", "disease chest pain@30-40", "chemical aspirin@42-49",
	}, places(r))
	require.Contains(t, dropped(r), "chemicals: - chest: lies in what is tagged")
	require.Equal(t, "both", r.Model.Method)
	require.Greater(t, r.Entities[0].Confidence, 2*r.Entities[1].Confidence-0.1)
	require.InDelta(t, 0.5, r.Entities[2].Confidence, 0.05, "only tagged")
}

// TestTagsAreNotInWords: mentions that meet inside of a word are one, and one that
// begins or ends there is left out.
func TestTagsAreNotInWords(t *testing.T) {
	l := newLabeller(t, "")
	l.words = map[string]string{"aspirin": "Chemical"}
	text := "aspirinum, anaspirin"
	r := l.extract(t, text, ner.WithTasks(prompt.Chemicals))
	require.Empty(t, r.Entities)
	require.NotEmpty(t, dropped(r))
	for _, d := range dropped(r) {
		require.Contains(t, d, ": begins or ends inside of a word")
	}
	r = l.extract(t, text, ner.WithTasks(prompt.Chemicals), ner.WithWholeWords(false))
	require.Equal(t, []string{"chemical aspirin@0-7", "chemical aspirin@13-20"}, places(r))
	l.words["um"] = "Chemical"
	r = l.extract(t, text, ner.WithTasks(prompt.Chemicals))
	require.Equal(t, []string{"chemical aspirinum@0-9"}, places(r))
}

// TestTagsBesideScripts: what stands above or below the line is a part of a formula,
// and the mark of a footnote no part of a word.
func TestTagsBesideScripts(t *testing.T) {
	l := newLabeller(t, "")
	l.words = map[string]string{"NaHCO": "Chemical", "Ca": "Chemical", "C-urea": "Chemical", "aspirin": "Chemical", "hepatitis": "Disease", "COPD": "Disease"}
	text := "NaHCO₃, Ca²⁺, ¹⁴C-urea, aspirin¹, hepatitis²,³ and COPD⁴"
	tasks := ner.WithTasks(prompt.Chemicals, prompt.Diseases)
	r := l.extract(t, text, tasks)
	require.Equal(t, []string{
		"chemical NaHCO₃@0-6", "chemical Ca²⁺@8-12", "chemical ¹⁴C-urea@14-22", "chemical aspirin@24-31", "disease hepatitis@34-43", "disease COPD@51-55",
	}, places(r))
	require.Empty(t, dropped(r))
	r = l.extract(t, text, tasks, ner.WithWholeWords(false))
	require.Equal(t, []string{
		"chemical NaHCO@0-5", "chemical Ca@8-10", "chemical C-urea@16-22", "chemical aspirin@24-31", "disease hepatitis@34-43", "disease COPD@51-55",
	}, places(r), "tags as they are")
}

// TestNotesOnOptionsWithoutEffect: what tags or lists alone make idle is said.
func TestNotesOnOptionsWithoutEffect(t *testing.T) {
	notes := func(options ...ner.Option) []string {
		t.Helper()
		return newLabeller(t, "").extractor(t, options...).Notes()
	}
	lists := ner.WithTasks(prompt.Chemicals, prompt.Diseases)
	require.Empty(t, notes(lists, ner.WithMethod(ner.Tag), ner.WithWholeWords(false)))
	require.Empty(t, notes(ner.WithMethod(ner.Tag), ner.WithAlternatives(0.1), ner.WithGrounded(false)))
	require.Len(t, notes(lists, ner.WithMethod(ner.Tag), ner.WithAlternatives(0.1), ner.WithGrounded(false)), 2)
	require.Len(t, notes(ner.WithMethod(ner.Generate), ner.WithWholeWords(false)), 1)
}

func TestMethodsThatAreRefused(t *testing.T) {
	refused := func(l *labeller, want string, options ...ner.Option) {
		t.Helper()
		_, err := ner.NewWithEngine(l.engine(), options...)
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad), "%v", err)
		require.ErrorContains(t, err, want)
	}
	l := newLabeller(t, "")
	refused(l, `method: found "tags"`, ner.WithMethod("tags"))
	refused(l, `method "tag": found prompt card, which has no copy of the article`, ner.WithMethod(ner.Tag), ner.WithPrompt("card"))
	refused(l, `method "both": found profile seed-compat`, ner.WithMethod(ner.Both), ner.WithProfile(ner.SeedCompat))
	for _, c := range []struct {
		labels []string
		want   string
	}{
		{[]string{"LABEL_0", "LABEL_1"}, `label 0 is "LABEL_0"`},
		{[]string{"O", "B-Gene", "I-Gene"}, "found the types Gene"},
		{[]string{"B-Disease", "I-Disease"}, "no label O"},
	} {
		l := newLabeller(t, "")
		l.labels = c.labels
		refused(l, c.want)
		refused(l, c.want, ner.WithMethod(ner.Tag))
		l.extractor(t, ner.WithMethod(ner.Generate))
	}

	none := newLabeller(t, "")
	none.labels = nil
	refused(none, `method "tag": found no token classification head, expected`, ner.WithMethod(ner.Tag))
	require.Equal(t, "train", none.extractor(t).Key().Prompt)
	require.NotContains(t, none.extractor(t).Key().Decoding, "tags")
	e := l.extractor(t)
	require.Equal(t, "article-first", e.Key().Prompt)
	require.Contains(t, e.Key().Decoding, "tags")
	lists, err := e.With(ner.WithPrompt("card"))
	require.NoError(t, err)
	require.NotContains(t, lists.Key().Decoding, "tags", "the prompt has no copy")
	both, err := e.With(ner.WithMethod(ner.Both))
	require.NoError(t, err)
	require.NotEqual(t, e.Key(), both.Key())
	parts, err := e.With(ner.WithWholeWords(false))
	require.NoError(t, err)
	require.NotEqual(t, e.Key(), parts.Key())
	_, err = ner.NewWithEngine(l.fake.engine(), ner.WithMethod(ner.Tag))
	require.ErrorContains(t, err, "an engine that classifies no tokens")
}

func TestTagsThatFail(t *testing.T) {
	l := newLabeller(t, "")
	l.score = func(token string) float32 {
		if strings.Contains(token, "n") {
			return float32(math.NaN())
		}
		return 0
	}
	e := l.extractor(t)
	var failed *ner.DocumentError
	for _, err := range e.Extract(t.Context(), document.Document{ID: "7", Text: "aspirin and nausea"}) {
		require.True(t, errors.As(err, &failed), "%v", err)
		require.ErrorContains(t, err, "expected a finite number")
	}
	l.score, l.err = nil, model.ErrNotFinite
	for _, err := range e.Extract(t.Context(), document.Document{ID: "7", Text: "aspirin"}) {
		require.ErrorIs(t, err, model.ErrNotFinite)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range e.Extract(ctx, document.Document{ID: "7", Text: "aspirin"}) {
		require.ErrorIs(t, err, context.Canceled)
	}
}

// TestTagsOfLongTexts: however a text is cut into pieces, each mention comes once,
// with its offsets.
func TestTagsOfLongTexts(t *testing.T) {
	for _, sentence := range []string{
		"The aspirin, naïve 😀, gave chest pain and nausea. ",
		"the aspirin naïve 😀 gave chest pain and nausea ", // no sentence ends
		"אספירין aspirin\r\nchest pain\r\n\r\nnausea\r\n",
	} {
		text := strings.Repeat(sentence, 400)
		l := newLabeller(t, "")
		delete(l.words, "pain")
		l.words["chest pain"] = "Disease"
		r := l.extract(t, text, ner.WithChunkTokens(100), ner.WithTasks(prompt.Chemicals, prompt.Diseases))
		require.Greater(t, len(l.texts), 20)
		var want []string
		index := document.NewIndex(text)
		for i := range 400 {
			for _, word := range []string{"chemical aspirin", "disease chest pain", "disease nausea"} {
				_, form, _ := strings.Cut(word, " ")
				at, _ := index.CodePoint(i*len(sentence) + strings.Index(sentence, form))
				want = append(want, fmt.Sprintf("%s@%d-%d", word, at, at+len(form)))
			}
		}
		got := places(r)
		for i := range want {
			require.Less(t, i, len(got))
			require.Equal(t, want[i], got[i], "%q", sentence)
		}
		require.Len(t, got, len(want))
	}
}

func TestTagsOfOddTexts(t *testing.T) {
	for _, text := range []string{"", " \n\t", "😀", "…", "\u202easpirin\u202c", "a\u0301spirin", strings.Repeat("😀", 3000), strings.Repeat("x", 5000), "aspirin"} {
		l := newLabeller(t, "")
		r := l.extract(t, text)
		index := document.NewIndex(text)
		for _, e := range r.Entities {
			spelled, ok := index.Slice(e.Spans[0])
			require.True(t, ok)
			require.Equal(t, e.Text, spelled)
		}
	}
}
