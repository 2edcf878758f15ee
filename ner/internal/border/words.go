package border

import (
	"math"
	"strings"
	"unicode"
)

// least is the number of letters and digits that a word has at least to count.
// Shorter ones are mostly articles, prepositions and numbers.
const least = 3

// stem is the number of letters and digits that tell words apart, so that
// "hypertension" and "hypertensive" are one word.
const stem = 7

// words holds the words of a text's units as numbers.
type words struct {
	lower [][]string // all words of each unit, in lower case
	of    [][]int    // the words of each unit that count, each once
	// weights holds what a word counts by its rarity: ln(1 + units / units that have it).
	weights  []float64
	greatest float64 // the weight of a word that one unit has
	// before and behind hold, for each word, the last mark that was set on it for
	// the text before and behind a place.
	before, behind []int
	mark           int // the mark of the current place, greater than all before it
}

// newWords reads the words of units.
func newWords(text string, units []Unit) *words {
	w := &words{lower: make([][]string, len(units)), of: make([][]int, len(units))}
	numbers := map[string]int{}
	var last []int // the last unit that has a word
	for u, unit := range units {
		w.lower[u] = strings.FieldsFunc(strings.ToLower(text[unit.Start:unit.End]), func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsNumber(r)
		})
		for _, word := range w.lower[u] {
			letters := []rune(word)
			if len(letters) < least {
				continue
			}
			word = string(letters[:min(len(letters), stem)])
			n, known := numbers[word]
			if !known {
				n = len(w.weights)
				numbers[word] = n
				w.weights, last = append(w.weights, 0), append(last, -1)
			}
			if last[n] != u {
				last[n] = u
				w.weights[n]++ // units that have the word, until they are weighed
				w.of[u] = append(w.of[u], n)
			}
		}
	}
	w.greatest = math.Log1p(float64(len(units)))
	for n, having := range w.weights {
		w.weights[n] = math.Log1p(float64(len(units)) / having)
	}
	w.before, w.behind = make([]int, len(w.weights)), make([]int, len(w.weights))
	return w
}

// side sets the current mark on the words of units from one on, upwards or
// downwards by step, up to reach words, rounded up to whole units. It returns what
// the marked words weigh, and what those weigh that have the mark in other, too.
func (w *words) side(marks, other []int, from, step, reach int) (all, shared float64) {
	for u, seen := from, 0; u >= 0 && u < len(w.of) && seen < reach; u += step {
		seen += max(1, len(w.lower[u]))
		for _, n := range w.of[u] {
			if marks[n] == w.mark {
				continue
			}
			marks[n] = w.mark
			all += w.weights[n]
			if other[n] == w.mark {
				shared += w.weights[n]
			}
		}
	}
	return all, shared
}

// common returns the weight of the words that stand both before unit u and from it
// on, within a reach on either side, and which share of both sides that is: 0 for
// no words, 1 for the same words. The share is of the geometric mean of both sides'
// weights.
func (w *words) common(u, reachBefore, reachBehind int) (shared, share float64) {
	w.mark++
	before, _ := w.side(w.before, w.behind, u-1, -1, reachBefore)
	behind, shared := w.side(w.behind, w.before, u, 1, reachBehind)
	if before == 0 || behind == 0 {
		return 0, 0
	}
	return shared, shared / math.Sqrt(before*behind)
}

// shares returns which share of the weight of unit u's words stands within reach
// before the unit, and behind it.
func (w *words) shares(u, reach int) (before, behind float64) {
	w.mark++
	w.side(w.before, w.behind, u-1, -1, reach)
	w.side(w.behind, w.before, u+1, 1, reach)
	var all float64
	for _, n := range w.of[u] {
		all += w.weights[n]
		if w.before[n] == w.mark {
			before += w.weights[n]
		}
		if w.behind[n] == w.mark {
			behind += w.weights[n]
		}
	}
	if all == 0 {
		return 0, 0
	}
	return before / all, behind / all
}
