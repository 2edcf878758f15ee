package kernels

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkMatMul multiplies by matrices that together no cache holds; GB/s
// counts the packed weights. What it reports is the fastest tenth of the calls,
// as others may be using the machine; -cpu 1 measures one thread.
func BenchmarkMatMul(b *testing.B) {
	p := NewPool(0)
	defer p.Close()
	const rows, k = 2048, 2048
	for _, f := range forms {
		var turns []*Weights
		for held := int64(0); held < 128<<20; {
			r := rand.New(rand.NewPCG(1, 2))
			w, _ := f.make(b, p, r, rows, k)
			for len(turns) < 2 || held < 128<<20 {
				turns = append(turns, w.clone(b))
				held += w.Bytes()
			}
		}
		for _, fast := range []bool{false, true} {
			if fast && !turns[0].integer() {
				continue
			}
			for _, n := range []int{1, 2, 3, 4, 6, 8, 12, 128} {
				name := fmt.Sprintf("%s/n=%d", f.name, n)
				if fast {
					name = fmt.Sprintf("%s/fast/n=%d", f.name, n)
				}
				b.Run(name, func(b *testing.B) {
					x, y := random(rand.New(rand.NewPCG(1, 2)), n*k), make([]float32, n*rows)
					in := Input{Fast: fast}
					var times []float64
					for i := 0; b.Loop(); i++ {
						start := time.Now()
						in.Reset(x, n, k)
						turns[i%len(turns)].MatMul(p, y, &in)
						times = append(times, time.Since(start).Seconds())
					}
					slices.Sort(times)
					seconds := times[len(times)/10]
					b.ReportMetric(float64(turns[0].Bytes())/seconds/1e9, "GB/s")
					b.ReportMetric(2*rows*k*float64(n)/seconds/1e9, "GFLOP/s")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}

// clone copies the memory of w.
func (w *Weights) clone(tb testing.TB) *Weights {
	c, err := newGrouped(w.kind, w.format, w.rows, w.cols, w.grouping)
	require.NoError(tb, err)
	copy(c.words, w.words)
	copy(c.scales, w.scales)
	copy(c.groups, w.groups)
	c.code = w.code
	return c
}
