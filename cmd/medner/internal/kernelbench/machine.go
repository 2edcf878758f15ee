package kernelbench

import (
	"sort"
	"sync/atomic"
	"time"

	"github.com/medner/medner/kernels"
)

// Machine says what this machine can do with a number of threads: the best that
// was measured.
type Machine struct {
	Threads  int     `json:"threads"`
	ReadGBps float64 `json:"read_gb_per_s"`
	Peaks    []Peak  `json:"peaks"`
}

// Peak is the rate at which one variant of the kernels computes on registers.
type Peak struct {
	Variant string  `json:"variant"`
	GFLOPs  float64 `json:"gflop_per_s"`    // fused multiply-adds of float32, two operations each
	Int8    float64 `json:"int8_gop_per_s"` // products of int8, two operations each
}

// Bandwidth returns the GB/s that the pool's threads read from memory.
func Bandwidth(p *kernels.Pool) float64 {
	return bandwidth(p, 512<<20, 200*time.Millisecond)
}

func bandwidth(p *kernels.Pool, size int64, budget time.Duration) float64 {
	words, free := kernels.Memory(int(size / 8))
	defer free()
	const grain = 1 << 15 // words
	pieces := len(words) / grain
	p.Run(pieces, 1, func(lo, hi int) { // the first write gives each page its memory
		for i := lo * grain; i < hi*grain; i += 512 {
			words[i] = uint64(i)
		}
	})
	// A sixteenth at a time is short enough for some measurements to be undisturbed.
	n, from := max(1, pieces/16), 0
	var sink atomic.Uint64
	read := func(lo, hi int) { sink.Add(kernels.Xor(words[(from+lo)*grain : (from+hi)*grain])) }
	seconds := fastTenth(budget, func() {
		p.Run(n, 1, read)
		if from += n; from+n > pieces {
			from = 0
		}
	})
	return float64(8*n*grain) / 1e9 / seconds
}

// peak measures the variant that is in use.
func peak(p *kernels.Pool, budget time.Duration) Peak {
	name, _ := kernels.Selected()
	rate := func(spin func(n int) int) float64 {
		n := 1000
		var work atomic.Int64
		run := func(lo, hi int) {
			for range hi - lo {
				work.Add(int64(spin(n)))
			}
		}
		pieces := 16 * p.Threads()
		p.Run(pieces, 1, run)
		each := float64(work.Load())
		return each / 1e9 / fastTenth(budget, func() { p.Run(pieces, 1, run) })
	}
	return Peak{Variant: name, GFLOPs: rate(kernels.SpinFMA), Int8: rate(kernels.SpinDot)}
}

// fastTenth returns the seconds that a call of f takes. Until the budget is spent
// it times samples of as many calls as take 2 ms, or of one call; a tenth of the
// samples are at least as fast as what is returned. On a shared machine the
// slower ones say more of the neighbours than of f.
func fastTenth(budget time.Duration, f func()) float64 {
	const sample = 2 * time.Millisecond
	calls := 1
	var seconds []float64
	for start := time.Now(); len(seconds) == 0 || time.Since(start) < budget; {
		t := time.Now()
		for range calls {
			f()
		}
		took := time.Since(t)
		if took < sample && calls < 1<<20 {
			calls *= 2
			continue
		}
		seconds = append(seconds, took.Seconds()/float64(calls))
	}
	sort.Float64s(seconds)
	return seconds[len(seconds)/10]
}
