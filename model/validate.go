package model

import (
	"fmt"
	"math"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model/checkpoint"
)

// check verifies a prompt, and returns the index of its adapter; -1: the base.
func (m *Model) check(tokens []int32, adapter string) (int, error) {
	if len(tokens) == 0 {
		return 0, badinput.New("", "prompt", "no tokens", "at least one")
	}
	if len(tokens) > m.context {
		return 0, &ContextError{PromptTokens: len(tokens), Limit: m.context}
	}
	for i, id := range tokens {
		if id < 0 || int(id) >= m.config.VocabSize {
			return 0, badinput.New("", fmt.Sprintf("prompt token %d", i), fmt.Sprintf("id %d", id), fmt.Sprintf("0 to %d", m.config.VocabSize-1))
		}
	}
	return m.adapterIndex(adapter)
}

// checkWrites refuses requests for logits and tokens of a model that has no
// language-model head.
func (m *Model) checkWrites() error {
	if m.tagsOnly {
		return badinput.New(m.origin.path, checkpoint.HeadName, "no language-model head beside the token classification head", "a model that writes text")
	}
	return nil
}

// checkRequest verifies the rest of a request, and cuts Top to the vocabulary.
func (m *Model) checkRequest(r *Request) error {
	if err := m.checkWrites(); err != nil {
		return err
	}
	if len(r.Tokens) >= m.context {
		return &ContextError{PromptTokens: len(r.Tokens), Limit: m.context}
	}
	if p := float64(r.RepetitionPenalty); math.IsNaN(p) || math.IsInf(p, 0) || p < 0 {
		return badinput.New("", "repetition penalty", fmt.Sprint(p), "a number above 0")
	}
	if err := r.Sampling.check(); err != nil {
		return err
	}
	if r.MaxNewTokens < 0 {
		return badinput.New("", "max new tokens", fmt.Sprint(r.MaxNewTokens), "0 or more")
	}
	if r.Top < 0 || r.Top > MaxTop {
		return badinput.New("", "top", fmt.Sprint(r.Top), fmt.Sprintf("0 to %d", MaxTop))
	}
	r.Top = min(r.Top, m.config.VocabSize)
	for _, id := range r.Probe {
		if id < 0 || int(id) >= m.config.VocabSize {
			return badinput.New("", "probe", fmt.Sprintf("id %d", id), fmt.Sprintf("0 to %d", m.config.VocabSize-1))
		}
	}
	return nil
}
