package ner

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/internal/constraint"
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
	line   bool // it is a line that the answer might have had
	// freed are bytes of the text from which on the mask was off, up to the end
	// of the line.
	freed []int
}

// tokens renders and encodes a question. The mark of a text's beginning stands
// there once, or twice where the prompt asks for it, if the model knows one.
func (e *Extractor) tokens(q question) ([]int32, error) {
	r, err := e.render(q)
	if err != nil {
		return nil, err
	}
	options := tokenizer.EncodeOptions{ParseSpecial: true, Literal: r.Literal}
	ids := e.tokenizer.Encode(r.Text, options).IDs
	if bos, ok := e.tokenizer.BOS(); ok && !q.prompt.DuplicateBOS && len(ids) > 0 && ids[0] == bos {
		return ids, nil
	}
	options.AddSpecial = true
	return e.tokenizer.Encode(r.Text, options).IDs, nil
}

func (e *Extractor) render(q question) (prompt.Rendered, error) {
	if q.prompt.Text != "" {
		return q.prompt.RenderText(q.user), nil
	}
	if style := e.style(); q.prompt.Chat == prompt.Plain && style != "" {
		return style.Render(q.prompt.System, q.user), nil
	}
	template, err := e.template()
	if err != nil {
		bad := badinput.New("", "prompt "+q.prompt.Name, "a model without a known chat format", "a chat template, or a prompt with its own")
		bad.Err = err
		return prompt.Rendered{}, bad
	}
	var messages []chat.Message
	if q.prompt.System != "" {
		messages = append(messages, chat.Message{Role: "system", Content: q.prompt.System})
	}
	messages = append(messages, chat.Message{Role: "user", Content: q.user})
	r, err := template.Render(messages, chat.Options{AddGenerationPrompt: true})
	return prompt.Rendered{Text: r.Text, Literal: r.Literal}, err
}

// attempt is how an answer is asked for: as a whole, or from some point on.
type attempt struct {
	prompt []int32
	index  *constraint.Article // nil: nothing limits what may be written
	begun  []model.Token       // what the answer begins with
	free   bool                // the line that it is in is written freely
	freed  []int               // of what it begins with, as in reply
	line   bool                // it ends with the line that it is in
	brief  bool                // it ends soon after a dead end
}

// ask has the model answer; with an index, in spans of its article alone.
// Further replies are lines that it held nearly as likely.
func (e *Extractor) ask(ctx context.Context, q question, index *constraint.Article) ([]reply, error) {
	ids, err := e.tokens(q)
	if err != nil {
		return nil, err
	}
	whole := attempt{prompt: ids, index: index}
	answer, err := e.answer(ctx, q, whole)
	if err != nil || e.alternatives == 0 {
		return []reply{answer}, err
	}
	return e.explore(ctx, q, whole, answer)
}

// maxGivenUp bounds the items of an answer that are given up.
const maxGivenUp = 4

// answer is what an attempt at a whole answer comes to. Where the article
// doesn't go on as the model does, the mask would have it write another item
// than it meant, and go on from that: it ends such a line freely, and what the
// article doesn't have is left out afterwards.
func (e *Extractor) answer(ctx context.Context, q question, a attempt) (reply, error) {
	if a.index == nil || e.profile != Default || e.probes.line < 0 || e.penalty != 1 { // a penalty too makes unlikely tokens the choice
		return e.write(ctx, q, a)
	}
	from := len(a.begun)
	a.brief = true
	r, err := e.write(ctx, q, a)
	for n := range maxGivenUp {
		if err != nil {
			break
		}
		i := r.deadEnd(from)
		if i < 0 {
			break
		}
		a.brief = n+1 < maxGivenUp
		a.begun, a.free = slices.Clone(r.tokens[:i]), true
		a.freed = append(slices.Clip(a.freed), r.ends[i-1])
		r, err = e.write(ctx, q, a)
		from = r.nextLine(i)
	}
	r.freed = a.freed
	return r, err
}

