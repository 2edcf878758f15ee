package main

import (
	"testing"
	"time"
)

func TestTimeLeft(t *testing.T) {
	for _, c := range []struct {
		elapsed    time.Duration
		read, rest int64
		want       time.Duration
		ok         bool
	}{
		{10 * time.Second, 100, 900, 90 * time.Second, true},
		{10 * time.Second, 100, 0, 0, true},
		{10 * time.Second, 0, 900, 0, false},
		{time.Millisecond, 100, 900, 0, false},
		{10 * time.Second, 100, -101, 0, false}, // the size of the input is unknown
	} {
		if got, ok := timeLeft(c.elapsed, c.read, c.rest); got != c.want || ok != c.ok {
			t.Errorf("%v: %v, %v", c, got, ok)
		}
	}
}
