package tagging

import (
	"strings"
	"unicode"
)

// Token is a token of an article: the bytes [Start, End) of the text, and the
// scores of its labels. Tokens that share a character overlap.
type Token struct {
	Start, End int
	Scores     []float32
}

// Join makes one row of the tokens of overlapping windows, which are in order of
// their beginnings. Where two windows overlap, it changes from one to the other
// at the beginning of a token of both that is nearest to the overlap's middle: so
// a token is taken from the window in which it is farther from an edge.
//
//	a  t1 t2 t3 t4 t5 t6           the overlap is t4 to t6
//	b           t4 t5 t6 t7 t8     its middle lies in t5
//	   t1 t2 t3 t4│t5 t6 t7 t8     t4 is from a, t5 and t6 are from b
//
// goesOn tells by the scores of two tokens whether a mention goes on from the
// first in the second. Where it does in either window, Join doesn't change if it
// can help it, as the mention's beginning would be from a and its end from b. nil:
// it never does.
func Join(windows [][]Token, goesOn func(before, here []float32) bool) []Token {
	if goesOn == nil {
		goesOn = func(_, _ []float32) bool { return false }
	}
	var all []Token
	for _, w := range windows {
		if len(w) == 0 {
			continue
		}
		at := w[0].Start
		if len(all) > 0 && all[len(all)-1].End > at {
			at = seam(all, w, goesOn)
		}
		for len(all) > 0 && all[len(all)-1].Start >= at {
			all = all[:len(all)-1]
		}
		for _, t := range w {
			if t.End > at {
				t.Start = max(t.Start, at)
				all = append(all, t)
			}
		}
	}
	return all
}

// seam returns the byte at which the tokens change from those of a to those of b,
// which overlap. If no place begins a token of both, it is where a ends, which
// may be inside of a token of b.
func seam(a, b []Token, goesOn func(before, here []float32) bool) int {
	end := a[len(a)-1].End
	middle := (b[0].Start + end) / 2
	// Places where a token of a begins that shares no character with the one
	// before; the value says whether a mention goes on there.
	in := map[int]bool{end: false}
	for i := len(a) - 1; i > 0 && a[i].Start >= b[0].Start; i-- {
		delete(in, a[i].Start)
		if a[i-1].End <= a[i].Start {
			in[a[i].Start] = goesOn(a[i-1].Scores, a[i].Scores)
		}
	}
	best, found, worst := end, false, true
	for i, t := range b {
		if t.Start > end {
			break
		}
		cut, ok := in[t.Start]
		if i > 0 && b[i-1].End > t.Start || !ok {
			continue
		}
		cut = cut || i > 0 && goesOn(b[i-1].Scores, t.Scores)
		if !found || worst && !cut || cut == worst && distance(t.Start, middle) < distance(best, middle) {
			best, found, worst = t.Start, true, cut
		}
	}
	return best
}

func distance(a, b int) int { return max(a-b, b-a) }

// Place is where a mention stands: the bytes [Start, End) of the text.
type Place struct{ Start, End int }

// Places returns where each of the mentions stands in text, whose tokens are
// given, without white space at its ends. A mention that has nothing but white
// space, or nothing that the mention before hasn't, has an empty place.
func Places(text string, tokens []Token, mentions []Mention) []Place {
	places := make([]Place, len(mentions))
	done := 0 // where the last mention ends
	for i, m := range mentions {
		start, end := max(tokens[m.First].Start, done), done
		for _, t := range tokens[m.First:m.End] {
			end = max(end, t.End)
		}
		start = min(start, end)
		body := strings.TrimLeftFunc(text[start:end], unicode.IsSpace)
		start = end - len(body)
		end = start + len(strings.TrimRightFunc(body, unicode.IsSpace))
		places[i] = Place{start, end}
		done = max(done, end)
	}
	return places
}
