package terminology

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/synthetic"
)

func ids(m []Match) []string {
	var out []string
	for _, x := range m {
		out = append(out, x.ID)
	}
	return out
}

func TestCascade(t *testing.T) {
	x := importSample(t, Options{}, "desc2026.xml", "supp2026.xml")
	short := map[string]string{"PD": "Parkinson's disease", "Toc": "alpha-tocopherol", "XYZ": "nothing known", "Parkison": "x"}
	for _, c := range []struct {
		text, typ string
		method    string
		score     float64
		ids       []string
	}{
		{"Lithium", "", Exact, 1, []string{"MESH:D008094"}},
		{"Lithium-7", Chemical, Exact, 1, []string{"MESH:D008094"}},
		{"  lithium ", "", Normalized, 0.95, []string{"MESH:D008094"}},
		{"lithium 7", "", Normalized, 0.95, []string{"MESH:D008094"}},
		{"α-tocopherols", "", Normalized, 0.95, []string{"MESH:D024502"}},
		{"Parkinson’s diseases", "", Normalized, 0.95, []string{"MESH:D010300"}},
		{"depressive neurosis", Disease, Normalized, 0.95, []string{"MESH:D003866"}},
		{"sjogren-like & co syndromes", Disease, Normalized, 0.95, []string{"MESH:C535284"}},
		{"PD", "", Abbreviation, 0.95 * 0.95, []string{"MESH:D010300"}},
		{"R,R,R-Toc", "", Abbreviation, 0.95 * 0.95, []string{"MESH:D024502"}},
		{"renal or hepatic toxicity", Disease, Composite, 0.95 * 0.9, []string{"MESH:D007674", "MESH:D056486"}},
		{"renal and/or hepatic toxicities", "", Composite, 0.95 * 0.9, []string{"MESH:D007674", "MESH:D056486"}},
		{"hepatitis B and C", "", Composite, 0.95 * 0.9, []string{"MESH:D006509", "MESH:D006526"}},
		{"Hepatitis B/C", "", Composite, 0.9, []string{"MESH:D006509", "MESH:D006526"}},
		{"tremor, lithium, and PD", "", Composite, 0.95 * 0.9, []string{"MESH:D014202", "MESH:D008094", "MESH:D010300"}},
		{"Lithium", Disease, "", 0, nil},
		{"Cold", Disease, Exact, 1, []string{"MESH:D003139"}},
		{"Cold", "", Exact, 1, []string{"MESH:D003139", "MESH:D006801"}},
		{"hepatic toxicty", Disease, Fuzzy, 0, []string{"MESH:D056486"}},
		{"bevonium methylsulphate", Chemical, Fuzzy, 0, []string{"MESH:C000002"}},
		{"lithiium", "", Fuzzy, 0, []string{"MESH:D008094"}},
		{"litmus", "", "", 0, nil},
		{"XYZ", "", "", 0, nil},
		{"", "", "", 0, nil},
		{"…", "", "", 0, nil},
		{"and", "", "", 0, nil},
		{", and ,", "", "", 0, nil},
		{strings.Repeat("tremor and ", 50) + "tremor", "", "", 0, nil},
		{"tremor and tremors", "", Fuzzy, 0, nil},
		{strings.Repeat("a", 1<<16), "", "", 0, nil},
		{"😀", "", "", 0, nil},
	} {
		m, err := x.Lookup(Query{Text: c.text, Type: c.typ, Abbreviations: short})
		require.NoError(t, err)
		if c.method == Fuzzy && c.ids == nil { // whatever it is, it is no composite of one thing
			require.NotContains(t, methods(m), Composite)
			continue
		}
		if c.method == Fuzzy {
			require.NotEmpty(t, m, c.text)
			require.Equal(t, c.ids[0], m[0].ID)
			require.GreaterOrEqual(t, m[0].Score, 0.7)
			require.Less(t, m[0].Score, 1.0)
			continue
		}
		require.Equal(t, c.ids, ids(m), c.text)
		for _, match := range m {
			require.Equal(t, c.method, match.Method, c.text)
			require.InDelta(t, c.score, match.Score, 1e-12, c.text)
		}
	}
	m, err := x.Lookup(Query{Text: "renal or hepatic toxicity"})
	require.NoError(t, err)
	require.Equal(t, []string{"renal", "hepatic toxicity"}, []string{m[0].Part, m[1].Part})
	require.Equal(t, "Kidney Diseases", m[0].Name)
	require.Equal(t, "Renal Toxicity", m[0].Found)
	require.Equal(t, []string{Disease}, m[0].Types)
	m, err = x.Lookup(Query{Text: "lithiium", MinScore: 2})
	require.NoError(t, err)
	require.Empty(t, m)
	m, err = x.Lookup(Query{Text: "Cold", Limit: 1})
	require.NoError(t, err)
	require.Len(t, m, 1)
}

func methods(m []Match) []string {
	var out []string
	for _, x := range m {
		out = append(out, x.Method)
	}
	return out
}

