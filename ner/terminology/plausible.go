package terminology

import (
	"slices"
	"strings"
	"unicode"
)

// relation is what a name that is spelt like a mention is to it.
type relation uint8

const (
	unrelated relation = iota
	wider              // the name of something more general
	same               // the mention's name, misspelt or inflected
)

// relate compares the keys of a mention and of a name that share most 3-grams.
// The mention may be misspelt, inflected, its words in another order; where it
// has words that nothing in the name is like ("left bundle branch block"), the
// name is a wider one. They are unrelated where the name has such a word, or
// where a number, a letter, a negation or a prefix of opposite sense differs:
// "vitamin D" is no variant of "vitamin C", nor hypokalemia of hyperkalemia,
// however many 3-grams they share.
//
// The names of chemicals mean another one where their ends differ, so that they
// are not inflected.
func relate(mention, name string, chemical bool) relation {
	a, b := strings.Fields(mention), strings.Fields(name)
	switch {
	case strings.Join(a, "") == strings.Join(b, ""):
		return same
	case !sameDesignators(a, b), !covers(a, b, chemical):
		return unrelated
	case !covers(b, a, chemical):
		return wider
	}
	return same
}

// covers says whether all words of b, but for those that may be left out, have
// their like in a.
func covers(a, b []string, chemical bool) bool {
	for _, word := range b {
		if designates(word) || optional[word] || slices.Contains(a, word) {
			continue
		}
		if !slices.ContainsFunc(a, func(w string) bool { return variant(w, word, chemical) }) {
			return false
		}
	}
	return true
}

// optional are words that one of two names may lack.
var optional = wordSet("and by due in of the to with disease disorder syndrome " +
	"besylate fumarate hydrobromide hydrochloride maleate mesylate tartrate")

// designators are words that tell concepts apart as numbers do.
var designators = wordSet("alpha beta gamma delta epsilon kappa lambda mu omega sigma theta zeta " +
	"ii iii iv vi vii viii ix xi xii anti de non no not post pre pseudo without")

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

func designates(word string) bool {
	for i, r := range word {
		if unicode.IsDigit(r) || i == 0 && len(string(r)) == len(word) {
			return true
		}
	}
	return designators[word]
}

// sameDesignators compares what tells concepts apart. One of the two may lack
// those that the other begins with: fluorouracil is 5-fluorouracil.
func sameDesignators(a, b []string) bool {
	headA, restA := splitDesignators(a)
	headB, restB := splitDesignators(b)
	if len(headA) > 0 && len(headB) > 0 {
		restA, restB = append(headA, restA...), append(headB, restB...)
	}
	slices.Sort(restA)
	slices.Sort(restB)
	return slices.Equal(restA, restB)
}

// splitDesignators returns those before the first other word, and the others.
func splitDesignators(words []string) (head, rest []string) {
	n := 0
	for n < len(words) && designates(words[n]) && !negations[words[n]] {
		n++
	}
	for _, w := range words[n:] {
		if designates(w) {
			rest = append(rest, w)
		}
	}
	return words[:n:n], rest
}

// negations are designators that nothing may lack.
var negations = wordSet("anti de non no not post pre pseudo without")

// opposites are prefixes of opposite sense that begin with the same letter.
var opposites = [][2]string{{"hyper", "hypo"}, {"inter", "intra"}, {"macro", "micro"}, {"endo", "exo"}, {"endo", "ecto"}}

// variant says whether one word is another, misspelt or inflected.
func variant(a, b string, chemical bool) bool {
	x, y := []rune(a), []rune(b)
	if min(len(x), len(y)) < 4 || x[0] != y[0] {
		return false
	}
	for _, o := range opposites {
		if strings.HasPrefix(a, o[0]) && strings.HasPrefix(b, o[1]) || strings.HasPrefix(a, o[1]) && strings.HasPrefix(b, o[0]) {
			return false
		}
	}
	common := 0
	for common < min(len(x), len(y)) && x[common] == y[common] {
		common++
	}
	if chemical {
		x, y = []rune(strings.TrimSuffix(a, "e")), []rune(strings.TrimSuffix(b, "e"))
		return slices.Equal(tail(x), tail(y)) && typos(x, y, 12)
	}
	const inflection = 4 // letters
	if common >= 4 && common >= max(len(x), len(y))/2 && max(len(x), len(y))-common <= inflection {
		return true
	}
	return typos(x, y, 12)
}

func tail(word []rune) []rune { return word[max(0, len(word)-3):] }

// typos says whether two words differ by one letter inserted, left out, replaced
// or swapped with the next, or by two such if both have so many letters.
func typos(a, b []rune, forTwo int) bool {
	most := 1
	if min(len(a), len(b)) >= forTwo {
		most = 2
	}
	return max(len(a)-len(b), len(b)-len(a)) <= most && distance(a, b) <= most
}

// distance is the restricted Damerau-Levenshtein distance.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
