package model

import (
	"errors"
	"fmt"
	"time"

	"github.com/medner/medner/badinput"
)

// Request asks for the continuation of one prompt.
type Request struct {
	// Tokens is the prompt, as the model reads it: nothing is added.
	Tokens []int32
	// Adapter names one of Info's adapters; "" is the first (or the base
	// where there is none), [Base] the base alone.
	Adapter string
	// MaxNewTokens bounds the output, its stop id included. 0: what the
	// context holds.
	MaxNewTokens int
	// RepetitionPenalty is transformers': each distinct id of prompt and
	// output has its logit divided by it (multiplied where negative), once.
	// 0 and 1: none.
	RepetitionPenalty float32
	// PenaltySparesPrompt penalises the ids of the output only.
	PenaltySparesPrompt bool
	// Sampling draws tokens; the zero value chooses the likeliest.
	Sampling Sampling
	// Stop ends the output after any of these ids. nil: those of the
	// checkpoint ([Model.StopIDs]); empty but not nil: none.
	Stop []int32
	// Probe lists ids whose log-probability is reported with every token.
	Probe []int32
	// Top is how many of the likeliest ids are reported with every token, by
	// the raw logits; at most [MaxTop].
	Top int
	// Constraint limits what may be written; nil: nothing does. Generate
	// calls it from one goroutine at a time.
	Constraint Constraint
	// Patient says that nobody waits for single tokens of this request. While
	// only patient requests are being written, prompts are read in whole
	// chunks, else in quarters of chunks so that each token comes soon.
	Patient bool
	// OnToken is called for every token in order, from the goroutine that
	// called Generate: a slow reader holds up nobody else. May be nil.
	OnToken func(Token)
}

// Sampling draws tokens instead of choosing the likeliest. The order of
// operations is that of transformers: the repetition penalty, the constraint,
// the temperature, top-k, top-p; then one of the ids left is drawn in proportion
// to its probability.
//
// What is drawn depends on the logits, the seed and the token's position in its
// sequence, prompt included, and on nothing else: the same request writes the
// same tokens whatever else the model is doing. For another answer give another
// seed.
type Sampling struct {
	// Temperature divides the logits. 0: the likeliest token is chosen, the
	// lowest id of equals, and the other fields mean nothing.
	Temperature float64
	// TopK leaves the ids whose logits are at least the k-th greatest. 0: all.
	TopK int
	// TopP leaves the likeliest ids whose probabilities together reach this
	// share, one at least. Of equally likely ids the higher ones are left first,
	// as transformers has it. 0 and 1: all.
	TopP float64
	// Seed is any number, 0 too.
	Seed uint64
}

// Base as a Request's Adapter asks for the model without any adapter.
const Base = "base"

// MaxTop bounds Request.Top.
const MaxTop = 64

// Token is one token of an output. Its log-probabilities are those of the
// raw logits, before penalty and constraint.
type Token struct {
	ID      int32
	LogProb float32
	Probes  []float32 // of Request.Probe
	Top     []Ranked  // of Request.Top, the likeliest first; lower ids first among equals
}

// Ranked is an id and its log-probability.
type Ranked struct {
	ID      int32
	LogProb float32
}

// Why an output ended.
const (
	FinishStop   = "stop"   // a stop id was written
	FinishLength = "length" // MaxNewTokens or the context was reached
)

// Result is the outcome of a Request. Tokens includes the stop id, where one
// was written, as the ids of transformers' generate do.
type Result struct {
	Tokens       []Token
	FinishReason string // FinishStop, FinishLength; "" with an error
	PromptTokens int
	Timings      Timings
}

// IDs lists the ids of the output.
func (r *Result) IDs() []int32 {
	ids := make([]int32, len(r.Tokens))
	for i, t := range r.Tokens {
		ids[i] = t.ID
	}
	return ids
}

// Timings says where the time went, and what the schedule saved.
type Timings struct {
	Queued  time.Duration // waiting for a place in the batch
	Prefill time.Duration // from then to the first token
	Decode  time.Duration // from the first token to the last

	CachedTokens   int // prompt tokens found in the prefix cache
	Steps          int // steps that wrote tokens
	DraftedTokens  int // guesses verified
	AcceptedTokens int // guesses that held
}

// Constraint limits what may be written, as an automaton does: a state that
// allows some ids and moves on with the one written.
type Constraint interface {
	// Allowed is a bitmap of the ids allowed next (id i is bit i%64 of word
	// i/64); words that are missing count as zeros; nil allows all. It is
	// valid until the next Accept.
	Allowed() []uint64
	// Accept moves on. The id is an allowed one.
	Accept(id int32)
	// Fork is an independent copy in the same state.
	Fork() Constraint
}

// ErrClosed is returned by calls on a model that was closed.
var ErrClosed = errors.New("model: closed")

// ContextError says that a prompt leaves no room in the context.
type ContextError struct {
	PromptTokens int
	Limit        int // positions, prompt and output together
}

func (e *ContextError) Error() string { return e.Unwrap().Error() }

// Unwrap makes it bad input: trying again won't help.
func (e *ContextError) Unwrap() error {
	return badinput.New("", "prompt", fmt.Sprintf("%d tokens", e.PromptTokens),
		fmt.Sprintf("fewer than the context's %d", e.Limit))
}
