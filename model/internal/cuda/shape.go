package cuda

import (
	"fmt"
	"math/bits"

	"github.com/medner/medner/internal/cuda/gpukernels"
)

// shape is all that the launches of a step depend on: steps of one shape have
// one graph. Numbers are rounded up, so that there are few; how many rows there
// are the kernels read from device memory.
type shape struct {
	rows, asked int
	narrow      bool   // rows that nothing is asked of end in the last layer
	keys        int    // positions that attention sees
	adapters    string // that rows are under
	own         bool   // token vectors come from the host
	choose      bool
	probes      int
	counted     bool // the numbers of rows are in device memory
}

// headRows is how many rows of logits are in memory at a time.
const headRows = 64

// maxGraphRows is the widest step that is captured: of wider ones the time is
// in the kernels.
const maxGraphRows = 2 * headRows

// shapeOf rounds a step's numbers up.
func shapeOf(s *step, k *gpukernels.Kernels, d *decoder) shape {
	sh := shape{
		rows: s.rows, asked: len(s.asked), narrow: len(s.asked) < s.rows, keys: 1 << bits.Len(uint(max(s.keys, 256)-1)),
		own: s.own, choose: s.choose, counted: s.rows <= maxGraphRows && s.rows > 0,
	}
	if k.AttentionBytes(gpukernels.Rows{Most: class(s.rows)}, d.heads, d.headDim, sh.keys) > maxScores || s.logits && len(s.asked) > headRows {
		sh.counted = false
	}
	if s.probes > 0 {
		sh.probes = 1 << bits.Len(uint(s.probes-1))
	}
	if len(s.adapters) > 0 {
		sh.adapters = fmt.Sprint(s.adapters)
	}
	if sh.counted {
		sh.rows, sh.asked = class(s.rows), class(len(s.asked))
		if !sh.narrow {
			sh.asked = sh.rows
		}
	}
	return sh
}

// class rounds a number of rows up, by an eighth or so.
func class(n int) int {
	step := 1
	for n > 8*step {
		step *= 2
	}
	return roundUp(n, step)
}
