//go:build gpu

package cuda

import (
	"math/rand/v2"
	"slices"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/quant"
)

// toyConfig is a decoder with three query heads to a KV head, of shapes that
// fill no tile and no block.
func toyConfig(family string, headDim int) *arch.Config {
	return &arch.Config{ModelType: family, VocabSize: 77, HiddenSize: 72, IntermediateSize: 136, NumHiddenLayers: 2,
		NumAttentionHeads: 6, NumKeyValueHeads: 2, HeadDim: headDim, MaxPositionEmbeddings: 1000, RMSNormEps: 1e-5}
}

type toyWeights struct{ random *rand.Rand }

func (w toyWeights) numbers(n int, scale float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(w.random.NormFloat64() * scale)
	}
	return x
}

func (w toyWeights) matrix(rows, cols int) quant.Matrix {
	return quant.NewF32(rows, cols, w.numbers(rows*cols, 0.15))
}

func (w toyWeights) linear(rows, cols int, bias bool) backend.Linear {
	l := backend.Linear{Weight: w.matrix(rows, cols)}
	if bias {
		l.Bias = w.numbers(rows, 0.1)
	}
	return l
}

func (w toyWeights) norm(n int) backend.Norm {
	gains := w.numbers(n, 0.1)
	for i := range gains {
		gains[i]++
	}
	return backend.Norm{Weight: gains}
}

// newToy is a Llama, see newToyOf.
func newToy(headDim int, adapters, bias, tied bool) *backend.Weights {
	return newToyOf("llama", headDim, adapters, bias, tied)
}

// newToyOf is a model of a family, with three adapters if asked for: low-rank paths, one of
// them DoRA's; replaced weights, gains and biases; a token table of its own.
func newToyOf(family string, headDim int, adapters, bias, tied bool) *backend.Weights {
	c := toyConfig(family, headDim)
	w := toyWeights{rand.New(rand.NewPCG(7, uint64(headDim)))}
	all := &backend.Weights{Config: c, InvFreq: make([]float32, headDim/2), Norm: w.norm(c.HiddenSize)}
	for i := range all.InvFreq {
		all.InvFreq[i] = 1 / float32(1+i*i)
	}
	for range c.NumHiddenLayers {
		var layer backend.Layer
		for n := range arch.Norms {
			if c.HasNorm(n) {
				layer.Norms[n] = w.norm(n.Width(c))
			}
		}
		for l := range arch.Linears {
			rows, cols := l.Shape(c)
			layer.Linears[l] = w.linear(rows, cols, bias && l != arch.Up)
		}
		all.Layers = append(all.Layers, layer)
	}
	all.Embed.Weight = w.matrix(c.VocabSize, c.HiddenSize)
	if all.Head = w.linear(c.VocabSize, c.HiddenSize, false); tied {
		all.Head.Weight = all.Embed.Weight
	}
	all.Classifiers = []*backend.Classifier{{Weight: w.matrix(toyLabels[0], c.HiddenSize), Bias: w.numbers(toyLabels[0], 1)}}
	if adapters {
		w.adapt(all)
	}
	return all
}

// toyLabels has the number of labels under the base and under each adapter.
var toyLabels = []int{5, 3, 5, 17}

func (w toyWeights) adapt(all *backend.Weights) {
	all.Adapters = []string{"low", "dora", "saved"}
	all.Classifiers = append(all.Classifiers, &backend.Classifier{Weight: w.matrix(toyLabels[1], all.Config.HiddenSize)},
		all.Classifiers[0], &backend.Classifier{Weight: w.matrix(toyLabels[3], all.Config.HiddenSize), Bias: w.numbers(toyLabels[3], 1)})
	low := func(l *backend.Linear, rank int) *backend.Adapted {
		return &backend.Adapted{Down: w.matrix(rank, l.Weight.Cols()), Up: w.matrix(l.Weight.Rows(), rank), Scale: 0.7}
	}
	for i := range all.Layers {
		l := &all.Layers[i]
		for j := range l.Linears {
			m := &l.Linears[j]
			rows := m.Weight.Rows()
			dora := low(m, 3+j)
			dora.RowScale, dora.Bias = w.numbers(rows, 1), w.numbers(rows, 0.1)
			saved := &backend.Adapted{Weight: w.matrix(rows, m.Weight.Cols())}
			m.Adapted = []*backend.Adapted{low(m, 8), dora, saved}
			if j == 1 || j == 3 {
				m.Adapted[0] = nil
			}
		}
		for n := range l.Norms {
			gains := func() []float32 { return w.norm(arch.Norm(n).Width(all.Config)).Weight }
			switch n := arch.Norm(n); {
			case !all.Config.HasNorm(n):
			case n == arch.InputNorm || n == arch.QueryNorm:
				l.Norms[n].Adapted = [][]float32{nil, nil, gains()}
			case n == arch.KeyNorm:
				l.Norms[n].Adapted = [][]float32{gains(), nil, nil}
			}
		}
	}
	all.Head.Adapted = []*backend.Adapted{nil, low(&all.Head, 4), {Weight: w.matrix(all.Config.VocabSize, all.Config.HiddenSize)}}
	all.Norm.Adapted = [][]float32{nil, w.norm(all.Config.HiddenSize).Weight, nil}
	all.Embed.Adapted = []quant.Matrix{nil, nil, w.matrix(all.Config.VocabSize, all.Config.HiddenSize)}
}

