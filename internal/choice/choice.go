// Package choice says how one token is chosen from a row of logits: a [Rule]
// goes in, a [Choice] comes out. The scheduler writes rules, the devices make
// choices. The package holds types only and imports no other of this module.
package choice

import (
	"errors"
	"fmt"
)

// Rule holds the conditions of one choice. Bitmaps hold id i in bit i%64 of word i/64;
// they may be shorter than the vocabulary, the missing words being zeros.
type Rule struct {
	Penalty   float32  // transformers' repetition penalty; 1 and 0: none
	Penalised []uint64 // bitmap of the ids that the penalty applies to
	Drafted   []int32  // ids penalised too: the drafts before this position
	Allowed   []uint64 // bitmap of the ids that may be chosen; nil: all
	Probes    []int32  // ids whose log-probability is wanted too
	Sampling
}

// Sampling says how a token is drawn. The zero value draws nothing: the
// likeliest token is chosen.
type Sampling struct {
	Temperature float64 // divides the logits; 0: no drawing
	TopK        int     // draw from the k likeliest ids; 0: from all
	TopP        float64 // draw from the likeliest ids that have this share; 0 and 1: from all
	// Seed and the Position of the token in its sequence, prompt included,
	// decide what is drawn.
	Seed     uint64
	Position int
}

// Draws reports whether the token is drawn, rather than the likeliest one chosen.
func (s Sampling) Draws() bool { return s.Temperature > 0 }

// Choice is the outcome of a Rule: the id that was drawn, as [Sampling] says, or, where
// nothing is drawn, the allowed id with the greatest penalised logit, the lowest of equals.
type Choice struct {
	ID            int32
	LogProb       float32   // of ID, by the raw logits, before penalty and mask
	ProbeLogProbs []float32 // of the rule's Probes, by the raw logits
	Err           error     // nothing could be chosen: [ErrNotFinite] or [ErrNothingAllowed]
}

// Why nothing could be chosen.
var (
	// ErrNotFinite: a logit is NaN or infinite, as the weights or the
	// arithmetic on them overflow.
	ErrNotFinite = errors.New("logits are not finite")
	// ErrNothingAllowed: the bitmap of allowed ids is empty.
	ErrNothingAllowed = errors.New("no token is allowed")
)

// NotFiniteError names the first logit that is NaN or infinite. It is
// [ErrNotFinite].
type NotFiniteError struct {
	ID    int
	Value float32
}

func (e *NotFiniteError) Error() string {
	return fmt.Sprintf("%v: the logit of token %d is %v", ErrNotFinite, e.ID, e.Value)
}

// Unwrap returns [ErrNotFinite].
func (e *NotFiniteError) Unwrap() error { return ErrNotFinite }
