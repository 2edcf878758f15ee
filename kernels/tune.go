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
	Few      map[string]int    `json:"few"`      // the limits that were faster than those in the code
}

// margin is by how much a choice must be faster than the one in the code, so that none
// hangs on the noise of a measurement.
const margin = 1.05

// Tune chooses the variant of each family of kernels, and up to how many tokens those
// for few tokens are used, by measuring them on this machine, in a tenth of a second or two.
// Results of products don't depend on what it chooses. cached is what an earlier Tune
// returned, in a process of the same build on such a machine: then nothing is measured.
// Anything else in cached is ignored. Tune returns what to keep, nil if that is cached.
// It does nothing where MEDNER_CPU forces a variant, and where the kernels are plain Go.
func Tune(build string, cached []byte) []byte {
	c := current()
	if os.Getenv(envCPU) != "" || c.variant == scalarVariant {
		return nil
	}
	machine := machineName(build)
	var t tuned
	if json.Unmarshal(cached, &t) == nil && t.Machine == machine {
		if picked, ok := t.picks(); ok {
			c.use(picked)
			return nil
		}
	}
	picked, err := fastest(c)
	if err != nil {
		return nil
	}
	c.use(picked)
	t = tuned{machine, map[string]string{}, picked.few}
	for family, v := range picked.families {
		t.Families[family] = v.name
	}
	kept, err := json.Marshal(t)
	if err != nil {
		return nil
	}
	return kept
}

// picks returns what t names; false if it can't be had.
func (t *tuned) picks() (picks, bool) {
	if t.Families == nil || t.Few == nil {
		return picks{}, false
	}
	found := picks{map[string]*variant{}, t.Few}
	for family, name := range t.Families {
		v := pickable(nativeVariants, family, name)
		if v == nil {
			return picks{}, false
		}
		found.families[family] = v
	}
	for name, tokens := range t.Few {
		if _, known := fewLimits[name]; !known || tokens < 1 || tokens > fewMost {
			return picks{}, false
		}
	}
	return found, true
}

// use puts c with the picks into use.
func (c *choice) use(p picks) {
	if p.empty() {
		return
	}
	chosen.Store(&choice{c.with(p), c.reason + "; measured to be faster: " + p.String()})
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

// fastest measures all families, and then the limits with the fastest of these. It
// returns what beats c by margin.
func fastest(c *choice) (picks, error) {
	defer chosen.Store(c)
	p := NewPool(1)
	defer p.Close()
	best, err := fastestFamilies(p, c)
	if err != nil {
		return picks{}, err
	}
	few, err := measureFew(p, c.with(picks{families: best}))
	return picks{best, few}, err
}

// fastestFamilies returns the variants of families that beat those of c by margin.
func fastestFamilies(p *Pool, c *choice) (map[string]*variant, error) {
	large, err := tuneWeights(8192, tuneBytes)
	if err != nil {
		return nil, err
	}
	small, err := tuneWeights(128, 1)
	if err != nil {
		return nil, err
	}
	found := map[string]*variant{}
	for _, family := range familyNames() {
		fast := family == "fastcolumn" || family == "fastblock"
		run := workload(p, fast, large, 1)
		if family == "block" || family == "fastblock" {
			run = workload(p, fast, small, 56)
		}
		best := 1 / margin
		seen := map[uintptr]bool{mainKernel(family, c.variant): true}
		for _, v := range nativeVariants {
			if seen[mainKernel(family, v)] || v.unfit() != "" {
				continue
			}
			seen[mainKernel(family, v)] = true
			if ratio := timeRatio(c.with(picks{families: map[string]*variant{family: v}}), c.variant, run); ratio < best {
				best, found[family] = ratio, v
			}
		}
	}
	return found, nil
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

// timeRatio returns the time that run takes with v in use over the time with other, the
// shortest of three each. It takes them in turn, as processors change their speed.
func timeRatio(v, other *variant, run func()) float64 {
	best := [2]time.Duration{time.Hour, time.Hour}
	for range 3 {
		for i, used := range []*variant{v, other} {
			chosen.Store(&choice{used, "measured"})
			start := time.Now()
			run()
			best[i] = min(best[i], time.Since(start))
		}
	}
	return float64(best[0]) / float64(best[1])
}

// tuneK is the depth of the matrices that are multiplied.
const tuneK = 2048

// workload returns a function that multiplies n tokens by all matrices.
func workload(p *Pool, fast bool, turns []*Weights, n int) func() {
	in := &Input{Fast: fast}
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
	for held := int64(0); held < bytes; {
		w, err := tuneMatrix(kinds.Bits4, NF4, rows)
		if err != nil {
			return nil, err
		}
		turns, held = append(turns, w), held+w.Bytes()
	}
	return turns, nil
}

// tuneMatrix returns a matrix of a kind, which packs a format.
func tuneMatrix(k kinds.Kind, f Format, rows int) (*Weights, error) {
	w, err := newGrouped(k, f, rows, tuneK, grouping{2 * blockK, F16})
	if err != nil {
		return nil, err
	}
	if k.Form().Codebook {
		var code [16]float32
		for i := range code {
			code[i] = float32(i-8) / 8
		}
		w.code = newCodebook(&code)
	}
	for i := 0; i < len(w.words); i += 512 { // a page has no memory before it is written
		w.words[i] = uint32(i)
	}
	return w, nil
}

// tuneBytes is a size that few caches hold.
const tuneBytes = 40 << 20
