package gorgonia

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/cpu"
	"github.com/medner/medner/quant"
)

// matrix is [rows][cols], row-major.
type matrix struct {
	rows, cols int
	v          []float32
}

func random(r *rand.Rand, rows, cols int, mean, deviation float64) matrix {
	m := matrix{rows, cols, make([]float32, rows*cols)}
	for i := range m.v {
		m.v[i] = float32(mean + deviation*r.NormFloat64())
	}
	return m
}

func build(rows, cols int, at func(i, j int) float64) matrix {
	m := matrix{rows, cols, make([]float32, rows*cols)}
	for i := range m.v {
		m.v[i] = float32(at(i/cols, i%cols))
	}
	return m
}

func (m matrix) transposed() matrix {
	return build(m.cols, m.rows, func(i, j int) float64 { return float64(m.v[j*m.cols+i]) })
}

// part is the rows from, …, to-1.
func (m matrix) part(from, to int) matrix {
	return matrix{to - from, m.cols, m.v[from*m.cols : to*m.cols]}
}

func (m matrix) quant() quant.Matrix { return quant.NewF32(m.rows, m.cols, m.v) }

// weights are one layer's, [outputs, inputs], and the norm behind it.
type weights struct {
	q, k, v, o, gate, up, down      matrix
	inputNorm, postNorm, outputNorm matrix // [1, hidden]
}

func randomWeights(r *rand.Rand, c *arch.Config) weights {
	linear := func(out, in int) matrix { return random(r, out, in, 0, 1/math.Sqrt(float64(in))) }
	norm := func() matrix { return random(r, 1, c.HiddenSize, 1, 0.2) }
	query, key := c.NumAttentionHeads*c.HeadDim, c.NumKeyValueHeads*c.HeadDim
	return weights{
		q: linear(query, c.HiddenSize), k: linear(key, c.HiddenSize), v: linear(key, c.HiddenSize), o: linear(c.HiddenSize, query),
		gate: linear(c.IntermediateSize, c.HiddenSize), up: linear(c.IntermediateSize, c.HiddenSize), down: linear(c.HiddenSize, c.IntermediateSize),
		inputNorm: norm(), postNorm: norm(), outputNorm: norm(),
	}
}

// graph builds expressions; every node is a matrix.
type graph struct {
	*gorgonia.ExprGraph
	constants int
}

func (g *graph) constant(m matrix) *gorgonia.Node {
	g.constants++
	return gorgonia.NewMatrix(g.ExprGraph, tensor.Float32, gorgonia.WithShape(m.rows, m.cols),
		gorgonia.WithName(fmt.Sprintf("constant%d", g.constants)),
		gorgonia.WithValue(tensor.New(tensor.WithShape(m.rows, m.cols), tensor.WithBacking(m.v))))
}

func must(n *gorgonia.Node, err error) *gorgonia.Node {
	if err != nil {
		panic(err)
	}
	return n
}

func mul(a, b *gorgonia.Node) *gorgonia.Node      { return must(gorgonia.Mul(a, b)) }
func add(a, b *gorgonia.Node) *gorgonia.Node      { return must(gorgonia.Add(a, b)) }
func hadamard(a, b *gorgonia.Node) *gorgonia.Node { return must(gorgonia.HadamardProd(a, b)) }
func divide(a, b *gorgonia.Node) *gorgonia.Node   { return must(gorgonia.HadamardDiv(a, b)) }

// linear is x wᵀ.
func (g *graph) linear(x *gorgonia.Node, w matrix) *gorgonia.Node {
	return mul(x, g.constant(w.transposed()))
}

// norm is RMSNorm of the n rows of x.
func (g *graph) norm(x *gorgonia.Node, n int, gain matrix, eps float32) *gorgonia.Node {
	width := gain.cols
	mean := g.constant(build(width, width, func(_, _ int) float64 { return 1 / float64(width) }))
	epsilon := g.constant(build(n, width, func(_, _ int) float64 { return float64(eps) }))
	root := must(gorgonia.Sqrt(add(mul(hadamard(x, x), mean), epsilon)))
	gains := g.constant(build(n, width, func(_, j int) float64 { return float64(gain.v[j]) }))
	return hadamard(divide(x, root), gains)
}

// rotary turns a head of x, [n, dim], by the positions 0, 1, …
func (g *graph) rotary(x *gorgonia.Node, n, dim int, theta float64) *gorgonia.Node {
	half := dim / 2
	angle := func(position, j int) float64 {
		frequency := float32(math.Pow(theta, -float64(j%half)/float64(half)))
		return float64(float32(position) * frequency)
	}
	swap := g.constant(build(dim, dim, func(i, j int) float64 {
		switch i - j {
		case half:
			return -1
		case -half:
			return 1
		}
		return 0
	}))
	cos := g.constant(build(n, dim, func(i, j int) float64 { return math.Cos(angle(i, j)) }))
	sin := g.constant(build(n, dim, func(i, j int) float64 { return math.Sin(angle(i, j)) }))
	return add(hadamard(x, cos), hadamard(mul(x, swap), sin))
}

