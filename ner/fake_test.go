package ner_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/tokenizer"
	"github.com/stretchr/testify/require"
)

// fake is a model that answers by a script, token by token as a model would:
// it respects limits and constraints.
type fake struct {
	tok     *tokenizer.Tokenizer
	stop    int32
	context int
	// answer gives what is written after a prompt; logProb the probability of
	// the token that begins at byte at of it.
	answer  func(prompt string) (string, error)
	logProb func(answer string, at int) float32
	// held gives other tokens by their probability where written is what the
	// answer has so far.
	held func(written string) map[string]float64
	// lines are what the answer might have gone on with; the first that begins
	// as it does counts.
	lines []string

	mu       sync.Mutex
	prompts  []string
	requests []model.Request
	results  []*model.Result
	running  int
	most     int
}

func (f *fake) StopIDs() []int32 { return []int32{f.stop} }
func (f *fake) Context() int     { return f.context }

func (f *fake) Generate(ctx context.Context, r model.Request) (*model.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	prompt := f.tok.Decode(r.Tokens, false)
	f.mu.Lock()
	f.prompts = append(f.prompts, prompt)
	f.requests = append(f.requests, r)
	f.running++
	f.most = max(f.most, f.running)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.running--
		f.mu.Unlock()
	}()
	text, err := f.answer(prompt)
	if err != nil {
		return nil, err
	}
	_, begun, _ := strings.Cut(prompt, "assistant<|end_header_id|>\n\n")
	text = f.rest(text, begun)
	result := &model.Result{PromptTokens: len(r.Tokens), FinishReason: model.FinishLength}
	f.mu.Lock()
	f.results = append(f.results, result)
	f.mu.Unlock()
	written := 0
	for _, id := range append(f.tok.Encode(text, tokenizer.EncodeOptions{}).IDs, f.stop) {
		if len(result.Tokens) == r.MaxNewTokens {
			return result, nil
		}
		if r.Constraint != nil {
			if mask := r.Constraint.Allowed(); mask != nil && (int(id/64) >= len(mask) || mask[id/64]>>(id%64)&1 == 0) {
				id = lowest(mask)
			}
			r.Constraint.Accept(id)
		}
		t := model.Token{ID: id, LogProb: -0.1, Probes: make([]float32, len(r.Probe))}
		if f.logProb != nil {
			t.LogProb = f.logProb(text, written)
		}
		if f.held != nil {
			for token, p := range f.held(begun + text[:min(written, len(text))]) {
				other := f.tok.Encode(token, tokenizer.EncodeOptions{}).IDs
				t.Top = append(t.Top, model.Ranked{ID: other[0], LogProb: float32(math.Log(p))})
			}
			slices.SortFunc(t.Top, func(a, b model.Ranked) int { return int(a.ID - b.ID) })
		}
		written += len(f.tok.TokenBytes(id))
		for i, p := range r.Probe {
			t.Probes[i] = -5
			if p == id {
				t.Probes[i] = t.LogProb
			}
		}
		result.Tokens = append(result.Tokens, t)
		if r.OnToken != nil {
			r.OnToken(t)
		}
		if id == f.stop {
			result.FinishReason = model.FinishStop
			break
		}
	}
	return result, nil
}

// rest is what an answer that begins so goes on with.
func (f *fake) rest(answer, begun string) string {
	if rest, ok := strings.CutPrefix(answer, begun); ok {
		return rest
	}
	for _, line := range f.lines {
		if rest, ok := strings.CutPrefix(line, begun[strings.LastIndex(begun, "\n")+1:]); ok {
			return rest
		}
	}
	for range strings.Count(begun, "\n") {
		_, answer, _ = strings.Cut(answer, "\n")
	}
	return answer
}

func lowest(mask []uint64) int32 {
	for i := range int32(len(mask) * 64) {
		if mask[i/64]>>(i%64)&1 == 1 {
			return i
		}
	}
	return -1
}

// newFake returns a fake with the tokenizer of a golden model.
func newFake(tb testing.TB, answer func(prompt string) string) *fake {
	tok, err := tokenizer.Load(golden.Path(tb, "tiny-llama", "tokenizer.json"))
	require.NoError(tb, err)
	stop, ok := tok.ID("<|eot_id|>")
	require.True(tb, ok)
	return &fake{tok: tok, stop: stop, context: 8192, answer: func(p string) (string, error) { return answer(p), nil }}
}

func (f *fake) engine() ner.Engine {
	return ner.Engine{Generator: f, Tokenizer: f.tok, About: document.Model{Name: "fake", Adapter: "none", Precision: "f32"}}
}

// byTask answers with a text for each task.
func byTask(chemicals, diseases, influences string) func(string) string {
	return func(prompt string) string {
		switch {
		case strings.Contains(prompt, "List of extracted chemicals"):
			return chemicals
		case strings.Contains(prompt, "List of extracted diseases"):
			return diseases
		}
		return influences
	}
}

// extract annotates one text, by answers as the script has them unless the
// options say otherwise.
func extract(t *testing.T, f *fake, text string, options ...ner.Option) *document.Result {
	t.Helper()
	e, err := ner.NewWithEngine(f.engine(), append([]ner.Option{ner.WithGrounded(false)}, options...)...)
	require.NoError(t, err)
	for result, err := range e.Extract(t.Context(), document.Document{ID: "1", Text: text}) {
		require.NoError(t, err)
		return result
	}
	t.Fatal("no result")
	return nil
}

// places lists entities as "type text@start-end", with a ? for flagged ones.
func places(r *document.Result) []string {
	var out []string
	for _, e := range r.Entities {
		s := e.Type + " " + e.Text
		if len(e.Spans) == 0 {
			out = append(out, s+"?")
			continue
		}
		out = append(out, s+"@"+itoa(e.Spans[0].Start)+"-"+itoa(e.Spans[0].End))
	}
	return out
}

func pairs(r *document.Result) []string {
	var out []string
	for _, p := range r.Relations {
		s := p.Chemical + " | " + p.Disease
		if !p.Grounded {
			s += "?"
		}
		out = append(out, s)
	}
	return out
}

func dropped(r *document.Result) []string {
	var out []string
	for _, d := range r.Dropped {
		out = append(out, d.Task+": "+d.Text+": "+d.Reason)
	}
	return out
}
