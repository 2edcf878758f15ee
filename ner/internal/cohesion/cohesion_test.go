package cohesion

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// units makes a unit of each line, with a token for each word.
func units(text string) (all []Unit) {
	at := 0
	for line := range strings.Lines(text) {
		all = append(all, Unit{at, at + len(line), len(strings.Fields(line))})
		at += len(line)
	}
	return all
}

func TestSharedWords(t *testing.T) {
	text := "lithium tremor\ntremor of the hand\nAspirin, ulcers\nbleeding ASPIRIN\n"
	got := Between(text, units(text), 4)
	// By hand: of four units, one has lithium, hand, ulcers, bleeding, the; two have tremor and aspirin.
	once, twice := math.Log(5), math.Log(3)
	require.InDeltaSlice(t, []float64{
		1,
		twice / math.Sqrt((once+twice)*(2*once+twice)), // lithium tremor | tremor the hand
		0, // tremor the hand | aspirin ulcers bleeding
	}, got[:3], 1e-12)
	// "tremor of the hand" has four tokens, so that the reach before the last unit is: aspirin ulcers, tremor the hand.
	require.InDelta(t, twice/math.Sqrt((once+twice+twice+2*once)*(once+twice)), got[3], 1e-12)
}

// The same words on both sides are 1, no words are 0, and words that differ in
// script or case count as written.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		text string
		want []float64
	}{
		{"one two three\none two three\n", []float64{1, 1}},
		{"\n\n", []float64{1, 0}},
		{"...\naspirin\n", []float64{1, 0}},
		{"ΒΗΤΑ δοκοί\nβητα ΔΟΚΟΊ\n", []float64{1, 1}},
		{"a b c\na b c\n", []float64{1, 0}}, // too short to count
		{"µm\nµm\n", []float64{1, 0}},       // two letters, in three bytes
		{"only\n", []float64{1}},
	} {
		require.InDeltaSlice(t, c.want, Between(c.text, units(c.text), 100), 1e-12, c.text)
	}
	require.Empty(t, Between("", nil, 100))
}

// Whatever the text, each value lies between 0 and 1 and is the same read
// backwards.
func FuzzBetween(f *testing.F) {
	f.Add("a word here\nand there\n\nthere it is\n", 3)
	f.Fuzz(func(t *testing.T, text string, reach int) {
		if reach < 1 || !strings.Contains(text, "\n") {
			return
		}
		lines := slices.Collect(strings.Lines(text))
		if !strings.HasSuffix(text, "\n") || len(lines) > 50 {
			return
		}
		got := Between(text, units(text), reach)
		slices.Reverse(lines)
		back := strings.Join(lines, "")
		again := Between(back, units(back), reach)
		for i, v := range got[1:] {
			if !(v >= 0 && v <= 1+1e-9) || math.Abs(v-again[len(again)-1-i]) > 1e-9 {
				t.Fatalf("%q: %v, backwards %v", text, got, again)
			}
		}
	})
}