// nextLine is the number of tokens up to the end of the line in which token i
// is.
func (r *reply) nextLine(i int) int {
	for ; i < len(r.ends); i++ {
		if strings.Contains(r.text[r.ends[i-1]:r.ends[i]], "\n") {
			return i + 1
		}
	}
	return i
}

// deadEnd is the first token from the given one on that goes on with a line, or
// ends it, as the model would not have; -1 if there is none.
func (r *reply) deadEnd(from int) int {
	for i := max(from, 1); i < len(r.ends); i++ {
		start := r.ends[i-1]
		if isDeadEnd(r.text[strings.LastIndexByte(r.text[:start], '\n')+1:start], r.tokens[i]) {
			return i
		}
	}
	return -1
}

// isDeadEnd says so of a token after what its line has before it.
func isDeadEnd(line string, t model.Token) bool {
	return strings.HasPrefix(line, "-") && float64(t.LogProb) < forced
}

// write has the model write what an attempt lacks.
func (e *Extractor) write(ctx context.Context, q question, a attempt) (reply, error) {
	room := e.maxNewTokens - len(a.begun)
	if a.line {
		room = min(room, maxLine)
	}
	if room <= 0 {
		return e.reply(&model.Result{Tokens: a.begun, FinishReason: model.FinishLength}), nil
	}
	request := model.Request{
		Tokens:              append(a.prompt[:len(a.prompt):len(a.prompt)], idsOf(a.begun)...),
		Adapter:             e.adapter,
		MaxNewTokens:        room,
		RepetitionPenalty:   e.penalty,
		PenaltySparesPrompt: e.sparePrompt,
		Patient:             e.patient,
		Probe:               e.probes.ids,
	}
	if e.alternatives > 0 && !a.line {
		request.Top = ranked
	}
	if a.index != nil {
		request.Constraint = grounded{a.index.Start(grammar(q.task))}
	}
	var guard *guard
	if e.profile == Default {
		guard = newGuard(request.Constraint, e.tokenizer.TokenBytes, e.probes)
		request.Constraint = guard
		for _, t := range a.begun {
			guard.Accept(t.ID)
		}
		guard.line, guard.free = a.line, a.free
		if a.brief {
			request.OnToken = e.watch(guard, a)
		}
	}
	result, err := e.generator.Generate(ctx, request)
	if err != nil {
		return reply{}, err
	}
	if e.answered != nil {
		e.answered(result)
	}
	whole := *result
	whole.Tokens = slices.Concat(a.begun, result.Tokens)
	r := e.reply(&whole)
	r.looped = guard != nil && guard.looping()
	return r, nil
}

// watch ends what a guard guards when it has come to a dead end: what follows
// would be for nothing.
func (e *Extractor) watch(g *guard, a attempt) func(model.Token) {
	line, free := slices.Clone(g.written), a.free
	return func(t model.Token) {
		if !free && isDeadEnd(string(line), t) {
			g.vain.Store(true)
		}
		line = append(line, e.tokenizer.TokenBytes(t.ID)...)
		if i := bytes.LastIndexByte(line, '\n'); i >= 0 {
			line, free = line[i+1:], false
		}
	}
}

func grammar(task prompt.Task) constraint.Grammar {
	if task == prompt.Influences {
		return constraint.Pairs
	}
	return constraint.Items
}

func idsOf(tokens []model.Token) []int32 {
	ids := make([]int32, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
	}
	return ids
}

func (e *Extractor) reply(result *model.Result) reply {
	r := reply{cut: result.FinishReason == model.FinishLength}
	var text []byte
	for _, t := range result.Tokens {
		if e.stops(t.ID) {
			continue
		}
		text = append(text, e.tokenizer.TokenBytes(t.ID)...)
		r.ends = append(r.ends, len(text))
	}
	r.text, r.tokens = string(text), result.Tokens
	return r
}

// stops says whether an id ends an answer.
func (e *Extractor) stops(id int32) bool {
	return slices.Contains(e.probes.ids[:e.probes.stops], id)
}

// grounded makes a constraint of an automaton.
type grounded struct{ *constraint.Automaton }

func (g grounded) Fork() model.Constraint { return grounded{g.Automaton.Fork()} }

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
