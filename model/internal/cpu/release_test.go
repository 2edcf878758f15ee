package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/quant"
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

// tall is a matrix of zeros in no memory.
type tall struct {
	quant.Matrix
	rows int
}

func (m tall) Rows() int                     { return m.rows }
func (m tall) Cols() int                     { return 64 }
func (m tall) ReadRows([]float32, int) error { return nil }

func TestLargeMatricesAreReleasedWhileRead(t *testing.T) {
	released := 0
	p := &packer{release: func() { released++ }}
	const rows = 3 * releaseNumbers / 64
	m := p.releasing(tall{rows: rows})
	dst := make([]float32, 16*64)
	for from := 0; from < rows; from += 16 {
		require.NoError(t, m.ReadRows(dst, from))
	}
	require.Equal(t, 3, released)
	require.Equal(t, tall{rows: 100}, p.releasing(tall{rows: 100}))
}
