// Package nearest finds the word that somebody who mistyped one may have meant.
package nearest

import "strings"

// longest bounds the words that are compared, in runes.
const longest = 64

// Of returns the word among some that is nearest to one that is none of them, or ""
// where none is near: at most a third of its letters are wrong, missing, added or
// swapped with a neighbour, or one of both words begins with the other. The case of
// letters doesn't count. Of words that are equally near it is the first.
func Of(word string, among []string) string {
	best, least := "", 0
	typed := []rune(strings.ToLower(word))
	if len(typed) < 2 || len(typed) > longest {
		return ""
	}
	for _, candidate := range among {
		meant := []rune(strings.ToLower(candidate))
		if len(meant) == 0 || len(meant) > longest {
			continue
		}
		d := distance(typed, meant)
		few := d < len(typed) && d <= max(1, max(len(typed), len(meant))/3)
		if (few || begins(typed, meant) || begins(meant, typed)) && (best == "" || d < least) {
			best, least = candidate, d
		}
	}
	return best
}

// Hint returns "; did you mean X?" for the word that Of returns, with prefix before
// it, or "" where there is none.
func Hint(word string, among []string, prefix string) string {
	if meant := Of(word, among); meant != "" {
		return "; did you mean " + prefix + meant + "?"
	}
	return ""
}

// begins reports whether long begins with short, which has three runes or more.
func begins(long, short []rune) bool {
	return len(short) >= 3 && len(long) > len(short) && string(long[:len(short)]) == string(short)
}

// distance returns how many runes must be added, removed, replaced or swapped with
// their neighbour to make b of a, where no rune is changed twice.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
