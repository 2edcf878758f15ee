package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model/internal/backend"
)

// TestFilesAreReleased: neither packing nor a long run keeps what it read of
// the files in memory.
func TestFilesAreReleased(t *testing.T) {
	released := 0
	w := testWeights()
	w.Release = func() { released++ }
	b, err := New(t.Context(), w, backend.Options{Threads: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	require.Equal(t, len(w.Layers)+1, released, "once a layer, and after the head")
	released = 0
	c := b.NewCache()
	read(t, b, c, -1, someTokens(releaseRows-1, 1))
	require.Zero(t, released)
	read(t, b, c, -1, someTokens(2*releaseRows+1, 1))
	require.Equal(t, 3, released)
}

// nothing reads rows and codes, and writes neither.
type nothing struct{}

func (nothing) ReadRows([]float32, int) error         { return nil }
func (nothing) Int8Rows([]int8, []float32, int) error { return nil }

func TestLargeMatricesAreReleasedWhileRead(t *testing.T) {
	released := 0
	p := &packer{release: func() { released++ }}
	const rows = 3 * releaseNumbers / 64
	metered := meteredRows{nothing{}, p.meter(rows, 64)}
	dst := make([]float32, 16*64)
	for from := 0; from < rows; from += 16 {
		require.NoError(t, metered.ReadRows(dst, from))
	}
	require.Equal(t, 3, released)
	codes := meteredInt8{nothing{}, p.meter(rows, 64)}
	for from := 0; from < rows; from += 16 {
		require.NoError(t, codes.Int8Rows(make([]int8, 16*64), nil, from))
	}
	require.Equal(t, 6, released)
	require.Nil(t, p.meter(100, 64), "a small matrix")
	require.Nil(t, (&packer{}).meter(rows, 64), "nothing to release")
}
