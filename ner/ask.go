package ner

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/internal/constraint"
	"github.com/medner/medner/ner/prompt"
)

// An answer is a list, one item a line. Where answers are grounded, a mask
// allows list syntax and spans of the article only. It can't tell the model
// that the article doesn't have what the model means to write: it lets the model
// begin the item as long as some span begins so, and then forces it to go on as
// the span does. If the model means "ulcerative colitis" and the article has
// "ulcers" only, then
//
//	- ulcers           comes to a dead end after "- ulc", where the mask allows
//	                   "ers" alone, which the model would hardly have chosen;
//	- ulcerative co…   is written in its place, without the mask up to the end of
//	                   the line, and left out, as the article doesn't have it.
//
// The rest of the answer then follows what the model meant.

// reply is what the model wrote to a question.
type reply struct {
	text      string
	ends      []int // ends[i] is where the bytes of token i end in text
	tokens    []model.Token
	truncated bool // the answer reached its limit of tokens
	looped    bool // the answer was ended because it repeated itself
	variant   bool // this is a line that the answer might have had, not the answer
	// unmasked holds the bytes of text from which on the mask was off, each up to
	// the end of its line.
	unmasked []int
}

// attempt is a request for an answer, or for the rest of one.
type attempt struct {
	prompt []int32
	index  *constraint.Article // the article whose spans the answer is limited to; nil: no limit
	prefix []model.Token       // the tokens that the answer begins with
	// unmasked holds the bytes of the prefix from which on the mask was off, as
	// in reply.
	unmasked []int
	// finishUnmasked says that the line in which the prefix ends is written
	// without the mask.
	finishUnmasked bool
	oneLine        bool // the answer ends with the line in which the prefix ends
	// stopAtDeadEnd says that what follows a dead end is of no use, since the
	// line will be written anew.
	stopAtDeadEnd bool
}

// ask has the model answer a question: with an index, in spans of its article
// alone. Replies after the first are lines that the model held nearly as likely.
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

// maxGivenUp bounds how many lines of an answer are written anew.
const maxGivenUp = 4

// answer writes an answer to its end. Lines that come to a dead end are
// finished without the mask, up to maxGivenUp of them.
func (e *Extractor) answer(ctx context.Context, q question, a attempt) (reply, error) {
	if a.index == nil || e.profile != Default || e.probes.line < 0 || e.penalty != 1 { // under a penalty the choice is often unlikely
		return e.write(ctx, q, a)
	}
	from := len(a.prefix)
	a.stopAtDeadEnd = true
	r, err := e.write(ctx, q, a)
	for n := range maxGivenUp {
		if err != nil {
			break
		}
		i := r.deadEnd(from)
		if i < 0 {
			break
		}
		a.stopAtDeadEnd = n+1 < maxGivenUp
		a.prefix, a.finishUnmasked = slices.Clone(r.tokens[:i]), true
		a.unmasked = append(slices.Clip(a.unmasked), r.ends[i-1])
		r, err = e.write(ctx, q, a)
		from = r.nextLine(i)
	}
	r.unmasked = a.unmasked
	return r, err
}

// nextLine returns the number of tokens up to the end of the line in which
// token i is.
func (r *reply) nextLine(i int) int {
	for ; i < len(r.ends); i++ {
		if strings.Contains(r.text[r.ends[i-1]:r.ends[i]], "\n") {
			return i + 1
		}
	}
	return i
}

// deadEnd returns the first token, from token from on, that is a dead end; -1 if
// there is none.
func (r *reply) deadEnd(from int) int {
	for i := max(from, 1); i < len(r.ends); i++ {
		start := r.ends[i-1]
		if isDeadEnd(r.text[strings.LastIndexByte(r.text[:start], '\n')+1:start], r.tokens[i]) {
			return i
		}
	}
	return -1
}

// isDeadEnd reports whether token t continues or ends an item, of which its
// line has the given part, although the model would hardly have chosen t.
func isDeadEnd(line string, t model.Token) bool {
	return strings.HasPrefix(line, "-") && float64(t.LogProb) < forced
}

// write has the model write what follows an attempt's prefix.
func (e *Extractor) write(ctx context.Context, q question, a attempt) (reply, error) {
	room := e.maxNewTokens - len(a.prefix)
	if a.oneLine {
		room = min(room, maxLine)
	}
	if room <= 0 {
		return e.reply(&model.Result{Tokens: a.prefix, FinishReason: model.FinishLength}), nil
	}
	request := model.Request{
		Tokens:              append(a.prompt[:len(a.prompt):len(a.prompt)], idsOf(a.prefix)...),
		Adapter:             e.adapter,
		Patient:             e.patient,
		Tenant:              e.tenant,
		Admitted:            true, // WithConcurrency bounds them
		MaxNewTokens:        room,
		RepetitionPenalty:   e.penalty,
		PenaltySparesPrompt: e.sparePrompt,
		Probe:               e.probes.ids,
	}
	if e.alternatives > 0 && !a.oneLine {
		request.Top = ranked
	}
	if a.index != nil {
		request.Constraint = grounded{a.index.Start(grammar(q.task))}
	}
	var guard *guard
	if e.profile == Default {
		guard = newGuard(request.Constraint, e.tokenizer.TokenBytes, e.probes)
		request.Constraint = guard
		for _, t := range a.prefix {
			guard.Accept(t.ID)
		}
		guard.oneLine, guard.unmasked = a.oneLine, a.finishUnmasked
		if a.stopAtDeadEnd {
			request.OnToken = e.stopAtDeadEnd(guard)
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
	whole.Tokens = slices.Concat(a.prefix, result.Tokens)
	r := e.reply(&whole)
	r.looped = guard != nil && guard.looping()
	return r, nil
}

// stopAtDeadEnd returns a function that is told each token that is written, and
// has the guard end the answer once one is a dead end. The function runs beside
// the guard, from whose state it takes a copy.
func (e *Extractor) stopAtDeadEnd(g *guard) func(model.Token) {
	line, unmasked := slices.Clone(g.line), g.unmasked
	return func(t model.Token) {
		if !unmasked && isDeadEnd(string(line), t) {
			g.stopped.Store(true)
		}
		line = append(line, e.tokenizer.TokenBytes(t.ID)...)
		if i := bytes.LastIndexByte(line, '\n'); i >= 0 {
			line, unmasked = line[i+1:], false
		}
	}
}

// grammar returns the list syntax of a task's answers.
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

// reply decodes what the model wrote. Tokens that end an answer have no bytes,
// and so no entry in ends.
func (e *Extractor) reply(result *model.Result) reply {
	r := reply{truncated: result.FinishReason == model.FinishLength}
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

// stops reports whether an id ends an answer.
func (e *Extractor) stops(id int32) bool {
	return slices.Contains(e.probes.ids[:e.probes.stops], id)
}

// grounded makes a model.Constraint of an automaton.
type grounded struct{ *constraint.Automaton }

// Fork implements model.Constraint.
func (g grounded) Fork() model.Constraint { return grounded{g.Automaton.Fork()} }
