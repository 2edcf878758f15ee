package model

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		tokens, drafted []int32
		limit, gram     int
	}{
		{tokens: nil, limit: 3},
		{tokens: []int32{1}, limit: 3},
		{tokens: []int32{1, 2, 3, 4}, limit: 3},
		{tokens: []int32{1, 2, 3, 1}, limit: 2, drafted: []int32{2, 3}, gram: 1},
		{tokens: []int32{1, 2, 3, 1}, limit: 0, gram: 1},
		// The later of two equal matches, but a longer one before a later one.
		{tokens: []int32{5, 1, 5, 2, 5}, limit: 1, drafted: []int32{2}, gram: 1},
		{tokens: []int32{7, 8, 9, 1, 9, 2, 7, 8, 9}, limit: 2, drafted: []int32{1, 9}, gram: 3},
		{tokens: []int32{6, 7, 8, 9, 1, 8, 9, 2, 5, 7, 8, 9}, limit: 1, drafted: []int32{1}, gram: 3},
		// A loop goes on.
		{tokens: []int32{1, 2, 1, 2, 1}, limit: 5, drafted: []int32{2, 1, 2, 1, 2}, gram: 3},
		{tokens: []int32{4, 4}, limit: 3, drafted: []int32{4, 4, 4}, gram: 1},
	} {
		drafted, gram := lookup(nil, c.tokens, c.limit)
		if !slices.Equal(drafted, c.drafted) || gram != c.gram {
			t.Errorf("%v: %v after an n-gram of %d, expected %v after one of %d", c.tokens, drafted, gram, c.drafted, c.gram)
		}
	}
}

func TestOddsFollowOutcomes(t *testing.T) {
	o := startOdds()
	for range 100 {
		o.observe(2, 6, 0)
		o.observe(3, 6, 6)
	}
	if o.first[2] > 0.01 || o.first[3] < 0.99 || o.next < 0.99 {
		t.Errorf("%+v", o)
	}
	for range 100 {
		o.observe(3, 6, 1)
	}
	if o.first[3] < 0.99 || o.next > 0.01 {
		t.Errorf("%+v", o)
	}
}

func TestPaceBetweenMeasurements(t *testing.T) {
	var p pace
	if c := p.cost(9) / p.cost(1); c <= 1 || c >= 9 {
		t.Errorf("unmeasured, nine rows cost %.2f of one", c)
	}
	for range 50 {
		p.observe(1, 10*time.Millisecond)
		p.observe(8, 24*time.Millisecond)
		p.observe(500, 1000*time.Millisecond)
	}
	for rows, want := range map[int]float64{1: 0.010, 4: 0.016, 8: 0.024} {
		if got := p.cost(rows); math.Abs(got-want) > 1e-6 {
			t.Errorf("%d rows: %.4f s, expected %.4f", rows, got, want)
		}
	}
	// A slow spell is not believed at once, is bounded by what wider steps
	// took, and is forgotten.
	p.observe(4, 5*time.Second)
	if got := p.cost(4); math.Abs(got-0.016) > 1e-6 {
		t.Errorf("4 rows after a slow step: %.4f s", got)
	}
	p.observe(4, 5*time.Second)
	p.observe(4, 5*time.Second)
	if got := p.cost(4); math.Abs(got-0.024) > 1e-6 {
		t.Errorf("4 rows after three slow steps: %.4f s", got)
	}
	for range believedFor {
		p.observe(1, 10*time.Millisecond)
		p.observe(8, 24*time.Millisecond)
	}
	if got := p.cost(4); math.Abs(got-0.016) > 1e-6 {
		t.Errorf("4 rows long after: %.4f s", got)
	}
}

func TestChoiceWeighsChancesAndCost(t *testing.T) {
	ids := make([]int32, 6)
	take := func(p *pace, rows int, chances ...float64) (takes []int) {
		var drafts []draft
		for _, c := range chances {
			drafts = append(drafts, draft{ids: ids, first: c, next: c})
		}
		p.choose(rows, drafts)
		for _, q := range drafts {
			takes = append(takes, q.take)
		}
		return takes
	}
	var flat, steep pace // extra rows for nothing, and at full price
	for n := range 3 * 64 {
		flat.observe(n/3+1, 10*time.Millisecond)
		steep.observe(n/3+1, time.Duration(n/3+1)*10*time.Millisecond)
	}
	if got := take(&flat, 1, 0.3); !slices.Equal(got, []int{6}) {
		t.Errorf("where width is free: %v", got)
	}
	if got := take(&steep, 1, 0.9); !slices.Equal(got, []int{0}) {
		t.Errorf("where width costs in full: %v", got)
	}
	var stairs pace // four rows cost as one, then as many again
	for n := range 3 * 64 {
		stairs.observe(n/3+1, time.Duration((n/3+4)/4)*10*time.Millisecond)
	}
	if got := take(&stairs, 1, 0.7); !slices.Equal(got, []int{3}) {
		t.Errorf("to the end of the first stair: %v", got)
	}
	if got := take(&stairs, 2, 0.9, 0.1); !slices.Equal(got, []int{2, 0}) {
		t.Errorf("the likelier first: %v", got)
	}
	if got := take(&flat, 0); len(got) != 0 {
		t.Errorf("nothing to write: %v", got)
	}
}
