package model

import (
	"fmt"
	"math"

	"github.com/medner/medner/badinput"
)

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

// check verifies that numbers are finite and within their bounds.
func (s Sampling) check() error {
	if t := s.Temperature; math.IsNaN(t) || math.IsInf(t, 0) || t < 0 {
		return badinput.New("", "temperature", fmt.Sprint(t), "a number above 0, or 0 to choose the likeliest token")
	}
	if s.TopK < 0 {
		return badinput.New("", "top-k", fmt.Sprint(s.TopK), "1 or more, or 0 to draw from all tokens")
	}
	if p := s.TopP; math.IsNaN(p) || p < 0 || p > 1 {
		return badinput.New("", "top-p", fmt.Sprint(p), "above 0 and at most 1, or 0 to draw from all tokens")
	}
	return nil
}
