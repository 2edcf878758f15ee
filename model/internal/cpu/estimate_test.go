package cpu

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend/backendtest"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// held returns the memory of all packed weights of b, and the part of it that a
// step without adapters reads.
func held(b *Backend) (bytes, read int64) {
	linears := []*linear{&b.decoder.head}
	for i := range b.decoder.layers {
		for l := range b.decoder.layers[i].linears {
			linears = append(linears, &b.decoder.layers[i].linears[l])
		}
	}
	for _, l := range linears {
		read += l.weights.Bytes()
		for _, a := range l.adapted {
			if a == nil {
				continue
			}
			if a.weights != nil {
				bytes += a.weights.Bytes()
			}
			if a.low != nil {
				bytes += a.low.Down.Bytes() + a.low.Up.Bytes()
			}
		}
	}
	return bytes + read, read
}

// TestEstimateIsWhatIsHeld compares the estimate with the packed weights, for
// every format of a file, every way to hold it, and all that adapters change.
func TestEstimateIsWhatIsHeld(t *testing.T) {
	sizes := map[int64]bool{}
	for m := range backendtest.Models() {
		for o := range backendtest.Options() {
			estimate := Estimate(m.Weights, o)
			b, err := New(t.Context(), m.Weights, o)
			require.NoError(t, err, m.Name)
			bytes, read := held(b)
			require.NoError(t, b.Close())
			name := fmt.Sprintf("%s, held as %q, %s", m.Name, o.Hold, o.Precision)
			require.Equal(t, bytes, estimate.WeightBytes, name)
			require.Equal(t, read, estimate.BytesPerStep, name)
			require.Equal(t, b.Info(), estimate, name)
			sizes[bytes] = true
		}
	}
	require.Greater(t, len(sizes), 100, "the models must differ in size, or the test shows nothing")
}

// TestPlanMustHold: weights that take other memory than planned are an error.
func TestPlanMustHold(t *testing.T) {
	p := &packer{pool: kernels.NewPool(1), plan: hold.Plan{Device: hold.Device{
		Size: func(f hold.Form) int64 { return sizeOf(f) + 4 },
	}}}
	defer p.pool.Close()
	_, err := p.matrix(quant.NewF32(2, 2, make([]float32, 4)), hold.Projection)
	require.ErrorContains(t, err, "planned")
}
