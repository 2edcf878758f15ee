package kernelbench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/medner/medner/kernels"
)

// Options choose what Run measures.
type Options struct {
	Threads  int           // 0: as many as kernels.NewPool starts
	Variants []string      // names of instruction sets; nil: all that this processor has
	Models   []string      // names in Models(), in upper or lower case; nil: all
	Kernels  []string      // prefixes of kernel names, such as "gemv" and "gemm nf4"; nil: all
	Columns  int           // rows of activations that a gemm multiplies; 0: 128
	Context  int           // positions that attention reads; 0: 512
	Time     time.Duration // for each measurement; 0: 200 ms

	// memory is a size in bytes that no cache holds; 0: 256 MiB. The matrices that
	// take turns in a measurement are that large together, so that each is read
	// from memory, as in a model.
	memory int64
}

// Result is one kernel at one shape.
type Result struct {
	Variant string  `json:"variant"`
	Kernel  string  `json:"kernel"`
	Model   string  `json:"model"`
	Shape   string  `json:"shape"`
	Seconds float64 `json:"seconds"` // of a call: the fastest tenth take no longer
	GBps    float64 `json:"gb_per_s"`
	GFLOPs  float64 `json:"gflop_per_s"`
	// Bound is what limits the kernel at this shape: "memory" or "compute".
	Bound string  `json:"bound"`
	Share float64 `json:"roofline_share"`
}

// measurement is a kernel ready to run.
type measurement struct {
	kernel, shape string
	bytes, flops  float64
	int8          bool // the peak to compare with is that of int8
	run           func()
}

// Run measures, and calls report with each result as it comes. When it returns,
// the kernels' variant is the same as before.
func Run(ctx context.Context, o Options, report func(Result)) (Machine, error) {
	o.Columns, o.Context = cmp.Or(o.Columns, 128), cmp.Or(o.Context, 512)
	o.Time = cmp.Or(o.Time, 200*time.Millisecond)
	o.memory = cmp.Or(o.memory, 256<<20)
	variants, err := chosenVariants(o.Variants)
	if err != nil {
		return Machine{}, err
	}
	models, err := chosenShapes(o.Models)
	if err != nil {
		return Machine{}, err
	}
	p := kernels.NewPool(o.Threads)
	defer p.Close()
	m := Machine{Threads: p.Threads()}
	for _, s := range models {
		reads, peaks, err := m.measure(ctx, p, variants, o)
		if err != nil {
			return m, err
		}
		for _, c := range cases(s, &packer{}) {
			if !wanted(o.Kernels, c.kernel) {
				continue
			}
			work, err := c.prepare(p, s, o)
			if err != nil {
				return m, fmt.Errorf("%s of %s: %w", c.kernel, s.name, err)
			}
			for _, v := range variants {
				if err := ctx.Err(); err != nil {
					return m, err
				}
				restore, err := kernels.Force(v)
				if err != nil {
					return m, err
				}
				seconds := fastTenth(o.Time, work.run)
				restore()
				report(result(work, s.name, seconds, reads, peaks[v]))
			}
		}
	}
	return m, nil
}

// Roofline measures what the machine can do with a number of threads (0: as many as
// kernels.NewPool starts), for some time each: the bandwidth of memory, and the peaks of
// each instruction set that the processor has.
func Roofline(ctx context.Context, threads int, budget time.Duration) (Machine, error) {
	variants, err := chosenVariants(nil)
	if err != nil {
		return Machine{}, err
	}
	p := kernels.NewPool(threads)
	defer p.Close()
	m := Machine{Threads: p.Threads()}
	_, _, err = m.measure(ctx, p, variants, Options{Time: budget, memory: rooflineBytes})
	return m, err
}

// rooflineBytes is a size that no cache holds.
const rooflineBytes = 512 << 20

// measure measures the bandwidth and each variant's peaks. m keeps the best that
// were measured so far.
func (m *Machine) measure(ctx context.Context, p *kernels.Pool, variants []string, o Options) (reads float64, peaks map[string]Peak, err error) {
	reads, peaks = bandwidth(p, o.memory, 2*o.Time), map[string]Peak{}
	m.ReadGBps = max(m.ReadGBps, reads)
	for _, v := range variants {
		if err := ctx.Err(); err != nil {
			return 0, nil, err
		}
		restore, err := kernels.Force(v)
		if err != nil {
			return 0, nil, err
		}
		now := peak(p, o.Time)
		restore()
		peaks[v] = now
		i := slices.IndexFunc(m.Peaks, func(p Peak) bool { return p.Variant == v })
		if i < 0 {
			m.Peaks = append(m.Peaks, now)
			continue
		}
		m.Peaks[i].GFLOPs, m.Peaks[i].Int8 = max(m.Peaks[i].GFLOPs, now.GFLOPs), max(m.Peaks[i].Int8, now.Int8)
	}
	return reads, peaks, nil
}

// result compares the seconds that a call of m took with the roofline.
func result(m *measurement, model string, seconds, bandwidth float64, peak Peak) Result {
	top := peak.GFLOPs
	if m.int8 {
		top = peak.Int8
	}
	memory, compute := m.bytes/1e9/bandwidth, m.flops/1e9/top
	r := Result{
		Variant: peak.Variant, Kernel: m.kernel, Model: model, Shape: m.shape, Seconds: seconds,
		GBps: m.bytes / 1e9 / seconds, GFLOPs: m.flops / 1e9 / seconds,
		Bound: "memory", Share: memory / seconds,
	}
	if compute > memory {
		r.Bound, r.Share = "compute", compute/seconds
	}
	return r
}

// wanted reports whether a kernel's name begins with one of the prefixes, or no
// prefixes are given.
func wanted(prefixes []string, kernel string) bool {
	return prefixes == nil || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(kernel, p) })
}

// chosenVariants returns the instruction sets of those names; nil: all that this
// processor has.
func chosenVariants(names []string) ([]string, error) {
	var all, chosen []string
	for _, v := range kernels.Variants() {
		all = append(all, v.Name)
		if names == nil && v.Available || slices.Contains(names, v.Name) {
			if !v.Available {
				return nil, fmt.Errorf("variant %s: %s", v.Name, v.Reason)
			}
			chosen = append(chosen, v.Name)
		}
	}
	for _, n := range names {
		if !slices.Contains(all, n) {
			return nil, fmt.Errorf("variant %q: expected one of %s", n, strings.Join(all, ", "))
		}
	}
	return chosen, nil
}

// chosenShapes returns the shapes of those models; nil: all.
func chosenShapes(names []string) ([]shape, error) {
	if names == nil {
		return shapes, nil
	}
	var chosen []shape
	for _, n := range names {
		i := slices.IndexFunc(shapes, func(s shape) bool { return strings.EqualFold(s.name, n) })
		if i < 0 {
			return nil, fmt.Errorf("model %q: expected one of %s", n, strings.Join(Models(), ", "))
		}
		chosen = append(chosen, shapes[i])
	}
	return chosen, nil
}