// attention is causal attention over n rows, head by head.
func (g *graph) attention(x *gorgonia.Node, n int, c *arch.Config, w weights) *gorgonia.Node {
	dim := c.HeadDim
	mask := g.constant(build(n, n, func(i, j int) float64 {
		if j <= i {
			return 1
		}
		return 0
	}))
	ones := g.constant(build(n, n, func(_, _ int) float64 { return 1 }))
	scale := g.constant(build(n, n, func(_, _ int) float64 { return 1 / math.Sqrt(float64(dim)) }))
	var sum *gorgonia.Node
	for h := range c.NumAttentionHeads {
		kv := h / (c.NumAttentionHeads / c.NumKeyValueHeads)
		q := g.rotary(g.linear(x, w.q.part(h*dim, (h+1)*dim)), n, dim, c.Rope.Theta)
		k := g.rotary(g.linear(x, w.k.part(kv*dim, (kv+1)*dim)), n, dim, c.Rope.Theta)
		v := g.linear(x, w.v.part(kv*dim, (kv+1)*dim))
		scores := hadamard(mul(q, must(gorgonia.Transpose(k, 1, 0))), scale)
		power := hadamard(must(gorgonia.Exp(scores)), mask)
		out := mul(divide(power, mul(power, ones)), v)
		// Head h feeds the columns h·dim, … of the output projection.
		out = mul(out, g.constant(w.o.transposed().part(h*dim, (h+1)*dim)))
		if sum == nil {
			sum = out
		} else {
			sum = add(sum, out)
		}
	}
	return sum
}

// layer is the decoder layer and the norm behind it, of the rows x.
func layer(x matrix, c *arch.Config, w weights) ([]float32, error) {
	g := &graph{ExprGraph: gorgonia.NewGraph()}
	n := x.rows
	in := g.constant(x)
	middle := add(in, g.attention(g.norm(in, n, w.inputNorm, c.RMSNormEps), n, c, w))
	normed := g.norm(middle, n, w.postNorm, c.RMSNormEps)
	gate := g.linear(normed, w.gate)
	gated := hadamard(hadamard(gate, must(gorgonia.Sigmoid(gate))), g.linear(normed, w.up))
	out := g.norm(add(middle, g.linear(gated, w.down)), n, w.outputNorm, c.RMSNormEps)

	vm := gorgonia.NewTapeMachine(g.ExprGraph)
	defer func() { _ = vm.Close() }()
	if err := vm.RunAll(); err != nil {
		return nil, err
	}
	return out.Value().Data().([]float32), nil
}

// ours is the same by the engine: a model of one layer whose tokens are the
// rows of x and whose head is the identity.
func ours(t *testing.T, x matrix, c *arch.Config, w weights) [][]float32 {
	linear := func(m matrix) backend.Linear { return backend.Linear{Weight: m.quant()} }
	norm := func(m matrix) backend.Norm { return backend.Norm{Weight: m.v} }
	identity := build(c.HiddenSize, c.HiddenSize, func(i, j int) float64 {
		if i == j {
			return 1
		}
		return 0
	})
	b, err := cpu.New(t.Context(), &backend.Weights{
		Config: c, InvFreq: c.Rope.InvFreq(c.HeadDim), Norm: norm(w.outputNorm), Head: linear(identity),
		Embed: backend.Embedding{Weight: x.quant()},
		Layers: []backend.Layer{{
			Norms: [arch.Norms]backend.Norm{arch.InputNorm: norm(w.inputNorm), arch.PostAttentionNorm: norm(w.postNorm)},
			Linears: [arch.Linears]backend.Linear{
				arch.Query: linear(w.q), arch.Key: linear(w.k), arch.Value: linear(w.v), arch.Output: linear(w.o),
				arch.Gate: linear(w.gate), arch.Up: linear(w.up), arch.Down: linear(w.down),
			},
		}},
	}, backend.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	cache := b.NewCache()
	defer cache.Close()
	span := backend.Span{Cache: cache, Adapter: -1}
	out := make([][]float32, x.rows)
	for i := range out {
		out[i] = make([]float32, c.HiddenSize)
		span.Tokens = append(span.Tokens, int32(i))
		span.Rows = append(span.Rows, backend.Row{Logits: out[i]})
	}
	if err := b.Step(t.Context(), []backend.Span{span}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDecoderLayer(t *testing.T) {
	for _, s := range []struct{ tokens, hidden, intermediate, heads, kvHeads, headDim int }{
		{1, 64, 96, 2, 2, 32},
		{17, 192, 512, 6, 2, 32},
		{70, 96, 80, 9, 3, 64}, // more than a page of keys; heads wider than hidden/heads
		{33, 48, 72, 4, 1, 80},
		{65, 128, 200, 2, 1, 128},
	} {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			c := &arch.Config{
				VocabSize: s.hidden, HiddenSize: s.hidden, IntermediateSize: s.intermediate, NumHiddenLayers: 1,
				NumAttentionHeads: s.heads, NumKeyValueHeads: s.kvHeads, HeadDim: s.headDim, MaxPositionEmbeddings: 1024,
				RMSNormEps: 1e-5, Rope: arch.Rope{Theta: 10000, Type: "default"},
			}
			r := rand.New(rand.NewPCG(1, uint64(s.hidden)))
			x, w := random(r, s.tokens, s.hidden, 0, 1), randomWeights(r, c)
			want, err := layer(x, c, w)
			if err != nil {
				t.Fatal(err)
			}
			var worst float64
			for i, row := range ours(t, x, c, w) {
				for j, got := range row {
					worst = max(worst, math.Abs(float64(got-want[i*s.hidden+j])))
				}
			}
			if !(worst < 1e-5) {
				t.Fatalf("differs by %v", worst)
			}
			t.Logf("differs by %.1e at most", worst)
		})
	}
}
