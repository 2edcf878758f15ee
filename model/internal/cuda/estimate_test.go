//go:build gpu

package cuda

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/backend/backendtest"
	"github.com/medner/medner/model/internal/hold"
)

// TestEstimateIsWhatIsAllocated compares the estimate with the memory that the
// driver says is gone, for every format of a file, every way to hold it, and
// all that adapters change. Precision changes no form on this device, so that
// every fourth model may show it.
func TestEstimateIsWhatIsAllocated(t *testing.T) {
	d, _ := fakeDriver(t)
	ctx, err := d.Open(0)
	require.NoError(t, err)
	defer func() { require.NoError(t, ctx.Close()) }()
	sizes := map[int64]bool{}
	i := 0
	for m := range backendtest.Models() {
		i++
		for o := range backendtest.Options() {
			if o.Precision == hold.Fast && i%4 != 0 {
				continue
			}
			name := fmt.Sprintf("%s, held as %q, %s", m.Name, o.Hold, o.Precision)
			estimate, err := Estimate(d, 0, m.Weights, o)
			require.NoError(t, err, name)
			var before, after uint64
			require.NoError(t, ctx.Do(func() (err error) {
				if before, _, err = ctx.MemInfo(); err != nil {
					return err
				}
				b := &Backend{ctx: ctx, weights: arena{ctx: ctx}}
				if err := b.upload(t.Context(), m.Weights, o); err != nil {
					return err
				}
				if after, _, err = ctx.MemInfo(); err != nil {
					return err
				}
				return b.weights.free()
			}), name)
			require.Equal(t, int64(before-after), estimate.WeightBytes, name)
			sizes[estimate.WeightBytes] = true
		}
	}
	require.Greater(t, len(sizes), 100, "the models must differ in size, or the test shows nothing")
}

// TestInfoIsTheEstimate: a backend tells of itself what was estimated.
func TestInfoIsTheEstimate(t *testing.T) {
	d := anyDriver(t)
	w, o := newToy(32, true, true, false), backend.Options{KV: "f16"}
	estimate, err := Estimate(d, 0, w, o)
	require.NoError(t, err)
	require.Equal(t, estimate, open(t, d, w, o).Info())
}
