package model

import (
	"context"
	"fmt"

	"github.com/medner/medner/badinput"
)

// ClassifyRequest asks for the scores of the labels at the last positions of a text.
type ClassifyRequest struct {
	// Tokens is the text, as the model reads it: nothing is added.
	Tokens []int32
	// From is the first position whose scores are wanted; those before it are read
	// only, or found in the prefix cache.
	From int
	// Adapter chooses as Request.Adapter does.
	Adapter string
	// Patient, Tenant and Admitted are those of Request. A text that is classified is
	// read as prompts are.
	Patient  bool
	Tenant   string
	Admitted bool
}

// Classification is the outcome of a ClassifyRequest.
type Classification struct {
	// Labels names the classes. Several Classifications share it.
	Labels []string
	// Scores has a list for each position from ClassifyRequest.From on: the raw
	// scores of the labels, before a softmax.
	Scores  [][]float32
	Timings Timings
}

// Classify reads tokens and returns the scores that the token classification head of
// the model, or of an adapter, gives the labels at each position: transformers'
// logits of, say, LlamaForTokenClassification. The scores are the same whatever else
// the model is doing. Calls share the steps of one batch with each other and with
// those of [Model.Generate]: to classify many texts, call from as many goroutines.
//
// Errors are those of Generate; a badinput error names an adapter, or a base, that
// has no such head.
func (m *Model) Classify(ctx context.Context, r ClassifyRequest) (*Classification, error) {
	adapter, err := m.check(r.Tokens, r.Adapter)
	if err != nil {
		return nil, err
	}
	if r.From < 0 || r.From >= len(r.Tokens) {
		return nil, badinput.New("", "from", fmt.Sprint(r.From), fmt.Sprintf("a position of the prompt, 0 to %d", len(r.Tokens)-1))
	}
	head, err := m.headUnder(adapter, r.Adapter)
	if err != nil {
		return nil, err
	}
	t := newClassifier(ctx, r, adapter, len(head.labels))
	if err := m.scheduler.enter(t.sequence); err != nil {
		return nil, err
	}
	for {
		select {
		case <-ctx.Done():
			m.scheduler.guard.leave(t.sequence)
			return nil, ctx.Err()
		case <-t.arrived():
		}
		if ending := t.ended(); ending != nil {
			if ending.err != nil {
				return nil, ending.err
			}
			return &Classification{Labels: head.labels, Scores: t.scores, Timings: ending.timings}, nil
		}
	}
}
