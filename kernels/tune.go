package kernels

import (
	"encoding/json"
	"os"
	"reflect"
	"runtime"
	"time"

	"github.com/medner/medner/internal/kinds"
)

// tuned is what a cache keeps of a measurement.
type tuned struct {
	Machine  string            `json:"machine"`  // and the build, see machineName
	Families map[string]string `json:"families"` // the variants that were faster than the best instruction set's
}

// margin is by how much a variant must be faster than that of the best instruction set
// to be chosen, so that no choice hangs on the noise of a measurement.
const margin = 1.05

// Tune chooses the variant of each family of kernels by measuring them on this machine,
// in some tens of milliseconds. Results of products don't depend on what it chooses.
// cached is what an earlier Tune returned, in a process of the same build on such a
// machine: then nothing is measured. Anything else in cached is ignored. Tune returns
// what to keep, nil if that is cached. It does nothing where MEDNER_CPU forces a
// variant, and where there is nothing to choose from.
func Tune(build string, cached []byte) []byte {
	c := current()
	if os.Getenv(envCPU) != "" || len(nativeVariants) < 2 || c.variant == scalarVariant {
		return nil
	}
	machine := machineName(build)
	var t tuned
	if json.Unmarshal(cached, &t) == nil && t.Machine == machine {
		if picks, ok := t.picks(); ok {
			c.use(picks)
			return nil
		}
	}
	t = tuned{Machine: machine, Families: map[string]string{}}
	for family, v := range fastest(c) {
		t.Families[family] = v.name
	}
	picks, ok := t.picks()
	if !ok {
		return nil
	}
	c.use(picks)
	kept, err := json.Marshal(t)
	if err != nil {
		return nil
	}
	return kept
}

// picks returns the variants that t names; false if one can't run.
func (t *tuned) picks() (map[string]*variant, bool) {
	picks := map[string]*variant{}
	for family, name := range t.Families {
		_, one, bad := parseForced(nativeVariants, ","+family+"="+name)
		if bad != "" {
			return nil, false
		}
		picks[family] = one[family]
	}
	return picks, true
}

// use puts c with the picks into use.
func (c *choice) use(picks map[string]*variant) {
	if len(picks) == 0 {
		return
	}
	chosen.Store(&choice{c.with(picks), c.reason + "; measured to be faster: " + describe(picks)})
}

// machineName names the build and what the choice depends on: the processor as Linux
// describes it, and the variants that it has.
func machineName(build string) string {
	name := build + " " + runtime.GOARCH + " " + processorName("/")
	for _, v := range nativeVariants {
		if v.missing == "" {
			name += " " + v.name
		}
	}
	return name
}

// fastest measures all families, and returns the variants that beat those of c by margin.
func fastest(c *choice) map[string]*variant {
	defer chosen.Store(c)
	p := NewPool(1)
	defer p.Close()
	large, err := tuneWeights(8192, tuneBytes)
	if err != nil {
		return nil
	}
	small, err := tuneWeights(128, 1)
	if err != nil {
		return nil
	}
	picks := map[string]*variant{}
	for _, family := range familyNames() {
		run := workload(p, family, large, 1)
		if family == "block" || family == "fastblock" {
			run = workload(p, family, small, 56)
		}
		best := time.Duration(float64(timed(c.variant, run)) / margin)
		seen := map[uintptr]bool{mainKernel(family, c.variant): true}
		for _, v := range nativeVariants {
			if seen[mainKernel(family, v)] || v.unfit() != "" {
				continue
			}
			seen[mainKernel(family, v)] = true
			if took := timed(c.with(map[string]*variant{family: v}), run); took < best {
				best, picks[family] = took, v
			}
		}
	}
	return picks
}

// mainKernel tells the kernels of a family that v has from those of other variants: by
// the address of the one for NF4.
func mainKernel(family string, v *variant) uintptr {
	var kernel any
	switch family {
	case "column":
		kernel = v.matrix.vector[kinds.Bits4]
	case "block":
		kernel = v.matrix.block
	case "fastcolumn":
		kernel = v.matrix.fastVector[kinds.Bits4]
	case "fastblock":
		kernel = v.matrix.fastBlock4
	}
	return reflect.ValueOf(kernel).Pointer()
}

// timed returns the shorter of two times that run takes with v in use.
func timed(v *variant, run func()) time.Duration {
	chosen.Store(&choice{v, "measured"})
	best := time.Hour
	for range 2 {
		start := time.Now()
		run()
		best = min(best, time.Since(start))
	}
	return best
}

// tuneK is the depth of the matrices that are multiplied.
const tuneK = 2048

// workload returns a function that multiplies n tokens by all matrices with a family's
// kernels.
func workload(p *Pool, family string, turns []*Weights, n int) func() {
	in := &Input{Fast: family == "fastcolumn" || family == "fastblock"}
	x, y := make([]float32, n*tuneK), make([]float32, n*turns[0].rows)
	for i := range x {
		x[i] = float32(i%17-8) / 8
	}
	return func() {
		for _, w := range turns {
			in.Reset(x, n, tuneK)
			w.MatMul(p, y, in)
		}
	}
}

// tuneWeights returns NF4 matrices of so many rows that hold at least some bytes.
func tuneWeights(rows int, bytes int64) (turns []*Weights, err error) {
	q := FourBit{Rows: rows, Cols: tuneK, Format: NF4, Block: blockK}
	for i := range q.Code {
		q.Code[i] = float32(i-8) / 8
	}
	for held := int64(0); held < bytes; {
		w, err := newGrouped(q.kind(), NF4, rows, tuneK, q.grouping())
		if err != nil {
			return nil, err
		}
		w.code = newCodebook(&q.Code)
		for i := 0; i < len(w.words); i += 512 { // a page has no memory before it is written
			w.words[i] = uint32(i)
		}
		turns, held = append(turns, w), held+w.Bytes()
	}
	return turns, nil
}

// tuneBytes is a size that few caches hold.
const tuneBytes = 40 << 20
