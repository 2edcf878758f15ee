// Package border says where a long text changes its subject, such as where one
// article ends and the next begins.
//
// A text that changes its subject changes its words (Hearst 1997, TextTiling). And
// articles say where they begin: with a title, which is no whole sentence, whose
// words come again in what follows and aren't known from what stands before; behind
// a sentence that concludes. A logistic regression weighs these signs. Command fit
// has fitted it; of languages other than English it uses the words alone.
package border

// Unit is a part of a text that isn't cut further, such as a sentence: its bytes
// [Start, End).
type Unit struct{ Start, End int }

// The signs of a change of subject at a unit.
const (
	returns   = iota // share of the unit's words that come again behind it
	known            // share of the unit's words that stand before it
	near             // share of words that stand on both sides, close by
	far              // the same, farther away
	chains           // how many words stand on both sides, close by
	ends             // share of words that the sentence before and what follows it have in common
	predicate        // the unit is a whole sentence
	past             // the unit tells what was done or seen
	referring        // the unit refers to the sentence before it
	concludes        // the sentence before draws a conclusion
	opens            // the sentence behind says what an article is about
	label            // the unit begins with a heading in capitals, such as "RESULTS:"
	signs            // how many there are
)

// Names has the names of the signs.
var Names = [signs]string{
	"returns", "known", "near", "far", "chains", "ends", "predicate", "past", "referring", "concludes", "opens", "label",
}

// Reaches of the signs, in words.
const (
	reachNear = 60
	reach     = 150
)

// ten scales the sign chains, so that it is of the other signs' size.
const ten = 10

// weights are the signs' weights, and bias is their sum where there are no signs.
var weights = [signs]float64{
	returns: 7.4, known: -5.3, near: -3.6, far: -4.2, chains: -6.2, ends: -6.7,
	predicate: -2.8, past: -1.4, referring: -1.7, concludes: 2.2, opens: 1.4, label: -2.0,
}

const bias = 0.2

// Changes returns, for each unit but the first, the logarithm of the odds that the
// text changes its subject there. Element 0 is 0.
func Changes(text string, units []Unit) []float64 {
	odds := make([]float64, len(units))
	for u, s := range Signs(text, units) {
		if u == 0 {
			continue
		}
		odds[u] = bias
		for i, w := range weights {
			odds[u] += float64(w * s[i]) // the conversion keeps processors from fusing both operations
		}
	}
	return odds
}

// Signs returns the signs of each unit but the first, numbers from 0 to 1. Element
// 0 has none.
func Signs(text string, units []Unit) [][signs]float64 {
	all := make([][signs]float64, len(units))
	w := newWords(text, units)
	c := newCues(text, units, w)
	for u := range units {
		if u == 0 {
			continue
		}
		s := &all[u]
		s[known], s[returns] = w.shares(u, reach)
		shared, share := w.common(u, reachNear, reachNear)
		s[near], s[chains] = share, shared/w.greatest/ten
		_, s[far] = w.common(u, reach, reach)
		_, s[ends] = w.common(u, 1, reach)
		s[predicate] = one(c[u].predicate)
		s[past] = one(c[u].past)
		s[referring] = one(c[u].referring)
		s[concludes] = one(c[u-1].concludes)
		s[opens] = one(u+1 < len(c) && c[u+1].opens)
		s[label] = one(c[u].label)
	}
	return all
}

// one returns 1 for true, and else 0.
func one(v bool) float64 {
	if v {
		return 1
	}
	return 0
}
