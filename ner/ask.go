package ner

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/internal/badinput"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/constraint"
	"github.com/medner/medner/ner/prompt"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// question is one prompt about one piece of an article.
type question struct {
	task    prompt.Task
	prompt  *prompt.Prompt
	user    string // the user's turn
	article string // the piece
	piece   int    // its number
}

// reply is what the model wrote.
type reply struct {
	text string
	// ends is where each token's bytes end in text.
	ends   []int
	tokens []model.Token
	cut    bool // the answer reached its limit of tokens
	looped bool // the answer was ended because it repeated itself
}

// tokens renders and encodes a question. The mark of a text's beginning stands
// there once, or twice where the prompt asks for it, if the model knows one.
func (e *Extractor) tokens(q question) ([]int32, error) {
	r, err := e.render(q)
	if err != nil {
		return nil, err
	}
	options := tokenizer.EncodeOptions{ParseSpecial: true, Literal: r.Literal}
	ids := e.engine.Tokenizer.Encode(r.Text, options).IDs
	if bos, ok := e.engine.Tokenizer.BOS(); ok && !q.prompt.DuplicateBOS && len(ids) > 0 && ids[0] == bos {
		return ids, nil
	}
	options.AddSpecial = true
	return e.engine.Tokenizer.Encode(r.Text, options).IDs, nil
}

func (e *Extractor) render(q question) (prompt.Rendered, error) {
	if q.prompt.Text != "" {
		return q.prompt.RenderText(q.user), nil
	}
	if style := e.engine.style(); q.prompt.Chat == prompt.Plain && style != "" {
		return style.Render(q.prompt.System, q.user), nil
	}
	if e.engine.Template == nil {
		return prompt.Rendered{}, badinput.New("", "prompt "+q.prompt.Name, "a model without a known chat format", "a chat template, or a prompt with its own")
	}
	var messages []chat.Message
	if q.prompt.System != "" {
		messages = append(messages, chat.Message{Role: "system", Content: q.prompt.System})
	}
	messages = append(messages, chat.Message{Role: "user", Content: q.user})
	r, err := e.engine.Template.Render(messages, chat.Options{AddGenerationPrompt: true})
	return prompt.Rendered{Text: r.Text, Literal: r.Literal}, err
}

// ask has the model answer; with an index, in spans of its article alone.
func (e *Extractor) ask(ctx context.Context, q question, index *constraint.Article) (reply, error) {
	ids, err := e.tokens(q)
	if err != nil {
		return reply{}, err
	}
	request := model.Request{
		Tokens:              ids,
		Adapter:             e.adapter,
		MaxNewTokens:        e.maxNewTokens,
		RepetitionPenalty:   e.penalty,
		PenaltySparesPrompt: e.sparePrompt,
		Probe:               e.probes.ids,
	}
	if index != nil {
		grammar := constraint.Items
		if q.task == prompt.Influences {
			grammar = constraint.Pairs
		}
		request.Constraint = grounded{index.Start(grammar)}
	}
	var guard *loopGuard
	if e.profile == Default {
		guard = newLoopGuard(request.Constraint, e.engine.Tokenizer.TokenBytes, e.probes.ids[:e.probes.stops])
		request.Constraint = guard
	}
	result, err := e.engine.Generate(ctx, request)
	if err != nil {
		return reply{}, err
	}
	if e.answered != nil {
		e.answered(result)
	}
	r := e.reply(result)
	r.looped = guard != nil && guard.looping()
	return r, nil
}

func (e *Extractor) reply(result *model.Result) reply {
	r := reply{cut: result.FinishReason == model.FinishLength}
	var text []byte
	for _, t := range result.Tokens {
		if slices.Contains(e.probes.ids[:e.probes.stops], t.ID) {
			continue
		}
		text = append(text, e.engine.Tokenizer.TokenBytes(t.ID)...)
		r.ends = append(r.ends, len(text))
	}
	r.text, r.tokens = string(text), result.Tokens
	return r
}

// grounded makes a constraint of an automaton.
type grounded struct{ *constraint.Automaton }

func (g grounded) Fork() model.Constraint { return grounded{g.Automaton.Fork()} }

// probes are the ids whose probabilities tell whether an item has ended: those
// that end the answer, an end of line, and the bar between a pair's sides.
type probes struct {
	ids       []int32
	stops     int
	line, bar int // places in ids; -1: the vocabulary has no such token
}

func newProbes(e *Engine) probes {
	p := probes{ids: slices.Clone(e.StopIDs()), line: -1, bar: -1}
	p.stops = len(p.ids)
	last := func(text, want string) int {
		ids := e.Tokenizer.Encode(text, tokenizer.EncodeOptions{}).IDs
		if len(ids) == 0 || string(e.Tokenizer.TokenBytes(ids[len(ids)-1])) != want {
			return -1
		}
		p.ids = append(p.ids, ids[len(ids)-1])
		return len(p.ids) - 1
	}
	p.line = last("a\n", "\n")
	p.bar = last("a |", " |")
	return p
}

// features describes the item at bytes [start, end) of a reply. In a pair the
// first side ends with the bar.
func (e *Extractor) features(r *reply, start, end int, firstSide bool) confidence.Features {
	// A token belongs to the item if any of its bytes does that isn't space.
	from := 0
	for from < len(r.ends)-1 && r.ends[from] <= start {
		from++
	}
	to := from
	for to < len(r.ends) && (to == from || r.ends[to-1] < end) {
		to++
	}
	var logProbs []float32
	for _, t := range r.tokens[from:to] {
		logProbs = append(logProbs, t.LogProb)
	}
	if len(logProbs) == 0 {
		return confidence.Of([]float32{float32(math.Inf(-1))}, math.Inf(-1))
	}
	// The last token may hold what ends the item too; else that comes next.
	ending := 0.0
	if r.ends[to-1] == end && to < len(r.tokens) {
		ending = e.probes.ending(r.tokens[to], firstSide)
	}
	return confidence.Of(logProbs, ending)
}

// ending is the logarithm of the probability that an item ends, by the token
// that follows it.
func (p probes) ending(next model.Token, firstSide bool) float64 {
	var logs []float64
	add := func(i int) {
		if i >= 0 && i < len(next.Probes) {
			logs = append(logs, float64(next.Probes[i]))
		}
	}
	if firstSide {
		add(p.bar)
	} else {
		for i := range p.stops {
			add(i)
		}
		add(p.line)
	}
	if len(logs) == 0 {
		return float64(next.LogProb)
	}
	sum := 0.0
	for _, l := range logs {
		sum += math.Exp(l)
	}
	return math.Log(sum)
}

// checkText refuses what has no code points to count.
func checkText(text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
			return badinput.New("", "text", fmt.Sprintf("byte %#02x at byte %d", text[i], i), "UTF-8")
		}
	}
	return nil
}

// blank says whether a text holds nothing to ask about.
func blank(text string) bool {
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return false
		}
	}
	return true
}

// lazyVocabulary builds the trie of the vocabulary when it is first needed.
func lazyVocabulary(e *Engine) func() *constraint.Vocabulary {
	return sync.OnceValue(func() *constraint.Vocabulary {
		return constraint.NewVocabulary(e.Tokenizer.VocabSize(), e.Tokenizer.TokenBytes, e.StopIDs())
	})
}
