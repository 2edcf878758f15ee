package confidence

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Sample is an item of known outcome.
type Sample struct {
	Features
	Correct bool
	// Group is the item's document: cross-fitting keeps its items together.
	Group string
}

// Curve maps features to the probability that an item is right.
type Curve struct {
	// Weights of the logistic regression: a constant, then Mean, Min, First,
	// End and Agreement.
	Weights [dims]float64 `json:"weights"`
	// Blocks of the isotonic regression, ascending.
	Blocks []Block `json:"blocks"`
}

// Block is a range of scores whose items share a probability.
type Block struct {
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Value float64 `json:"value"`
	Count float64 `json:"count"`
}

// Fit learns a curve; nil without samples.
func Fit(samples []Sample) *Curve {
	if len(samples) == 0 {
		return nil
	}
	c := &Curve{Weights: logistic(samples)}
	points := make([]Block, len(samples))
	right := 0.0
	for i, s := range samples {
		x := c.score(s.Features)
		points[i] = Block{x, x, outcome(s.Correct), 1}
		right += outcome(s.Correct)
	}
	slices.SortStableFunc(points, func(a, b Block) int { return cmp.Compare(a.Low, b.Low) })
	c.Blocks = shrink(isotonic(gather(points)), right/float64(len(samples)))
	return c
}

// leastBlock is the least number of items that a block is made of: fewer say
// more about chance than about the items.
const leastBlock = 10

// gather joins points in order into blocks of leastBlock or a few more.
func gather(points []Block) []Block {
	blocks := make([]Block, max(1, len(points)/leastBlock))
	for i := range blocks {
		part := points[i*len(points)/len(blocks) : (i+1)*len(points)/len(blocks)]
		b := part[0]
		for _, p := range part[1:] {
			b = join(b, p)
		}
		blocks[i] = b
	}
	return blocks
}

// join is two neighbouring blocks as one.
func join(a, b Block) Block {
	w := a.Count + b.Count
	return Block{a.Low, b.High, (a.Value*a.Count + b.Value*b.Count) / w, w}
}

func outcome(correct bool) float64 {
	if correct {
		return 1
	}
	return 0
}

// Apply returns the probability for an item: that of the block in which its
// score lies, and between two blocks what lies between.
func (c *Curve) Apply(f Features) float64 {
	x := c.score(f)
	i := sort.Search(len(c.Blocks), func(i int) bool { return c.Blocks[i].High >= x })
	if i == len(c.Blocks) {
		return c.Blocks[i-1].Value
	}
	b := c.Blocks[i]
	if i == 0 || x >= b.Low {
		return b.Value
	}
	a := c.Blocks[i-1]
	return a.Value + (b.Value-a.Value)*(x-a.High)/(b.Low-a.High)
}

// Threshold is the least probability from which on the items of the fit are
// right in the given share at least; false where none are.
func (c *Curve) Threshold(precision float64) (threshold float64, ok bool) {
	right, all := 0.0, 0.0
	for i := len(c.Blocks) - 1; i >= 0; i-- {
		b := c.Blocks[i]
		right += b.Value * b.Count
		all += b.Count
		if right/all < precision {
			break
		}
		threshold, ok = b.Value, true
	}
	return threshold, ok
}

func (c *Curve) score(f Features) float64 { return dot(c.Weights, f.vector()) }

// CrossFit returns each sample's probability by a curve that was fitted without
// the samples of its document, and of the others in its fold.
func CrossFit(samples []Sample, folds int) []float64 {
	var groups []string
	fold := map[string]int{}
	for _, s := range samples {
		if _, ok := fold[s.Group]; !ok {
			fold[s.Group] = len(groups) % folds
			groups = append(groups, s.Group)
		}
	}
	out := make([]float64, len(samples))
	for k := range folds {
		var rest []Sample
		for _, s := range samples {
			if fold[s.Group] != k {
				rest = append(rest, s)
			}
		}
		c := Fit(rest)
		for i, s := range samples {
			if fold[s.Group] != k {
				continue
			}
			if c == nil {
				out[i] = math.NaN()
			} else {
				out[i] = c.Apply(s.Features)
			}
		}
	}
	return out
}

// isotonic is the least-squares fit of a function that never falls, by pooling
// adjacent violators. The points are in order; equal ones are pooled.
func isotonic(points []Block) []Block {
	var blocks []Block
	for _, p := range points {
		blocks = pool(blocks, p)
	}
	return blocks
}

