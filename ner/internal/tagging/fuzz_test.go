package tagging

import (
	"slices"
	"strings"
	"testing"
)

// FuzzDecode: whatever the labels and the scores are, mentions lie in order
// within the tokens and have probabilities.
func FuzzDecode(f *testing.F) {
	f.Add("O B-a I-a", []byte{1, 200, 3, 4, 255, 6, 7})
	f.Add("O I-a I-b", []byte{9, 9, 9, 9, 9, 9})
	f.Add("S-a E-a O I-a B-a", []byte{0, 255, 128, 7, 77, 2, 3, 4, 5, 6})
	f.Fuzz(func(t *testing.T, labels string, data []byte) {
		s, err := NewScheme(strings.Fields(labels))
		if err != nil {
			return
		}
		k := s.Labels()
		var scores [][]float32
		var inWord []bool
		for ; len(data) >= k && len(scores) < 64; data = data[k:] {
			row := make([]float32, k)
			for j := range row {
				row[j] = float32(int8(data[j]))
			}
			scores, inWord = append(scores, row), append(inWord, data[0]%3 == 0)
		}
		got, err := s.Decode(scores, inWord)
		if err != nil {
			t.Fatal(err)
		}
		end := 0
		for _, m := range got {
			if m.First < end || m.End <= m.First || m.End > len(scores) || !slices.Contains(s.Types(), m.Type) {
				t.Fatalf("%+v", m)
			}
			for _, p := range []float64{m.Begins, m.Covers, m.Ends, m.Weakest} {
				if !(p <= 0) {
					t.Fatalf("%+v", m)
				}
			}
			end = m.End
		}
	})
}
