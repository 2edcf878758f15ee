package kernelbench

import (
	"fmt"
	"math/rand/v2"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/internal/choice/hostchoice"
	"github.com/medner/medner/kernels"
)

// benchCase is a kernel to measure at the shape of a model.
type benchCase struct {
	kernel  string
	prepare func(p *kernels.Pool, s shape, o Options) (*measurement, error)
}

// cases lists the kernels in the order of a decoder layer.
func cases(s shape, k *packer) []benchCase {
	var all []benchCase
	product := func(kind string, f kernels.Format, fast bool, matrix string, rows, cols int) {
		kernel := kind + " " + f.String()
		if fast {
			kernel += " fast"
		}
		all = append(all, benchCase{kernel, func(p *kernels.Pool, _ shape, o Options) (*measurement, error) {
			turns, err := k.pack(p, o, f, rows, cols)
			if err != nil {
				return nil, err
			}
			n := 1
			if kind == "gemm" {
				n = o.Columns
			}
			m := matMul(p, turns, fast, n)
			m.kernel, m.shape = kernel, fmt.Sprintf("%s %d×%d · %d", matrix, rows, cols, n)
			return m, nil
		}})
	}
	both := func(f kernels.Format, fast bool, matrix string, rows, cols int) {
		product("gemv", f, fast, matrix, rows, cols)
		product("gemm", f, fast, matrix, rows, cols)
	}
	for _, f := range []kernels.Format{kernels.NF4, kernels.U4, kernels.Int8, kernels.BF16, kernels.F16, kernels.F32} {
		both(f, false, "gate", s.intermediate, s.hidden)
		if f == kernels.NF4 || f == kernels.U4 || f == kernels.Int8 {
			both(f, true, "gate", s.intermediate, s.hidden)
		}
	}
	both(kernels.NF4, false, "q", s.heads*s.headDim, s.hidden)
	both(kernels.NF4, false, "down", s.hidden, s.intermediate)
	product("gemv", kernels.BF16, false, "head", s.vocab, s.hidden)
	product("gemv", kernels.Int8, true, "head", s.vocab, s.hidden)
	return append(all,
		benchCase{"rmsnorm", norm}, benchCase{"rope", rope}, benchCase{"silu·mul", silu}, benchCase{"add", add},
		benchCase{"attention f32 decode", attention(false, true)}, benchCase{"attention f16 decode", attention(true, true)},
		benchCase{"attention f32 prefill", attention(false, false)}, benchCase{"attention f16 prefill", attention(true, false)},
		benchCase{"select", selection},
	)
}

// matMul measures y = x Wᵀ for n rows of x. The matrices W take turns.
func matMul(p *kernels.Pool, turns []*kernels.Weights, fast bool, n int) *measurement {
	rows, cols := turns[0].Rows(), turns[0].Cols()
	in := &kernels.Input{Fast: fast}
	x, y := normal(rand.New(rand.NewPCG(1, 2)), n*cols), make([]float32, n*rows)
	next := 0
	return &measurement{
		int8:  fast,
		bytes: float64(turns[0].Bytes()) + 4*float64(n*(rows+cols)), flops: 2 * float64(rows) * float64(cols) * float64(n),
		run: func() {
			in.Reset(x, n, cols)
			turns[next].MatMul(p, y, in)
			next = (next + 1) % len(turns)
		},
	}
}

// packer keeps the matrices that were packed last: most cases use the same ones
// as the case before.
type packer struct {
	format     kernels.Format
	rows, cols int
	turns      []*kernels.Weights
}

func (k *packer) pack(p *kernels.Pool, o Options, f kernels.Format, rows, cols int) ([]*kernels.Weights, error) {
	if k.turns != nil && k.format == f && k.rows == rows && k.cols == cols {
		return k.turns, nil
	}
	*k = packer{format: f, rows: rows, cols: cols}
	for held := int64(0); held < o.memory; {
		w, err := packed(p, f, rows, cols)
		if err != nil {
			return nil, err
		}
		k.turns = append(k.turns, w)
		held += w.Bytes()
	}
	return k.turns, nil
}

// packed returns weights with arbitrary numbers, about as large as a model's.
func packed(p *kernels.Pool, f kernels.Format, rows, cols int) (*kernels.Weights, error) {
	switch f {
	case kernels.NF4:
		q := kernels.FourBit{Rows: rows, Cols: cols, Format: f, Block: 64}
		for i := range q.Code {
			q.Code[i] = float32(i-8) / 8
		}
		return kernels.Pack4Bit(p, q, NewRandomCodes(rows, cols, 1./64))
	case kernels.U4: // as AWQ has it
		q := kernels.FourBit{Rows: rows, Cols: cols, Format: f, Block: 128, Scale: kernels.F16, Zeros: true}
		for i := range q.Code {
			q.Code[i] = float32(i)
		}
		return kernels.Pack4Bit(p, q, NewRandomCodes(rows, cols, 1./64))
	case kernels.Int8:
		return kernels.PackInt8(p, rows, cols, weights(cols))
	}
	return kernels.PackDense(p, f, rows, cols, weights(cols))
}

// weights reads a matrix with arbitrary numbers and rows of that length.
type weights int

func (weights) ReadRows(dst []float32, from int) error {
	for i := range dst {
		dst[i] = float32((i+from)%31-15) / 256
	}
	return nil
}

func (w weights) Int8Rows(codes []int8, scales []float32, from int) error {
	for i := range codes {
		codes[i] = int8((i+from)%255 - 127)
	}
	for i := range scales {
		scales[i] = 0.0002
	}
	return nil
}

