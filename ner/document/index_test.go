package document

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIndexAgreesWithRunes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("aé漢😀\u202e\r\n")
	for n := range 300 {
		runes := make([]rune, n)
		for i := range runes {
			runes[i] = alphabet[rng.IntN(1+n%len(alphabet))]
		}
		text := string(runes)
		x := NewIndex(text)
		require.Equal(t, n, x.Len())
		for i := 0; i <= n; i++ {
			want := len(string(runes[:i]))
			if got := x.Byte(i); got != want {
				t.Fatalf("Byte(%d) of %q = %d, want %d", i, text, got, want)
			}
			if got, ok := x.CodePoint(want); got != i || !ok {
				t.Fatalf("CodePoint(%d) of %q = %d, %v, want %d", want, text, got, ok, i)
			}
		}
		if n > 2 {
			lo := rng.IntN(n)
			hi := lo + rng.IntN(n-lo+1)
			got, ok := x.Slice(Span{lo, hi})
			require.True(t, ok)
			require.Equal(t, string(runes[lo:hi]), got)
		}
	}
}

func TestIndexRefusesWhatIsOutside(t *testing.T) {
	x := NewIndex("é😀")
	for _, s := range []Span{{-1, 0}, {0, 3}, {2, 1}, {5, 6}} {
		_, ok := x.Slice(s)
		require.False(t, ok, s)
	}
	_, boundary := x.CodePoint(1)
	require.False(t, boundary, "the middle of é")
	_, boundary = x.CodePoint(7)
	require.False(t, boundary)
}
