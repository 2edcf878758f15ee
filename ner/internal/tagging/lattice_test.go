package tagging

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var schemes = map[string][]string{
	"BIO":       {"O", "B-Chemical", "I-Chemical", "B-Disease", "I-Disease"},
	"BIO mixed": {"I-x", "B-y", "O", "I-y", "B-x"},
	"IO":        {"O", "I-Chemical", "I-Disease"},
	"BIOES":     {"O", "B-a", "I-a", "E-a", "S-a"},
	"BIOES two": {"S-a", "E-b", "I-b", "B-a", "O", "B-b", "E-a", "I-a", "S-b"},
}

func scheme(t testing.TB, labels []string) *Scheme {
	s, err := NewScheme(labels)
	require.NoError(t, err)
	return s
}

// run is a mention as an oracle reads it off a path of labels' names.
type run struct {
	typ        string
	first, end int
}

// read returns the mentions of a path of names, and whether a scheme has it, by
// the textbook's rules for each scheme; it shares no code with the lattice.
func read(names []string, scheme string) (runs []run, ok bool) {
	open := "" // the type of the mention that needs another token, in BIOES
	for i, name := range names {
		part, typ, _ := strings.Cut(name, "-")
		last := len(runs) - 1
		follows := last >= 0 && runs[last].end == i && runs[last].typ == typ
		switch {
		case strings.HasPrefix(scheme, "BIOES"):
			if (open != "") != (part == "I" || part == "E") || open != "" && open != typ {
				return nil, false
			}
			open = ""
			if part == "B" || part == "I" {
				open = typ
			}
			if part == "I" || part == "E" {
				runs[last].end++
				continue
			}
		case scheme == "IO":
			if part == "I" && follows {
				runs[last].end++
				continue
			}
		case part == "I":
			if !follows {
				return nil, false
			}
			runs[last].end++
			continue
		}
		if part != "O" {
			runs = append(runs, run{typ, i, i + 1})
		}
	}
	return runs, open == ""
}

// enumerate calls f for every path of n labels that a scheme has.
func enumerate(names []string, kind string, n int, f func(path []int, runs []run)) {
	path, words := make([]int, n), make([]string, n)
	var extend func(i int)
	extend = func(i int) {
		if i == n {
			if runs, ok := read(words, kind); ok {
				f(path, runs)
			}
			return
		}
		for j, name := range names {
			path[i], words[i] = j, name
			extend(i + 1)
		}
	}
	extend(0)
}

// TestAgainstEnumeration: the best path, and all probabilities, are those that
// adding up every path gives.
func TestAgainstEnumeration(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 3))
	for kind, names := range schemes {
		s := scheme(t, names)
		for _, scale := range []float64{0.5, 3, 40} {
			for n := 1; n <= 5; n++ {
				if n == 5 && len(names) > 5 {
					continue
				}
				scores := random(rng, n, len(names), scale)
				got, err := s.Decode(scores, nil)
				require.NoError(t, err)
				what := fmt.Sprintf("%s, %d tokens, scale %g", kind, n, scale)
				best, top := []run(nil), math.Inf(-1)
				var weights []float64
				var paths [][]run
				var labelled [][]int
				enumerate(names, kind, n, func(path []int, runs []run) {
					sum := 0.0
					for i, j := range path {
						sum += float64(scores[i][j])
					}
					if sum > top {
						best, top = slices.Clone(runs), sum
					}
					weights, paths, labelled = append(weights, sum), append(paths, slices.Clone(runs)), append(labelled, slices.Clone(path))
				})
				require.Len(t, got, len(best), what)
				// share is the probability of what a condition says about a path.
				share := func(holds func(runs []run, path []int) bool) float64 {
					part, all := 0.0, 0.0
					for i, w := range weights {
						p := math.Exp(w - top)
						if all += p; holds(paths[i], labelled[i]) {
							part += p
						}
					}
					return part / all
				}
				answer := labelled[slices.Index(weights, top)]
				for i, m := range got {
					r := run{m.Type, m.First, m.End}
					require.Equal(t, best[i], r, what)
					has := func(f func(o run) bool) float64 {
						return share(func(runs []run, _ []int) bool { return slices.ContainsFunc(runs, f) })
					}
					near(t, has(func(o run) bool { return o == r }), m.LogProb(), what+": whole")
					near(t, has(func(o run) bool { return o.typ == r.typ && o.first == r.first }), m.Begins, what+": begins")
					near(t, has(func(o run) bool { return o.typ == r.typ && o.first == r.first && o.end >= r.end }), m.Covers, what+": covers")
					weakest := 1.0
					for k := m.First; k < m.End; k++ {
						weakest = min(weakest, share(func(_ []run, path []int) bool { return path[k] == answer[k] }))
					}
					near(t, weakest, m.Weakest, what+": weakest")
				}
			}
		}
	}
}

// near compares a probability with the logarithm of one.
func near(t *testing.T, want, log float64, what string) {
	t.Helper()
	require.InDelta(t, want, math.Exp(log), 1e-9*max(want, 1e-3), what)
	require.LessOrEqual(t, log, 0.0, what)
}

