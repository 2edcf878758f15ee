// Package cohesion says how much the words before and after a place in a text have
// in common. Where a text changes its subject, it changes its words: so long
// articles are cut best where few words are shared (Hearst 1997, TextTiling).
package cohesion

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// least is the number of letters and digits that a word has at least to count.
// Shorter ones are mostly articles, prepositions and numbers.
const least = 3

// Unit is a part of a text that isn't cut further, such as a sentence: its bytes
// [Start, End), and its length in tokens.
type Unit struct{ Start, End, Tokens int }

// Between returns, for each unit but the first, what the text before the unit and
// the text from it on have in common: 0 for no words, 1 for the same words. Reach
// is how many tokens are looked at on either side, rounded up to whole units.
// Element 0 is 1. A word counts by its rarity, ln(1 + units / units that have it);
// the shared words' sum is divided by the geometric mean of both sides' sums.
func Between(text string, units []Unit, reach int) []float64 {
	words, weights := index(text, units)
	common := make([]float64, len(units))
	seen := make([]int, len(weights)) // the last side on which a word was counted; sides have numbers from 1
	sum := func(side int, from, step int) (all, shared float64) {
		tokens := 0
		for u := from; u >= 0 && u < len(units) && tokens < reach; u += step {
			tokens += units[u].Tokens
			for _, w := range words[u] {
				if seen[w] == side {
					continue
				}
				all += weights[w]
				if seen[w] == side-1 && step > 0 {
					shared += weights[w]
				}
				seen[w] = side
			}
		}
		return all, shared
	}
	for u := range units {
		if u == 0 {
			common[u] = 1
			continue
		}
		before, _ := sum(3*u, u-1, -1)
		after, shared := sum(3*u+1, u, 1)
		if before > 0 && after > 0 {
			common[u] = shared / math.Sqrt(before*after)
		}
	}
	return common
}

// index returns the words of each unit as numbers, each word once a unit, and the
// weights of the words.
func index(text string, units []Unit) (words [][]int, weights []float64) {
	numbers := map[string]int{}
	var last []int // the last unit that has a word
	words = make([][]int, len(units))
	for u, unit := range units {
		isWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
		for _, w := range strings.FieldsFunc(strings.ToLower(text[unit.Start:unit.End]), func(r rune) bool { return !isWord(r) }) {
			if utf8.RuneCountInString(w) < least {
				continue
			}
			n, known := numbers[w]
			if !known {
				n = len(weights)
				numbers[w] = n
				weights, last = append(weights, 0), append(last, -1)
			}
			if last[n] != u {
				last[n] = u
				weights[n]++ // units that have the word, until they are weighed
				words[u] = append(words[u], n)
			}
		}
	}
	for n, units := range weights {
		weights[n] = math.Log1p(float64(len(words)) / units)
	}
	return words, weights
}
