package cuda

import (
	"fmt"
	"math/bits"

	"github.com/medner/medner/internal/cuda/gpukernels"
)

// shape is everything that the launches of a step depend on: steps of one shape share
// a graph. Its numbers are rounded up, so that there are few shapes; the kernels read
// the true numbers of rows from device memory.
type shape struct {
	rows, asked int    // rows, and rows at which the step asks for something
	narrow      bool   // whether some rows are not asked, and end in the last layer
	keys        int    // positions that attention sees
	adapters    string // adapters that rows are under
	own         bool   // whether token vectors come from the host
	choose      bool   // whether the device chooses
	scored      bool   // whether labels are scored at some row
	probes      int    // ids whose log-probability is asked at a row
	counted     bool   // whether the numbers of rows are in device memory
}

// headRows is the most rows of logits that are in memory at a time.
const headRows = 64

// maxGraphRows is the most rows of a step that is captured. Wider steps spend their
// time in the kernels, not in launches.
const maxGraphRows = 2 * headRows

// shapeOf returns the shape of a step.
func shapeOf(s *step, k *gpukernels.Kernels, d *decoder) shape {
	sh := shape{
		rows: s.rows, asked: len(s.asked), narrow: len(s.asked) < s.rows, keys: 1 << bits.Len(uint(max(s.keys, 256)-1)),
		own: s.own, choose: s.choose, scored: s.labels > 0, counted: s.rows <= maxGraphRows && s.rows > 0 && s.labels == 0,
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

// class rounds a number of rows up: to one of four numbers between two powers of two,
// such as 20, 24, 28 and 32.
func class(n int) int {
	step := 1
	for n > 8*step {
		step *= 2
	}
	return roundUp(n, step)
}
