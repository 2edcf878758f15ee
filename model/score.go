package model

import (
	"context"
	"fmt"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/choice"
)

// Logits reads tokens and returns the raw logits, [vocab], at the last rows
// positions, in order.
func (m *Model) Logits(ctx context.Context, tokens []int32, rows int, adapter string) ([][]float32, error) {
	var all [][]float32
	err := m.EachLogits(ctx, tokens, rows, adapter, func(row []float32) error {
		all = append(all, row)
		return nil
	})
	return all, err
}

// EachLogits calls fn with each of the rows that [Model.Logits] returns, as soon
// as it is computed, from the goroutine that called EachLogits. An error of fn
// ends the call and is returned.
func (m *Model) EachLogits(ctx context.Context, tokens []int32, rows int, adapter string, fn func(row []float32) error) error {
	index, err := m.check(tokens, adapter)
	if err == nil {
		err = m.checkWrites()
	}
	if err != nil {
		return err
	}
	if rows < 1 || rows > len(tokens) {
		return badinput.New("", "rows", fmt.Sprint(rows), fmt.Sprintf("1 to the prompt's %d", len(tokens)))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // tells the scheduler where fn ended the call
	t := newScorer(ctx, tokens, index, rows)
	if err := m.scheduler.enter(t.sequence); err != nil {
		return err
	}
	var fresh [][]float32
	for {
		select {
		case <-ctx.Done():
			m.scheduler.guard.leave(t.sequence)
			return ctx.Err()
		case <-t.arrived():
		}
		var ending *ending
		fresh, ending = t.take(fresh)
		for _, row := range fresh {
			if err = finite(row); err == nil {
				err = fn(row)
			}
			if err != nil {
				m.scheduler.guard.leave(t.sequence)
				return err
			}
		}
		if ending != nil {
			return ending.err
		}
	}
}

// finite returns an error for a row with a logit that is NaN or infinite.
func finite(row []float32) error {
	for id, v := range row {
		if v-v != 0 {
			return &choice.NotFiniteError{ID: id, Value: v}
		}
	}
	return nil
}
