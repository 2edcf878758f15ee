package kernels

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/internal/kinds"
)

// A fewLimit is up to how many tokens kernels for few tokens are faster than those for
// many, which expand weights first: of some kinds, in float32 or over integers. As
// families of kernels, limits are chosen by measurement, and no bit depends on them.
type fewLimit struct {
	format Format
	kinds  []kinds.Kind // that pack the format
	fast   bool
}

// fewLimits has the limits by the names that MEDNER_CPU knows. Where kinds share
// kernels they share a limit.
var fewLimits = map[string]fewLimit{
	"few4":        {NF4, []kinds.Kind{kinds.Bits4}, false},
	"few4bf16":    {NF4, []kinds.Kind{kinds.Bits4BF16}, false},
	"few4f16":     {NF4, []kinds.Kind{kinds.Bits4F16}, false},
	"fewu4":       {U4, []kinds.Kind{kinds.U4, kinds.U4x32}, false},
	"fewint8":     {Int8, []kinds.Kind{kinds.Int8}, false},
	"fewbf16":     {BF16, []kinds.Kind{kinds.BF16}, false},
	"fewf16":      {F16, []kinds.Kind{kinds.F16}, false},
	"fastfew4":    {NF4, []kinds.Kind{kinds.Bits4, kinds.Bits4BF16, kinds.Bits4F16}, true},
	"fastfewu4":   {U4, []kinds.Kind{kinds.U4, kinds.U4x32}, true},
	"fastfewint8": {Int8, []kinds.Kind{kinds.Int8}, true},
}

// fewMost is the greatest limit.
const fewMost = 64

// fewNames returns the names of limits in alphabetical order.
func fewNames() []string { return slices.Sorted(maps.Keys(fewLimits)) }

// of returns the limits of ops by kind that l is one of.
func (l fewLimit) of(ops *matrixOps) *[kinds.Count]int {
	if l.fast {
		return &ops.fastFew
	}
	return &ops.vectorFew
}

func (l fewLimit) set(ops *matrixOps, tokens int) {
	for _, k := range l.kinds {
		l.of(ops)[k] = tokens
	}
}

// parseFew returns the limit that "fastfew4=12" names, and its tokens.
func parseFew(part string) (name string, tokens int, ok bool) {
	name, number, _ := strings.Cut(part, "=")
	tokens, err := strconv.Atoi(number)
	_, known := fewLimits[name]
	return name, tokens, known && err == nil && number == strconv.Itoa(tokens) && tokens >= 1 && tokens <= fewMost
}

// fewSteps are the numbers of tokens among which limits are looked for.
var fewSteps = []int{1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24}

// fewRows are the rows of the matrix that limits are measured with. Shapes make no
// difference: matrices of any size cross at the same number of tokens.
const fewRows = 512

// measureFew returns the limits that are better than those of v by margin.
func measureFew(p *Pool, v *variant) (map[string]int, error) {
	found := map[string]int{}
	for name, l := range fewLimits {
		w, err := tuneMatrix(l.kinds[0], l.format, fewRows)
		if err != nil {
			return nil, err
		}
		limited := func(tokens int) *variant { return v.with(picks{few: map[string]int{name: tokens}}) }
		few, many := limited(fewMost), limited(0)
		ratio := func(tokens int) float64 { // of the times that the kernels for few and for many take
			return timeRatio(few, many, workload(p, l.fast, []*Weights{w}, tokens))
		}
		now := l.of(v.matrix)[l.kinds[0]]
		if best := bestLimit(now, ratio); best != now {
			found[name] = best
		}
	}
	return found, nil
}

// bestLimit looks for a better limit than now: up, while the kernels for few tokens are
// faster with the next number of tokens, or down, while those for many are; by margin.
func bestLimit(now int, ratio func(tokens int) float64) int {
	at := now
	for _, next := range fewSteps {
		if next <= at {
			continue
		}
		if ratio(next) > 1/margin {
			break
		}
		at = next
	}
	if at > now {
		return at
	}
	for i, step := range slices.Backward(fewSteps) {
		if i == 0 || step > at {
			continue
		}
		if ratio(step) < margin {
			break
		}
		at = fewSteps[i-1]
	}
	return at
}