func normal(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// elementwise measures a kernel that all threads run row by row, as for a prompt.
// Each row has width numbers, in a number of streams that are read or written,
// and takes flops operations a number.
func elementwise(p *kernels.Pool, kernel string, o Options, width, streams, flops int, row func(i int)) *measurement {
	n := o.Columns
	work := func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row(i)
		}
	}
	return &measurement{
		kernel: kernel, shape: fmt.Sprintf("%d · %d", width, n),
		bytes: 4 * float64(streams*width*n), flops: float64(flops * width * n),
		run: func() { p.Run(n, 1, work) },
	}
}

func norm(p *kernels.Pool, s shape, o Options) (*measurement, error) {
	r := rand.New(rand.NewPCG(5, 6))
	x, w, y := normal(r, o.Columns*s.hidden), normal(r, s.hidden), make([]float32, o.Columns*s.hidden)
	return elementwise(p, "rmsnorm", o, s.hidden, 2, 4, func(i int) {
		kernels.RMSNorm(y[i*s.hidden:][:s.hidden], x[i*s.hidden:][:s.hidden], w, 1e-5)
	}), nil
}

func rope(p *kernels.Pool, s shape, o Options) (*measurement, error) {
	frequencies := make([]float32, s.headDim/2)
	for i := range frequencies {
		frequencies[i] = 1 / float32(i+1)
	}
	r, width := kernels.NewRope(frequencies), s.heads*s.headDim
	x := normal(rand.New(rand.NewPCG(7, 8)), o.Columns*width)
	return elementwise(p, "rope", o, width, 2, 3, func(i int) { r.Apply(x[i*width:][:width], s.headDim, i) }), nil
}

func silu(p *kernels.Pool, s shape, o Options) (*measurement, error) {
	r, w := rand.New(rand.NewPCG(9, 10)), s.intermediate
	x, y, z := normal(r, o.Columns*w), normal(r, o.Columns*w), make([]float32, o.Columns*w)
	return elementwise(p, "silu·mul", o, w, 3, 24, func(i int) {
		kernels.SiLUMul(z[i*w:][:w], x[i*w:][:w], y[i*w:][:w])
	}), nil
}

func add(p *kernels.Pool, s shape, o Options) (*measurement, error) {
	r, w := rand.New(rand.NewPCG(11, 12)), s.hidden
	x, y := normal(r, o.Columns*w), make([]float32, o.Columns*w)
	return elementwise(p, "add", o, w, 3, 1, func(i int) { kernels.Add(y[i*w:][:w], x[i*w:][:w]) }), nil
}

// attention measures one query at the end of the context (decode), or the whole
// context as one prompt.
func attention(half, decode bool) func(*kernels.Pool, shape, Options) (*measurement, error) {
	return func(p *kernels.Pool, s shape, o Options) (*measurement, error) {
		kernel, from := "attention f32", 0
		if half {
			kernel = "attention f16"
		}
		if decode {
			kernel, from = kernel+" decode", o.Context-1
		} else {
			kernel += " prefill"
		}
		cache := kernels.CacheShape{Heads: s.kvHeads, HeadDim: s.headDim, Half: half}
		r, width, kv := rand.New(rand.NewPCG(13, 14)), s.heads*s.headDim, s.kvHeads*s.headDim
		count := (o.Context + kernels.PageSize - 1) / kernels.PageSize
		size := count * cache.PageBytes()
		// Caches take turns in decoding, as those of the layers do.
		var turns [][]kernels.Page
		for held := 0; int64(held) < o.memory && (decode || turns == nil); held += size {
			pages := make([]kernels.Page, count)
			for i := range pages {
				pages[i] = cache.NewPage()
			}
			if turns == nil {
				cache.Write(pages, 0, o.Context, normal(r, o.Context*kv), normal(r, o.Context*kv))
			} else {
				for i := range pages {
					cache.Copy(pages[i], turns[0][i])
				}
			}
			turns = append(turns, pages)
		}
		n := o.Context - from
		q, out := normal(r, n*width), make([]float32, n*width)
		a := kernels.NewAttention(cache, s.heads)
		seen := 0
		for pos := from; pos < o.Context; pos++ {
			seen += pos + 1
		}
		next := 0
		spans := []kernels.AttentionSpan{{Pos: from, Q: q, Out: out}}
		return &measurement{
			kernel: kernel, shape: fmt.Sprintf("%d:%d heads of %d · %d of %d", s.heads, s.kvHeads, s.headDim, n, o.Context),
			bytes: float64(size + 8*n*width), flops: 4 * float64(seen) * float64(width),
			run: func() {
				spans[0].Pages = turns[next]
				a.Run(p, spans)
				next = (next + 1) % len(turns)
			},
		}, nil
	}
}

func selection(_ *kernels.Pool, s shape, _ Options) (*measurement, error) {
	logits := normal(rand.New(rand.NewPCG(15, 16)), s.vocab)
	var m hostchoice.Maker
	var c choice.Choice
	rule := choice.Rule{Penalty: 1.1, Penalised: []uint64{1<<40 - 1}}
	return &measurement{
		kernel: "select", shape: fmt.Sprint(s.vocab), bytes: 4 * float64(s.vocab), flops: 13 * float64(s.vocab),
		run: func() {
			if m.Make(logits, &rule, &c); c.Err != nil {
				panic(c.Err) // the logits are finite
			}
		},
	}, nil
}
