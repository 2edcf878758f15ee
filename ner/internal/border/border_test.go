package border

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lines makes a unit of each line.
func lines(text string) (all []Unit) {
	at := 0
	for line := range strings.Lines(text) {
		all = append(all, Unit{at, at + len(line)})
		at += len(line)
	}
	return all
}

func TestWords(t *testing.T) {
	text := "lithium tremor\ntremor of the hand\nAspirin, ulcers\nbleeding ASPIRIN\n"
	w := newWords(text, lines(text))
	// Of four units one has lithium, hand, ulcers, bleeding, the; two have tremor and aspirin.
	once, twice := math.Log(5), math.Log(3)
	shared, share := w.common(1, 4, 4)
	require.InDelta(t, twice, shared, 1e-12)
	require.InDelta(t, twice/math.Sqrt((once+twice)*(2*once+twice)), share, 1e-12) // the four words of the second line are enough
	_, share = w.common(2, 4, 4)
	require.Zero(t, share)
	_, share = w.common(3, 1, 4) // one line before
	require.InDelta(t, twice/(once+twice), share, 1e-12)
	before, behind := w.shares(1, 100)
	require.InDelta(t, twice/(2*once+twice), before, 1e-12)
	require.Zero(t, behind)
	before, behind = w.shares(2, 100)
	require.Zero(t, before)
	require.InDelta(t, twice/(once+twice), behind, 1e-12)
}

// Words are the same whatever their case, script and ending.
func TestSameWords(t *testing.T) {
	for _, c := range []struct {
		text string
		want float64
	}{
		{"one two three\none two three\n", 1},
		{"hypertension\nHYPERTENSIVE\n", 1},
		{"tension\ntensile\n", 0},
		{"ΒΗΤΑ δοκοί\nβητα ΔΟΚΟΊ\n", 1},
		{"a b c\na b c\n", 0}, // too short to count
		{"µm\nµm\n", 0},       // two letters, in three bytes
		{"\n\n", 0},
		{"...\naspirin\n", 0},
	} {
		_, share := newWords(c.text, lines(c.text)).common(1, 100, 100)
		require.InDelta(t, c.want, share, 1e-12, c.text)
	}
}

func TestCues(t *testing.T) {
	for _, c := range []struct {
		text string
		want cues
	}{
		{"Acute hepatitis after amiodarone in rats.", cues{}},
		{"Lithium-induced, valproate-associated tremor.", cues{}},
		{"These rats were given aspirin.", cues{predicate: true, referring: true}},
		{"Rats treated with aspirin.", cues{past: true}},
		{"Caution is recommended.", cues{predicate: true, concludes: true, past: true}},
		{"The aim was to compare both.", cues{predicate: true, opens: true}},
		{"RESULTS: Tremor in ten.", cues{referring: true, label: true}},
		{"DNA adducts.", cues{}},
		{"", cues{}},
	} {
		w := newWords(c.text, []Unit{{0, len(c.text)}})
		require.Equal(t, c.want, cuesOf(c.text, w.lower[0]), c.text)
	}
}

// In a language whose words it doesn't know, no sentence reads like a title.
func TestCuesOfOtherLanguages(t *testing.T) {
	text := "Lithium verursachte Tremor.\nDie Ratten zitterten.\nDas Report belegt es.\n"
	units := lines(text)
	for _, c := range newCues(text, units, newWords(text, units)) {
		require.Equal(t, cues{predicate: true}, c)
	}
}

// two is two articles, of which the second begins with the sixth sentence.
const two = `Tremor during treatment of mania with lithium carbonate.
We report tremor of the hands in ten patients with mania who were treated with lithium.
The tremor of the hands was seen when the serum level of lithium carbonate was high.
It decreased when lithium was withdrawn and mania was treated with another drug.
In conclusion, patients with tremor should be considered for lower doses of lithium.
Gastric ulcers and bleeding caused by aspirin.
To examine whether aspirin may cause gastric bleeding, volunteers were studied.
Bleeding of gastric ulcers was observed by endoscopy in volunteers given aspirin.
These ulcers were not seen in volunteers who were given no aspirin.
`

func TestChanges(t *testing.T) {
	odds := Changes(two, lines(two))
	require.Zero(t, odds[0])
	for u, v := range odds[1:] {
		require.Equal(t, u+1 == 5, v > 0, "sentence %d: %.1f", u+1, v)
	}
	require.Empty(t, Changes("", nil))
}

// FuzzChanges: whatever the text and its units, signs are numbers from 0 to 1, but
// for chains, which may be more, and the odds are finite and come out the same again.
func FuzzChanges(f *testing.F) {
	f.Add(two)
	f.Add("\n\n.\n\xff\n")
	f.Add(strings.Repeat("word ", 400) + "\n" + strings.Repeat("a\n", 200))
	f.Fuzz(func(t *testing.T, text string) {
		units := lines(text)
		if len(units) > 2000 {
			return
		}
		for u, s := range Signs(text, units) {
			for i, v := range s {
				if !(v >= 0 && (v <= 1+1e-9 || i == chains && !math.IsInf(v, 0))) {
					t.Fatalf("%s of unit %d is %v", Names[i], u, v)
				}
			}
		}
		require.Equal(t, Changes(text, units), Changes(text, units))
	})
}
