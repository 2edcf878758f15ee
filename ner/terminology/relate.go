package terminology

import (
	"slices"
	"strings"
	"unicode"
)

// relation says what a name, whose key is similar to that of a mention, is to the
// mention.
type relation uint8

const (
	unrelated relation = iota
	wider              // a name of something more general
	same               // a name of the same, misspelt or inflected in the mention
)

// relate compares the keys of a mention and of a name that share most of their
// 3-grams:
//
//   - same: their words correspond. They may be misspelt, inflected, or in another
//     order.
//   - wider: the mention has further words, as "left bundle branch block" has
//     beside "bundle branch block".
//   - unrelated: the name has further words, or a number, a letter, a negation or a
//     prefix of opposite sense differs. "Vitamin D" is no variant of "vitamin C",
//     nor hypokalemia of hyperkalemia, however many 3-grams they share.
//
// Chemicals whose names differ in their last letters are different ones, so that
// names of chemicals aren't taken for inflected.
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

// covers tells whether each word of b, but for optional ones and designators, is a
// word of a or a variant of one.
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

// optional has words that one of two names may lack.
var optional = wordSet("and by due in of the to with disease disorder syndrome " +
	"besylate fumarate hydrobromide hydrochloride maleate mesylate tartrate")

// designators has words that tell concepts apart as numbers do.
var designators = wordSet("alpha beta gamma delta epsilon kappa lambda mu omega sigma theta zeta " +
	"ii iii iv vi vii viii ix xi xii anti de non no not post pre pseudo without")

// wordSet returns the set of the words in a list.
func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// designates tells whether a word tells concepts apart: it has a digit, is a single
// letter, or one of the designators.
func designates(word string) bool {
	for i, r := range word {
		if unicode.IsDigit(r) || i == 0 && len(string(r)) == len(word) {
			return true
		}
	}
	return designators[word]
}

// sameDesignators tells whether two names have the same designators. One of the two
// may lack those with which the other begins: fluorouracil is 5-fluorouracil.
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

// splitDesignators returns the designators before the first other word or negation,
// and the designators after it.
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

// negations has the designators that neither name may lack.
var negations = wordSet("anti de non no not post pre pseudo without")

// opposites has pairs of prefixes of opposite sense. Others begin with different
// letters, which variant never takes for variants.
var opposites = [][2]string{{"hyper", "hypo"}, {"inter", "intra"}, {"macro", "micro"}, {"endo", "exo"}, {"endo", "ecto"}}

// variant tells whether one word can be the other, misspelt or inflected.
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
		x = []rune(strings.TrimSuffix(a, "e"))
		y = []rune(strings.TrimSuffix(b, "e"))
		return slices.Equal(tail(x), tail(y)) && typos(x, y, 12)
	}
	const inflection = 4 // letters
	if common >= 4 && common >= max(len(x), len(y))/2 && max(len(x), len(y))-common <= inflection {
		return true
	}
	return typos(x, y, 12)
}

// tail returns the last three letters of a word.
func tail(word []rune) []rune { return word[max(0, len(word)-3):] }

// typos tells whether one letter was inserted, left out, replaced or swapped with
// the next between two words, or two letters if both words have at least forTwo.
func typos(a, b []rune, forTwo int) bool {
	most := 1
	if min(len(a), len(b)) >= forTwo {
		most = 2
	}
	return max(len(a)-len(b), len(b)-len(a)) <= most && distance(a, b) <= most
}

// distance returns the restricted Damerau-Levenshtein distance.
func distance(a, b []rune) int {
	// Three rows of the table: for the first i-1, i and i+1 letters of a.
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
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
