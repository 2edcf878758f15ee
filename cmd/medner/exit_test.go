package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model"
)

// Errors keep their exit codes however they are wrapped.
func TestExitCodeOfErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{errors.New("broken"), exitFailure},
		{usagef("--x"), exitUsage},
		{partialError{1, 2}, exitPartial},
		{badinput.New("f", "x", "y", "z"), exitBadInput},
		{&model.ContextError{}, exitBadInput},
		{&model.QueueFullError{InFlight: 20, Waiting: 4}, exitTryAgain},
		{model.ErrDraining, exitTryAgain},
		{model.ErrLost, exitTryAgain},
		{context.DeadlineExceeded, exitTryAgain},
		{context.Canceled, exitInterrupted},
	} {
		if got := exitCode(fmt.Errorf("document 7: %w", c.err)); got != c.want {
			t.Errorf("%v: exit code %d, expected %d", c.err, got, c.want)
		}
	}
}