// syntheticIndex imports a synthetic terminology.
func syntheticIndex(t testing.TB, concepts int) *Index {
	t.Helper()
	dir := t.TempDir()
	sources := []Source{{Path: filepath.Join(dir, "desc2000.xml")}, {Path: filepath.Join(dir, "supp2000.xml")}}
	d, err := os.Create(sources[0].Path)
	require.NoError(t, err)
	s, err := os.Create(sources[1].Path)
	require.NoError(t, err)
	require.NoError(t, synthetic.MeSH(d, s, concepts, 1))
	require.NoError(t, d.Close())
	require.NoError(t, s.Close())
	_, err = Import(context.Background(), filepath.Join(dir, "index"), sources, Options{})
	require.NoError(t, err)
	x, err := Open(filepath.Join(dir, "index"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	return x
}

// A fuzzy lookup finds the same matches as a comparison with every key.
func TestFuzzyEqualsComparingAll(t *testing.T) {
	x := syntheticIndex(t, 1500)
	r := &reader{x: x}
	keys := make([]string, x.Info().Keys)
	grams := make([][]gram, len(keys))
	for i := range keys {
		keys[i] = r.text(secKeyOffsets, secKeys, i)
		grams[i] = appendGrams(nil, keys[i])
	}
	rng := rand.New(rand.NewPCG(5, 6))
	found := 0
	for range 400 {
		key := mutate(rng, keys[rng.IntN(len(keys))])
		mine := appendGrams(nil, key)
		var want []scored
		for i := range keys {
			score := dice(mine, grams[i])
			if score >= 0.7-1e-9 && len(grams[i]) > 0 && len(related(r, key, i, score)) > 0 {
				want = append(want, scored{uint32(i), score})
			}
		}
		slices.SortFunc(want, func(a, b scored) int {
			return cmp.Or(-cmp.Compare(a.score, b.score), cmp.Compare(a.key, b.key))
		})
		got := r.fuzzy(key, &Query{MinScore: 0.7, Limit: DefaultLimit})
		require.NoError(t, r.err)
		if len(want) == 0 {
			require.Empty(t, got, key)
			continue
		}
		found++
		require.NotEmpty(t, got, key)
		best := map[string]float64{} // by concept
		for _, s := range want[:min(len(want), DefaultLimit+spare)] {
			for _, c := range related(r, key, int(s.key), s.score) {
				best[r.id(c.concept)] = max(best[r.id(c.concept)], c.score)
			}
		}
		scores := slices.Sorted(maps.Values(best))
		slices.Reverse(scores)
		scores = scores[:min(len(scores), DefaultLimit)]
		var gotScores []float64
		for _, m := range got {
			gotScores = append(gotScores, m.Score)
		}
		require.InDeltaSlice(t, scores, gotScores, 1e-12, key)
	}
	require.Greater(t, found, 100)
}

func related(r *reader, key string, name int, score float64) []candidate {
	return (&similar{r: r, q: &Query{}, key: key}).variants(name, score)
}

func mutate(rng *rand.Rand, key string) string {
	b := []byte(key)
	for range rng.IntN(4) {
		switch i := rng.IntN(len(b)); rng.IntN(3) {
		case 0:
			b[i] = byte('a' + rng.IntN(26))
		case 1:
			b = slices.Delete(b, i, min(i+2, len(b)))
		default:
			b = slices.Insert(b, i, b[i], b[i])
		}
		if len(b) == 0 {
			return "x"
		}
	}
	return string(b)
}

func dice(a, b []gram) float64 {
	shared := 0
	for _, g := range a {
		if _, ok := slices.BinarySearch(b, g); ok {
			shared++
		}
	}
	return 2 * float64(shared) / float64(len(a)+len(b))
}

func TestLookupsAtOnce(t *testing.T) {
	x := importSample(t, Options{}, "desc2026.xml", "supp2026.xml")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				m, err := x.Lookup(Query{Text: "hepatic toxicty"})
				if err != nil || len(m) == 0 || m[0].ID != "MESH:D056486" {
					t.Errorf("%v, %v", m, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkLinkAbstract looks up the 20 mentions of an abstract in a terminology as large
// as MeSH. Five of them need a fuzzy lookup.
func BenchmarkLinkAbstract(b *testing.B) {
	x := syntheticIndex(b, 350000)
	r := &reader{x: x}
	rng := rand.New(rand.NewPCG(1, 2))
	abstracts := make([][]string, 50)
	for i := range abstracts {
		for j := range 20 {
			name := r.text(secNameOffsets, secNames, rng.IntN(x.Info().Names))
			switch {
			case j < 5:
				name = mutate(rng, name)
			case j < 10:
				name = strings.ToUpper(name)
			}
			abstracts[i] = append(abstracts[i], name)
		}
	}
	i := 0
	for b.Loop() {
		for _, text := range abstracts[i%len(abstracts)] {
			if _, err := x.Lookup(Query{Text: text}); err != nil {
				b.Fatal(err)
			}
		}
		i++
	}
}

func BenchmarkOpen(b *testing.B) {
	x := syntheticIndex(b, 20000)
	for b.Loop() {
		y, err := Open(x.file)
		if err != nil {
			b.Fatal(err)
		}
		if err := y.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkImport(b *testing.B) {
	for b.Loop() {
		x := syntheticIndex(b, 350000)
		b.ReportMetric(float64(x.Info().Names), "names")
		fmt.Fprintln(os.Stderr, x.Info().Bytes)
	}
}

// A wider match is called so, also where the mention's short forms were written out.
func TestWiderMatchesOfAbbreviations(t *testing.T) {
	x := importSample(t, Options{}, "desc2026.xml", "supp2026.xml")
	for text, short := range map[string]map[string]string{
		"acute hepatic toxicity": nil,
		"AHT":                    {"AHT": "acute hepatic toxicity"},
		"acute HT":               {"HT": "hepatic toxicity"},
	} {
		m, err := x.Lookup(Query{Text: text, Abbreviations: short})
		require.NoError(t, err)
		require.NotEmpty(t, m, text)
		require.Equal(t, Wider, m[0].Method, text)
	}
	m, err := x.Lookup(Query{Text: "HT", Abbreviations: map[string]string{"HT": "hepatic toxicty"}})
	require.NoError(t, err)
	require.Equal(t, Abbreviation, m[0].Method)
	require.Less(t, m[0].Score, abbreviationFactor)
}
