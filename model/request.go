package model

import "time"

// Request asks for the continuation of one prompt.
type Request struct {
	// Tokens is the prompt, as the model reads it: nothing is added.
	Tokens []int32
	// Adapter is one of the names that [Model.Adapters] returns, or the sum of adapters
	// that Options.Active names, or [Base] for the base alone. "" means what Options.Active
	// says: by default the only adapter, the sum of all, or the base where there is none.
	Adapter string
	// MaxNewTokens is the length of the output at most, its stop id included.
	// 0: as many tokens as the context has room for.
	MaxNewTokens int
	// RepetitionPenalty is that of transformers: the logit of each id that stands
	// in prompt or output is divided by it, once, or multiplied where it is
	// negative. 0 and 1: no penalty.
	RepetitionPenalty float32
	// PenaltySparesPrompt penalises the ids of the output only.
	PenaltySparesPrompt bool
	// Sampling draws tokens; the zero value chooses the likeliest.
	Sampling Sampling
	// Stop lists the ids after which the output ends. nil: the ids that
	// [Model.StopIDs] returns; empty but not nil: none.
	Stop []int32
	// Probe lists ids whose log-probability is reported with every token.
	Probe []int32
	// Top is how many of the likeliest ids by the raw logits are reported with
	// every token, at most [MaxTop].
	Top int
	// Constraint limits what may be written; nil: no limit. It is called from
	// one goroutine at a time, and not after Generate has returned.
	Constraint Constraint
	// Patient says that nobody waits for single tokens of this request. Requests that
	// are not patient go first: they get places in the batch beside those of patient
	// ones, their arrival breaks off a step that works for patient ones, and while
	// their prompts are read patient ones get a small part of each step. While one of
	// them is written, prompts are read in quarters of chunks, so that each token comes
	// soon.
	Patient bool
	// OnQueued, unless nil, is called once the request has been let in, from the
	// goroutine that called Generate and before OnToken: from there on it isn't refused
	// with a *[QueueFullError] or with ErrDraining.
	OnQueued func()
	// Tenant names whom the request is for. Requests of different tenants take turns:
	// one that has many in flight delays the others no more than one that has few.
	Tenant string
	// Admitted says that the caller bounds by itself how many requests it has in
	// flight: Options.Queue and Options.QueueTokens neither count nor refuse this one.
	Admitted bool
	// OnToken, unless nil, is called with every token in order, from the
	// goroutine that called Generate: a slow reader holds up nobody else.
	OnToken func(Token)
}

// Base as Request.Adapter asks for the model without any adapter.
const Base = "base"

// MaxTop bounds Request.Top.
const MaxTop = 64

// Token is one token of an output. Log-probabilities are by the raw logits,
// before penalty, constraint and sampling.
type Token struct {
	ID      int32
	LogProb float32
	Probes  []float32 // log-probabilities of the ids in Request.Probe
	Top     []Ranked  // as many as Request.Top asks for, the likeliest first, of equals the lowest id
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

// Result is the outcome of a Request. Tokens ends with the stop id where one was
// written, as the ids of transformers' generate do.
type Result struct {
	Tokens       []Token
	FinishReason string // FinishStop, FinishLength; "" with an error
	PromptTokens int
	Timings      Timings
}

// IDs returns the ids of the output.
func (r *Result) IDs() []int32 {
	ids := make([]int32, len(r.Tokens))
	for i, t := range r.Tokens {
		ids[i] = t.ID
	}
	return ids
}

// Timings says where the time went, and what the schedule saved.
type Timings struct {
	Queued  time.Duration // from the call to a place in the batch
	Prefill time.Duration // from the place in the batch to the first token
	Decode  time.Duration // from the first token to the last

	CachedTokens   int // prompt tokens found in the prefix cache
	Steps          int // steps that wrote tokens
	DraftedTokens  int // drafted tokens that were verified
	AcceptedTokens int // drafted tokens that the model chose too
}

// Constraint limits what may be written. It is an automaton: each state allows
// some ids, and the id that is written leads to the next state.
type Constraint interface {
	// Allowed returns a bitmap of the ids allowed next: id i is bit i%64 of word
	// i/64, missing words count as zeros, and nil allows all. The bitmap is
	// valid until the next Accept.
	Allowed() []uint64
	// Accept goes to the next state by an id that is allowed.
	Accept(id int32)
	// Fork returns an independent copy in the same state. Drafted tokens are
	// tried on copies.
	Fork() Constraint
}
