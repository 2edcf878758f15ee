package model

// A draft is what a sequence is expected to write next. It comes from the
// sequence itself: where its last n ids occurred before, what followed them
// then may follow again (prompt lookup). A step verifies drafted ids in one
// pass; those that the model itself chooses are accepted.

// maxGram is the length of the longest n-gram looked up. Longer n-grams are
// found less often, but drafts after them are accepted more often.
const maxGram = 3

// lookup finds the last earlier occurrence of the longest suffix of tokens, of
// maxGram ids at most, and appends to dst up to limit ids that followed it. It
// returns them with the suffix's length; 0: nothing was found. Where what
// followed reaches the end of tokens it starts over, so that a loop is expected
// to go on.
func lookup(dst, tokens []int32, limit int) (drafted []int32, gram int) {
	last := len(tokens) - 1
	found := -1
	for i := last - 1; i >= 0 && gram < maxGram; i-- {
		n := 0
		for n < maxGram && n <= i && tokens[i-n] == tokens[last-n] {
			n++
		}
		if n > gram {
			found, gram = i, n
		}
	}
	if gram == 0 {
		return dst, 0
	}
	period := last - found
	for j := range limit {
		dst = append(dst, tokens[found+1+j%period])
	}
	return dst, gram
}

// odds holds the shares of drafted ids that were accepted of late.
type odds struct {
	first [maxGram + 1]float64 // of first ids of drafts, by the length of the n-gram that they followed
	next  float64              // of further ids behind an accepted one
}

// startOdds returns shares that were measured at the beginning of answers that copy from
// their prompt. A few steps replace them by the model's own.
func startOdds() odds {
	return odds{first: [maxGram + 1]float64{0, 0.3, 0.5, 0.7}, next: 0.8}
}

// oddsMemory is the weight of the latest outcome.
const oddsMemory = 0.15

// observe notes that of a draft of drafted ids, after an n-gram of length gram, the first
// accepted ids were accepted.
func (o *odds) observe(gram, drafted, accepted int) {
	update := func(p *float64, hit bool) {
		outcome := 0.0
		if hit {
			outcome = 1
		}
		*p += oddsMemory * (outcome - *p)
	}
	for j := 0; j < drafted && j <= accepted; j++ {
		if j == 0 {
			update(&o.first[gram], accepted > 0)
		} else {
			update(&o.next, accepted > j)
		}
	}
}
