package kernels

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

func BenchmarkZZ(b *testing.B) {
	for _, v := range variants() {
		if v.name == os.Getenv("KV") {
			chosen.Store(&choice{v, "test"})
		}
	}
	p := NewPool(1)
	defer p.Close()
	const rows, k = 256, 2048
	for _, f := range forms {
		if f.name != "nf4" && f.name != "nf4 in bf16" && f.name != "fp4 in f16" && f.name != "int8" {
			continue
		}
		w, _ := f.make(b, p, rand.New(rand.NewPCG(1, 2)), rows, k)
		for _, fast := range []bool{false, true} {
			if fast && f.name != "nf4" && f.name != "int8" {
				continue
			}
			name := f.name
			if fast {
				name += " fast"
			}
			b.Run(name, func(b *testing.B) {
				x, y := random(rand.New(rand.NewPCG(1, 2)), k), make([]float32, rows)
				in := Input{Fast: fast}
				best := 1e9
				for b.Loop() {
					start := time.Now()
					for range 10 {
						in.Reset(x, 1, k)
						w.MatMul(p, y, &in)
					}
					best = min(best, time.Since(start).Seconds()/10)
				}
				lines := float64(rows * k / 128)
				if f.name == "int8" {
					lines *= 2
				}
				b.ReportMetric(best*1e9/lines, "ns/line")
				b.ReportMetric(float64(w.Bytes())/best/1e9, "GB/s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