// prior is the number of imagined items that every block has beside its own, of
// which the same share is right as of all: small blocks say little, and none
// says 0 or 1.
const prior = 5

// shrink adds the prior to blocks, and pools those that it puts out of order.
func shrink(blocks []Block, share float64) []Block {
	var out []Block
	for _, b := range blocks {
		b.Value = (b.Value*b.Count + prior*share) / (b.Count + prior)
		out = pool(out, b)
	}
	return out
}

// pool appends a block, joined with those before it that aren't below it.
func pool(blocks []Block, b Block) []Block {
	for n := len(blocks); n > 0; n = len(blocks) {
		a := blocks[n-1]
		if a.Value < b.Value && a.High < b.Low {
			break
		}
		b = join(a, b)
		blocks = blocks[:n-1]
	}
	return append(blocks, b)
}

// ridge keeps the regression's weights small: the features say nearly the same.
const ridge = 5

// logistic fits weights by Newton's method. The standardised features' weights
// are drawn to zero, and none is negative: more probability never means less
// confidence. The weights returned are for the features as they are.
func logistic(samples []Sample) [dims]float64 {
	var mean, sd [dims]float64
	n := float64(len(samples))
	for _, s := range samples {
		for i, v := range s.vector() {
			mean[i] += v / n
		}
	}
	for _, s := range samples {
		for i, v := range s.vector() {
			sd[i] += (v - mean[i]) * (v - mean[i]) / n
		}
	}
	mean[0], sd[0] = 0, 1
	for i := range sd {
		if sd[i] = math.Sqrt(sd[i]); sd[i] < 1e-9 {
			sd[i] = math.Inf(1) // a feature that says nothing has no weight
		}
	}
	x := make([][dims]float64, len(samples))
	for k, s := range samples {
		x[k] = s.vector()
		for i := range x[k] {
			x[k][i] = (x[k][i] - mean[i]) / sd[i]
		}
	}
	var off [dims]bool
	w := newton(samples, x, off)
	for negative(w) {
		least := 1
		for i := range w {
			if i > 0 && w[i] < w[least] {
				least = i
			}
		}
		off[least] = true
		w = newton(samples, x, off)
	}
	for i := 1; i < dims; i++ {
		w[i] /= sd[i]
		w[0] -= w[i] * mean[i]
	}
	return w
}

func negative(w [dims]float64) bool {
	return slices.ContainsFunc(w[1:], func(v float64) bool { return v < 0 })
}

// newton maximises the likelihood of samples with features x, those switched
// off having no weight.
func newton(samples []Sample, x [][dims]float64, off [dims]bool) (w [dims]float64) {
	for range 50 {
		var gradient [dims]float64
		var hessian [dims][dims]float64
		for i := range dims {
			hessian[i][i] = ridge
			gradient[i] = -ridge * w[i]
		}
		hessian[0][0], gradient[0] = 1e-9, 0 // the constant is free
		for k, s := range samples {
			p := 1 / (1 + math.Exp(-dot(w, x[k])))
			for i := range dims {
				gradient[i] += (outcome(s.Correct) - p) * x[k][i]
				for j := range dims {
					hessian[i][j] += p * (1 - p) * x[k][i] * x[k][j]
				}
			}
		}
		for i := range dims {
			if off[i] {
				hessian[i] = [dims]float64{}
				for j := range dims {
					hessian[j][i] = 0
				}
				hessian[i][i], gradient[i] = 1, 0
			}
		}
		step := solve(hessian, gradient)
		size := 0.0
		for i := range w {
			w[i] += step[i]
			size = max(size, math.Abs(step[i]))
		}
		if size < 1e-10 {
			break
		}
	}
	return w
}

// solve solves a x = b for a positive definite a, by Gauss's elimination.
func solve(a [dims][dims]float64, b [dims]float64) [dims]float64 {
	for i := range dims {
		for j := i + 1; j < dims; j++ {
			f := a[j][i] / a[i][i]
			for k := i; k < dims; k++ {
				a[j][k] -= f * a[i][k]
			}
			b[j] -= f * b[i]
		}
	}
	for i := dims - 1; i >= 0; i-- {
		for k := i + 1; k < dims; k++ {
			b[i] -= a[i][k] * b[k]
		}
		b[i] /= a[i][i]
	}
	return b
}

func dot(a, b [dims]float64) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i] * b[i])
	}
	return sum
}