func random(rng *rand.Rand, n, k int, scale float64) [][]float32 {
	scores := make([][]float32, n)
	for i := range scores {
		scores[i] = make([]float32, k)
		for j := range scores[i] {
			scores[i][j] = float32(rng.NormFloat64() * scale)
		}
	}
	return scores
}

// TestLattice: properties that no length changes. What is added to all scores of
// a token changes nothing; the same input gives the same bits.
func TestLattice(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 7))
	for kind, names := range schemes {
		s := scheme(t, names)
		for _, n := range []int{1, 2, 300, 20000} {
			scores := random(rng, n, len(names), 4)
			first, err := s.Decode(scores, nil)
			require.NoError(t, err)
			again, err := s.Decode(scores, nil)
			require.NoError(t, err)
			require.Equal(t, first, again)
			for _, row := range scores {
				for j := range row {
					row[j] = row[j]*16 + 1024 // exact, so that the rows differ by a factor only
				}
			}
			raised, err := s.Decode(scores, nil)
			require.NoError(t, err)
			for _, row := range scores {
				for j := range row {
					row[j] -= 1024
				}
			}
			lowered, err := s.Decode(scores, nil)
			require.NoError(t, err)
			require.Equal(t, lowered, raised, kind)
			end := 0
			for _, m := range first {
				require.True(t, m.First >= end && m.End > m.First && m.End <= n, "%s: %+v", kind, m)
				require.True(t, m.LogProb() <= m.Covers && m.Covers <= m.Begins+1e-9 && m.Begins <= 0, "%s: %+v", kind, m)
				end = m.End
			}
		}
	}
}

func TestTiesAreBroken(t *testing.T) {
	s := scheme(t, schemes["BIO"])
	zero := make([][]float32, 4)
	for i := range zero {
		zero[i] = make([]float32, 5)
	}
	got, err := s.Decode(zero, nil)
	require.NoError(t, err)
	require.Empty(t, got, "the lowest label, O, wins")
	got, err = scheme(t, []string{"B-a", "O", "I-a"}).Decode([][]float32{{0, 0, 0}, {0, 0, 0}}, nil)
	require.NoError(t, err)
	require.Equal(t, []run{{"a", 0, 1}, {"a", 1, 2}}, runsOf(got), "B-a comes before O and I-a")
}

func runsOf(all []Mention) (runs []run) {
	for _, m := range all {
		runs = append(runs, run{m.Type, m.First, m.End})
	}
	return runs
}

// TestNeighbours: a mention ends where another begins; in IO the two can't be
// told apart.
func TestNeighbours(t *testing.T) {
	hot := func(names, path []string) [][]float32 {
		scores := make([][]float32, len(path))
		for i, name := range path {
			scores[i] = make([]float32, len(names))
			scores[i][slices.Index(names, name)] = 9
		}
		return scores
	}
	for _, c := range []struct {
		kind, path string
		want       []run
	}{
		{"BIO", "B-Disease I-Disease B-Disease O B-Chemical I-Chemical", []run{{"Disease", 0, 2}, {"Disease", 2, 3}, {"Chemical", 4, 6}}},
		{"IO", "I-Disease I-Disease I-Chemical O I-Disease", []run{{"Disease", 0, 2}, {"Chemical", 2, 3}, {"Disease", 4, 5}}},
		{"BIOES", "S-a S-a B-a E-a B-a I-a E-a O", []run{{"a", 0, 1}, {"a", 1, 2}, {"a", 2, 4}, {"a", 4, 7}}},
		{"BIOES two", "S-a S-b B-a E-a", []run{{"a", 0, 1}, {"b", 1, 2}, {"a", 2, 4}}},
	} {
		names := schemes[c.kind]
		scores := hot(names, strings.Fields(c.path))
		got, err := scheme(t, names).Decode(scores, nil)
		require.NoError(t, err)
		require.Equal(t, c.want, runsOf(got), "%s: %s", c.kind, c.path)
	}
}

func TestBadScores(t *testing.T) {
	s := scheme(t, schemes["BIO"])
	got, err := s.Decode(nil, nil)
	require.NoError(t, err)
	require.Empty(t, got)
	good := func() [][]float32 { return [][]float32{{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}} }
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		scores := good()
		scores[1][2] = float32(bad)
		_, err = s.Decode(scores, nil)
		require.ErrorContains(t, err, "token 1, label I-Chemical: score")
	}
	scores := good()
	scores[1] = scores[1][:4]
	_, err = s.Decode(scores, nil)
	require.ErrorContains(t, err, "token 1 has 4 label scores: expected 5")
	huge := good()
	huge[0][0], huge[1][3] = math.MaxFloat32, -math.MaxFloat32
	got, err = s.Decode(huge, nil)
	require.NoError(t, err)
	for _, m := range got {
		require.False(t, math.IsNaN(m.LogProb()+m.Begins+m.Weakest), "%+v", m)
	}
}
