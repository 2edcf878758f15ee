package tagging

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInWords: mentions of one type that meet inside of a word are one, whose
// probability is that of the whole.
func TestInWords(t *testing.T) {
	for _, c := range []struct {
		kind, path string
		inWord     string // x: the word of the token before goes on
		want       []run
	}{
		{"BIO", "B-Disease B-Disease O", ".x.", []run{{"Disease", 0, 2}}},
		{"BIO", "B-Disease B-Disease O", "...", []run{{"Disease", 0, 1}, {"Disease", 1, 2}}},
		{"BIO", "B-Disease I-Disease B-Disease I-Disease B-Disease", "..x.x", []run{{"Disease", 0, 5}}},
		{"BIO", "B-Disease B-Chemical O B-Disease", ".x.x", []run{{"Disease", 0, 1}, {"Chemical", 1, 2}, {"Disease", 3, 4}}},
		{"IO", "I-Disease I-Disease I-Chemical", ".xx", []run{{"Disease", 0, 2}, {"Chemical", 2, 3}}},
		{"BIOES", "S-a S-a B-a E-a O", ".xx..", []run{{"a", 0, 4}}},
		{"BIOES", "S-a S-a B-a E-a O", ".x...", []run{{"a", 0, 2}, {"a", 2, 4}}},
	} {
		names := schemes[c.kind]
		s := scheme(t, names)
		path := strings.Fields(c.path)
		scores := make([][]float32, len(path))
		var inWord []bool
		for i, name := range path {
			scores[i] = make([]float32, len(names))
			scores[i][slices.Index(names, name)] = 2
			inWord = append(inWord, c.inWord[i] == 'x')
		}
		got, err := s.Decode(scores, inWord)
		require.NoError(t, err)
		require.Equal(t, c.want, runsOf(got), "%s: %s", c.kind, c.path)
		for i, m := range got {
			part, all := 0.0, 0.0
			enumerate(names, c.kind, len(path), func(path []int, runs []run) {
				sum := 0.0
				for k, j := range path {
					sum += float64(scores[k][j])
				}
				if all += math.Exp(sum); slices.Contains(runs, c.want[i]) {
					part += math.Exp(sum)
				}
			})
			near(t, part/all, m.LogProb(), c.path)
		}
	}
}
