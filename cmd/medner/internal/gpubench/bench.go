// Package gpubench times the kernels of a GPU at the shapes of models, by events
// on the device, beside what its clocks, its units and its memory's bus could do.
package gpubench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	host "github.com/medner/medner/cmd/medner/internal/kernelbench"
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
)

// Shape holds the hyperparameters of a model that the kernels depend on.
type Shape struct {
	Name                 string
	Hidden, Intermediate int
	Heads, KVHeads       int
	HeadDim, Vocab       int
}

// Options choose what Run measures.
type Options struct {
	Shapes     []Shape
	Precisions []gpukernels.Precision
	Kernels    []string      // prefixes of kernel names, such as "gemv" and "gemm nf4"; nil: all
	Columns    int           // rows of activations that a gemm multiplies
	Context    int           // positions that attention reads
	Time       time.Duration // for each measurement
}

// Machine says what the device could do by its attributes, and how fast it copies.
type Machine struct {
	Name        string  `json:"name"`
	Capability  string  `json:"compute_capability"`
	MemoryGBps  float64 `json:"memory_gb_per_s"` // 0: the driver doesn't tell
	CopyGBps    float64 `json:"copy_gb_per_s"`   // measured; bytes read and bytes written both count
	FLOPs       float64 `json:"f32_gflop_per_s"`
	TensorFLOPs float64 `json:"bf16_gflop_per_s"` // of dense matrices
	SMs         int     `json:"multiprocessors"`
}

// work is a kernel ready to run.
type work struct {
	kernel, shape string
	bytes, flops  float64
	tensor        bool // the peak to compare with is that of tensor cores
	run           func() error
}

// Run measures on a device, and calls report with each result as it comes.
func Run(ctx context.Context, c driver.Context, o Options, report func(host.Result)) (m Machine, err error) {
	err = c.Do(func() (err error) {
		b := &bench{ctx: ctx, c: c, o: o, report: report}
		m, err = b.run()
		return err
	})
	return m, err
}

// bench is the state of one Run.
type bench struct {
	ctx     context.Context
	c       driver.Context
	o       Options
	report  func(host.Result)
	machine Machine

	stream   driver.Stream
	from, to driver.Event
	held     []driver.Ptr
}

func (b *bench) run() (_ Machine, err error) {
	b.machine = machineOf(b.c.Device())
	if b.stream, err = b.c.NewStream(); err != nil {
		return b.machine, err
	}
	defer func() { err = first(err, b.c.DestroyStream(b.stream)) }()
	for _, e := range []*driver.Event{&b.from, &b.to} {
		if *e, err = b.c.NewEvent(); err != nil {
			return b.machine, err
		}
		defer func() { err = first(err, b.c.DestroyEvent(*e)) }()
	}
	if err := b.copies(); err != nil {
		return b.machine, err
	}
	for _, p := range b.o.Precisions {
		k, err := gpukernels.Load(b.c, p)
		if err != nil {
			return b.machine, err
		}
		for _, s := range b.o.Shapes {
			if err = b.shape(k, s); err != nil {
				break
			}
		}
		if err = first(err, k.Close()); err != nil {
			return b.machine, err
		}
	}
	return b.machine, nil
}

// first returns the first of two errors that is not nil.
func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// shape measures all kernels at one shape. The device memory of one kernel
// is freed before the next one is prepared.
func (b *bench) shape(k *gpukernels.Kernels, s Shape) error {
	for _, c := range b.cases(k, s) {
		if b.o.Kernels != nil && !slices.ContainsFunc(b.o.Kernels, func(p string) bool { return strings.HasPrefix(c.kernel, p) }) {
			continue
		}
		err := b.ctx.Err()
		var w *work
		if err == nil {
			w, err = c.prepare()
		}
		var seconds float64
		if err == nil {
			seconds, err = b.time(w.run)
		}
		if err = first(err, b.free()); err != nil {
			return fmt.Errorf("%s of %s: %w", c.kernel, s.Name, err)
		}
		w.kernel = c.kernel
		b.report(b.machine.result(w, fmt.Sprintf("%s %s", b.machine.variant(), k.Precision()), s.Name, seconds))
	}
	return nil
}

// time returns the seconds that run takes, measured by events around many calls.
func (b *bench) time(run func() error) (float64, error) {
	measure := func(n int) (time.Duration, error) {
		if err := b.c.Record(b.from, b.stream); err != nil {
			return 0, err
		}
		for range n {
			if err := run(); err != nil {
				return 0, err
			}
		}
		if err := b.c.Record(b.to, b.stream); err != nil {
			return 0, err
		}
		if err := b.c.Synchronize(b.stream); err != nil {
			return 0, err
		}
		return b.c.Elapsed(b.from, b.to)
	}
	if _, err := measure(1); err != nil { // warms up
		return 0, err
	}
	for n := 1; ; n *= 4 {
		took, err := measure(n)
		if err != nil {
			return 0, err
		}
		if took >= b.o.Time/4 || n >= maxRuns {
			return max(took.Seconds(), 1e-9) / float64(n), nil
		}
	}
}

// maxRuns bounds the launches that are queued at once.
const maxRuns = 4096

// alloc returns device memory, which the next call of free frees.
func (b *bench) alloc(bytes int) (driver.Ptr, error) {
	p, err := b.c.Alloc(uint64(bytes))
	if err == nil {
		b.held = append(b.held, p)
	}
	return p, err
}

// free frees what alloc has returned.
func (b *bench) free() error {
	err := b.c.Synchronize(b.stream)
	for _, p := range b.held {
		err = first(err, b.c.Free(p))
	}
	b.held = b.held[:0]
	return err
}

// copies measures how fast a plain copy is from device memory to device memory.
func (b *bench) copies() error {
	bytes := min(256<<20, int(b.c.Device().Memory/16))
	from, err := b.alloc(bytes)
	if err != nil {
		return err
	}
	to, err := b.alloc(bytes)
	if err == nil {
		err = b.c.Fill(from, 1, uint64(bytes), b.stream)
	}
	var seconds float64
	if err == nil {
		seconds, err = b.time(func() error { return b.c.CopyOnDevice(to, from, uint64(bytes), b.stream) })
	}
	if err = first(err, b.free()); err != nil {
		return err
	}
	b.machine.CopyGBps = 2 * float64(bytes) / 1e9 / seconds
	return nil
}
