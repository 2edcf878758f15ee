package model

import (
	"context"
	"fmt"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/kernels"
)

// Score reads tokens and returns each with the log-probability that the model
// gives it behind those before it, and with as many of the likeliest ids at its
// place as top says, at most [MaxTop]. The first token has no log-probability: its
// fields are zero. The numbers are those that [Model.Generate] reports for the same
// tokens at the same places. The adapter's name is that of Request.Adapter.
func (m *Model) Score(ctx context.Context, tokens []int32, top int, adapter string) ([]Token, error) {
	if top < 0 || top > MaxTop {
		return nil, badinput.New("", "top", fmt.Sprint(top), fmt.Sprintf("0 to %d", MaxTop))
	}
	top = min(top, m.config.VocabSize)
	var scored []Token
	err := m.EachLogits(ctx, tokens, len(tokens), adapter, func(logits []float32) error {
		if len(scored) == 0 {
			scored = append(scored, Token{ID: tokens[0]})
		}
		if len(scored) == len(tokens) {
			return nil // the row behind the last token
		}
		id := tokens[len(scored)]
		greatest, _ := kernels.Greatest(logits) // finite, as EachLogits checks
		c := choice.Choice{ID: id, LogProb: float32(float64(logits[id]) - kernels.LogSumExp(logits, greatest))}
		token := Token{ID: id, LogProb: c.LogProb}
		if top > 0 {
			token.Top = rank(make([]Ranked, 0, top+1), logits, top, &c)
		}
		scored = append(scored, token)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return scored, nil
}
