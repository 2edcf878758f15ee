package model

// Guesses come from the sequence itself: where its last n ids occurred
// before, what followed them then may follow again (prompt lookup).

// maxGram is the longest n-gram looked up; longer matches are rarer but
// their guesses hold more often.
const maxGram = 3

// lookup finds the last earlier occurrence of the longest suffix of tokens, of
// maxGram ids at most, appends to dst up to limit ids that followed it, and
// returns them with the suffix's length (0: nothing was found). Where what
// followed reaches the end of tokens it goes round: a loop is guessed to go on.
func lookup(dst, tokens []int32, limit int) (guesses []int32, gram int) {
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

// odds are the recent chances that guesses hold.
type odds struct {
	first [maxGram + 1]float64 // of the first guess, by the n-gram's length
	next  float64              // of a further one, when the one before held
}

// startOdds are what answers that copy from their prompt were seen to start
// with; measuring replaces them within a few steps.
func startOdds() odds {
	return odds{first: [maxGram + 1]float64{0, 0.3, 0.5, 0.7}, next: 0.8}
}

// oddsMemory is the weight of the latest outcome.
const oddsMemory = 0.15

// observe notes that of the guesses after an n-gram the first held ones did.
func (o *odds) observe(gram, guessed, held int) {
	update := func(p *float64, hit bool) {
		outcome := 0.0
		if hit {
			outcome = 1
		}
		*p += oddsMemory * (outcome - *p)
	}
	for j := 0; j < guessed && j <= held; j++ {
		if j == 0 {
			update(&o.first[gram], held > 0)
		} else {
			update(&o.next, held > j)
		}
	}
}
