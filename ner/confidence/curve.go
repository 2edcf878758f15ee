package confidence

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Sample is an item that is known to be right or wrong.
type Sample struct {
	Features
	Correct bool
	// Group names the item's document. Items of one document are alike, so that
	// CrossFit never fits a curve to some of them and applies it to the others.
	Group string
}

// Curve maps features to the probability that an item is right.
type Curve struct {
	// Weights has the logistic regression's weights of a constant 1, and of Mean,
	// Min, First, End and Agreement.
	Weights [dims]float64 `json:"weights"`
	// Blocks has the blocks of the isotonic regression, ascending.
	Blocks []Block `json:"blocks"`
}

// Block is a range of the logistic regression's results whose items have one
// probability.
type Block struct {
	Low   float64 `json:"low"`   // the least result
	High  float64 `json:"high"`  // the largest result, at least Low
	Value float64 `json:"value"` // the probability
	Count float64 `json:"count"` // the samples that it was fitted to
}

// Fit fits a curve to samples; without any it returns nil.
func Fit(samples []Sample) *Curve {
	if len(samples) == 0 {
		return nil
	}
	c := &Curve{Weights: logistic(samples)}
	points := make([]Block, len(samples))
	right := 0.0
	for i, s := range samples {
		x := c.score(s.Features)
		points[i] = Block{Low: x, High: x, Value: outcome(s.Correct), Count: 1}
		right += outcome(s.Correct)
	}
	slices.SortStableFunc(points, func(a, b Block) int { return cmp.Compare(a.Low, b.Low) })
	c.Blocks = shrink(isotonic(gather(points)), right/float64(len(samples)))
	return c
}

// leastBlock is the least number of samples that a block is made of, unless there
// are fewer: the share of right ones among few is mostly chance.
const leastBlock = 10

// gather joins neighbouring points into blocks of leastBlock points, or a few
// more.
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

// join makes one block of a and b, which follows a.
func join(a, b Block) Block {
	count := a.Count + b.Count
	return Block{Low: a.Low, High: b.High, Value: (a.Value*a.Count + b.Value*b.Count) / count, Count: count}
}

func outcome(correct bool) float64 {
	if correct {
		return 1
	}
	return 0
}

// Apply returns the probability that an item is right: the value of the block in
// which the regression's result for it lies. Between two blocks it goes from one
// value to the other in a straight line.
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

// Threshold returns the least probability such that, of the samples with this
// probability or more, at least the share precision was right. It returns false
// where no probability is high enough.
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

// score returns the logistic regression's result, a logarithm of odds.
func (c *Curve) score(f Features) float64 { return dot(c.Weights, f.vector()) }

// CrossFit returns for each sample the probability that a curve gives it which
// has not seen its document: the documents are dealt out to folds in turn, and a
// curve is fitted to all folds but one, for the samples of that one. It is NaN
// where the other folds are empty.
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

// isotonic fits a function that never falls to points in ascending order, with
// the least squared error, by pooling adjacent violators. Points with one Low are
// pooled too.
func isotonic(points []Block) []Block {
	var blocks []Block
	for _, p := range points {
		blocks = pool(blocks, p)
	}
	return blocks
}

// prior is a number of imagined samples that shrink adds to every block, with the
// share of right ones that all samples have: a small block says little by itself,
// and no block should say 0 or 1.
const prior = 5

// shrink draws the values of blocks towards share, and pools blocks that are out
// of order afterwards.
func shrink(blocks []Block, share float64) []Block {
	var out []Block
	for _, b := range blocks {
		b.Value = (b.Value*b.Count + prior*share) / (b.Count + prior)
		out = pool(out, b)
	}
	return out
}

// pool appends b to ascending blocks, after joining it with the last blocks as
// long as they are not below it.
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

// ridge is how strongly the regression's weights are drawn to zero. The features
// are so alike that their weights would otherwise be large and of both signs.
const ridge = 5

// logistic fits the weights of a logistic regression with a ridge penalty to the
// standardised features, and returns the weights of the features themselves.
// No weight but the constant's is negative, so that a higher probability of a
// token never lowers the confidence: as long as there are negative weights, the
// lowest is fixed at zero and the others are fitted again.
func logistic(samples []Sample) [dims]float64 {
	mean, sd := moments(samples)
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

// moments returns the mean and the standard deviation of each feature. The
// constant has 0 and 1, so that it stays as it is, and a feature that is the same
// in all samples has an infinite deviation, so that it has no weight.
func moments(samples []Sample) (mean, sd [dims]float64) {
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
			sd[i] = math.Inf(1)
		}
	}
	return mean, sd
}

// negative tells whether a weight other than the constant's is below zero.
func negative(w [dims]float64) bool {
	return slices.ContainsFunc(w[1:], func(v float64) bool { return v < 0 })
}

// newton returns the weights that maximise the penalised likelihood of samples
// whose standardised features are x; features that are off have the weight 0.
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

// solve returns the x for which a·x = b, where a is positive definite, by Gauss's
// elimination.
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
