package kernelbench

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/kernels"
)

func TestRun(t *testing.T) {
	before, _ := kernels.Selected()
	var got []Result
	m, err := Run(context.Background(), Options{
		Threads: 1, Models: []string{"smollm2-135m"}, Kernels: []string{"gemv nf4", "add", "rmsnorm", "attention f32 decode", "select"},
		Columns: 2, Context: 65, Time: time.Millisecond, memory: 1 << 20,
	}, func(r Result) { got = append(got, r) })
	require.NoError(t, err)
	require.Positive(t, m.ReadGBps)
	require.Len(t, m.Peaks, len(available()))
	seen := map[string]bool{}
	for _, r := range got {
		seen[r.Variant+" "+r.Kernel] = true
		if r.Model != "SmolLM2-135M" || r.Shape == "" || !(r.Seconds > 0) || !(r.GBps > 0) || !(r.GFLOPs > 0) || !(r.Share > 0) || math.IsInf(r.Share, 0) {
			t.Errorf("%+v", r)
		}
	}
	for _, v := range available() {
		for _, k := range []string{"gemv nf4", "gemv nf4 fast", "add", "rmsnorm", "attention f32 decode", "select"} {
			if !seen[v+" "+k] {
				t.Errorf("%s of %s was not measured", k, v)
			}
		}
	}
	after, _ := kernels.Selected()
	require.Equal(t, before, after)
}

func available() []string {
	var names []string
	for _, v := range kernels.Variants() {
		if v.Available {
			names = append(names, v.Name)
		}
	}
	return names
}

func TestRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	_, err := Run(ctx, Options{Threads: 1, Variants: []string{"scalar"}, Kernels: []string{"add"}, Columns: 1, Time: time.Millisecond, memory: 1 << 20},
		func(Result) { n++; cancel() })
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, n)
}

func TestRunRefuses(t *testing.T) {
	_, err := Run(context.Background(), Options{Models: []string{"gpt-5"}}, nil)
	require.ErrorContains(t, err, `"gpt-5"`)
	_, err = Run(context.Background(), Options{Variants: []string{"mmx"}}, nil)
	require.ErrorContains(t, err, `"mmx"`)
}

// TestRoofline: the slower of memory and arithmetic is the bound.
func TestRoofline(t *testing.T) {
	p := Peak{Variant: "v", GFLOPs: 100, Int8: 400}
	r := result(&measurement{bytes: 1e9, flops: 1e9}, "m", 0.1, 20, p)
	require.Equal(t, "memory", r.Bound)
	require.InDelta(t, 0.5, r.Share, 1e-9)
	require.InDelta(t, 10, r.GBps, 1e-9)
	r = result(&measurement{bytes: 1e6, flops: 2e9}, "m", 0.1, 20, p)
	require.Equal(t, "compute", r.Bound)
	require.InDelta(t, 0.2, r.Share, 1e-9)
	r = result(&measurement{bytes: 1e6, flops: 2e9, int8: true}, "m", 0.1, 20, p)
	require.InDelta(t, 0.05, r.Share, 1e-9)
}