// script says which sequences play reads, under which adapters and in which pieces.
type script struct {
	adapters []int
	lengths  []int
	chunk    int  // tokens of a sequence in a step at most
	together bool // all sequences in a step, else one after the other
}

// played has the logits, the choice and the scores at each position of each sequence.
type played struct {
	logits  [][][]float32
	choices [][]choice.Choice
	scores  [][][]float32
}

func tokensOf(sequence, n int) []int32 {
	tokens := make([]int32, n)
	for i := range tokens {
		tokens[i] = int32((sequence*31 + i*i*7 + i) % 77)
	}
	return tokens
}

// ask returns a row under a penalty, a mask and a way of drawing that depend on
// its place.
func ask(sequence, position int) backend.Row {
	r := &choice.Rule{Penalty: 1.3, Penalised: []uint64{0x123456789abcdef, 0x1f}, Drafted: []int32{int32(position % 77), 3}, Probes: []int32{5, int32(sequence)}}
	if position%3 == 0 {
		r.Allowed = []uint64{0x5555_5555_5555_5555 << (position % 2)}
	}
	row := backend.Row{Logits: make([]float32, 77), Rule: r, Choice: new(choice.Choice)}
	if position%2 == 0 {
		r.Sampling = choice.Sampling{Temperature: 1.5, TopK: 40 * (sequence % 2), TopP: 0.9, Seed: 7, Position: position + 1}
		row.Logits = nil // the choice needs them all the same
	}
	return row
}

// play runs a script, with a fork and a truncation on the way, and leaves no
// cache open.
func play(step func([]backend.Span) error, b backend.Backend, s script) (*played, error) {
	p := &played{make([][][]float32, len(s.lengths)), make([][]choice.Choice, len(s.lengths)), make([][][]float32, len(s.lengths))}
	caches := make([]backend.Cache, len(s.lengths))
	for i := range caches {
		caches[i] = b.NewCache()
	}
	defer func() {
		for _, c := range caches {
			c.Close()
		}
	}()
	for at := 0; at < slices.Max(s.lengths); at += s.chunk {
		var spans []backend.Span
		for i, n := range s.lengths {
			to := min(at+s.chunk, n)
			if at >= to {
				continue
			}
			span := backend.Span{Cache: caches[i], Tokens: tokensOf(i, n)[at:to], Adapter: s.adapters[i]}
			for j := at; j < to; j++ {
				row := backend.Row{Choice: new(choice.Choice)}
				if j >= n-3 {
					row = ask(i, j)
				}
				// Some rows ask for all, some for scores alone. Sequences of few tokens ask
				// for no scores at their end: steps with scores are never captured.
				if j < n-3 || j%2 == 0 && n > 8 {
					row.Scores = make([]float32, toyLabels[1+s.adapters[i]])
				}
				if j >= n-9 {
					span.Rows = append(span.Rows, row)
				}
			}
			spans = append(spans, span)
		}
		groups := [][]backend.Span{spans}
		if !s.together {
			groups = nil
			for _, span := range spans {
				groups = append(groups, []backend.Span{span})
			}
		}
		for _, group := range groups {
			if err := step(group); err != nil {
				return nil, err
			}
			for _, span := range group {
				i := slices.Index(caches, span.Cache)
				for _, r := range span.Rows {
					p.logits[i], p.choices[i] = append(p.logits[i], r.Logits), append(p.choices[i], *r.Choice)
					p.scores[i] = append(p.scores[i], r.Scores)
				}
			}
		}
		if at == 0 { // a detour that must leave no trace
			fork := caches[0].Fork(caches[0].Len() - 1)
			err := step([]backend.Span{{Cache: fork, Tokens: []int32{9, 9, 9}, Adapter: s.adapters[0]}})
			fork.Close()
			if err == nil {
				err = step([]backend.Span{{Cache: caches[0], Tokens: []int32{1, 2, 3, 4}, Adapter: s.adapters[0]}})
				caches[0].Truncate(min(s.chunk, s.lengths[0]))
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}
