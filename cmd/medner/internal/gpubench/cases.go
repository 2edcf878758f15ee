package gpubench

import (
	"encoding/binary"
	"fmt"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/kernels"
)

// benchCase is a kernel to measure.
type benchCase struct {
	kernel  string
	prepare func() (*work, error)
}

// cases lists the kernels in the order of a decoder layer.
func (b *bench) cases(k *gpukernels.Kernels, s Shape) []benchCase {
	query, key := s.Heads*s.HeadDim, s.KVHeads*s.HeadDim
	var all []benchCase
	product := func(f kernels.Format, matrix string, rows, cols int) {
		for _, n := range []int{1, b.o.Columns} {
			kind := "gemv"
			if n > 1 {
				kind = "gemm"
			}
			all = append(all, benchCase{kind + " " + f.String(), func() (*work, error) { return b.product(k, f, matrix, rows, cols, n) }})
		}
	}
	product(kernels.NF4, "q", query, s.Hidden)
	product(kernels.NF4, "gate", s.Intermediate, s.Hidden)
	product(kernels.NF4, "down", s.Hidden, s.Intermediate)
	product(kernels.U4, "gate", s.Intermediate, s.Hidden)
	product(kernels.Int8, "gate", s.Intermediate, s.Hidden)
	product(kernels.BF16, "gate", s.Intermediate, s.Hidden)
	all = append(all,
		benchCase{"gemv bf16", func() (*work, error) { return b.product(k, kernels.BF16, "head", s.Vocab, s.Hidden, 1) }},
		benchCase{"dequantise nf4", func() (*work, error) { return b.dequantise(k, s.Intermediate, s.Hidden) }},
		benchCase{"rmsnorm", func() (*work, error) { return b.norm(k, s.Hidden) }},
		benchCase{"silu·mul", func() (*work, error) { return b.silu(k, s.Intermediate) }},
	)
	for _, half := range []bool{false, true} {
		format := "f32"
		if half {
			format = "f16"
		}
		shape := kernels.CacheShape{Heads: s.KVHeads, HeadDim: s.HeadDim, Half: half}
		for _, n := range []int{1, b.o.Columns} {
			kind := " decode"
			if n > 1 {
				kind = " prefill"
			}
			all = append(all, benchCase{"rope " + format + kind, func() (*work, error) { return b.rope(k, shape, s.Heads, query+2*key, n) }},
				benchCase{"attention " + format + kind, func() (*work, error) { return b.attention(k, shape, s.Heads, n) }})
		}
	}
	return append(all, benchCase{"select", func() (*work, error) { return b.selection(k, s.Vocab) }})
}

// product measures y = x Wᵀ for n rows of x. The matrices W take turns.
func (b *bench) product(k *gpukernels.Kernels, f kernels.Format, matrix string, rows, cols, n int) (*work, error) {
	turns, err := b.pack(f, rows, cols)
	if err != nil {
		return nil, err
	}
	p, err := b.several(n*cols*k.Precision().InputBytes(), 4*n*rows)
	if err != nil {
		return nil, err
	}
	next := 0
	return &work{
		shape: fmt.Sprintf("%s %d×%d · %d", matrix, rows, cols, n),
		bytes: float64(turns[0].Bytes()) + float64(n*(cols*k.Precision().InputBytes()+4*rows)), flops: 2 * float64(rows) * float64(cols) * float64(n),
		tensor: k.Precision() == gpukernels.Fast,
		run: func() error {
			next = (next + 1) % len(turns)
			return k.MatMul(b.stream, p[0], gpukernels.Rows{Most: n}, gpukernels.Under{}, gpukernels.Product{W: turns[next], Y: p[1]})
		},
	}, nil
}

// dequantise measures reading all rows of an NF4 matrix as float32.
func (b *bench) dequantise(k *gpukernels.Kernels, rows, cols int) (*work, error) {
	turns, err := b.pack(kernels.NF4, rows, cols)
	if err != nil {
		return nil, err
	}
	ids := make([]byte, 4*rows)
	for i := range rows {
		binary.LittleEndian.PutUint32(ids[4*i:], uint32(i))
	}
	list, err := b.put(ids)
	if err != nil {
		return nil, err
	}
	out, err := b.zeros(4 * rows * cols)
	if err != nil {
		return nil, err
	}
	next := 0
	return &work{
		shape: fmt.Sprintf("%d×%d", rows, cols), bytes: float64(turns[0].Bytes()) + 4*float64(rows)*float64(cols),
		run: func() error {
			next = (next + 1) % len(turns)
			return k.Embed(b.stream, out, list, gpukernels.Rows{Most: rows}, turns[next], gpukernels.Under{})
		},
	}, nil
}

// norm measures the normalisation of a prompt's rows.
func (b *bench) norm(k *gpukernels.Kernels, width int) (*work, error) {
	n := b.o.Columns
	p, err := b.several(4*n*width, n*width*k.Precision().InputBytes(), 4*width)
	if err != nil {
		return nil, err
	}
	return &work{
		shape: fmt.Sprintf("%d · %d", width, n), bytes: float64(n * width * (4 + k.Precision().InputBytes())), flops: 4 * float64(n*width),
		run: func() error {
			return k.RMSNorm(b.stream, p[1], p[0], gpukernels.Rows{Most: n}, width, 1e-5, gpukernels.Gains{Base: p[2]})
		},
	}, nil
}

func (b *bench) silu(k *gpukernels.Kernels, width int) (*work, error) {
	n := b.o.Columns
	p, err := b.several(n*width*k.Precision().InputBytes(), 4*n*width, 4*n*width)
	if err != nil {
		return nil, err
	}
	return &work{
		shape: fmt.Sprintf("%d · %d", width, n), bytes: float64(n * width * (8 + k.Precision().InputBytes())), flops: 12 * float64(n*width),
		run: func() error { return k.SiLUMul(b.stream, p[0], p[1], p[2], gpukernels.Rows{Most: n}, width) },
	}, nil
}

// sequence returns a cache that holds the whole context, and the places of n rows
// at its last positions. The int is the number of positions.
func (b *bench) sequence(shape kernels.CacheShape, n int) (gpukernels.Places, gpukernels.Cache, int, error) {
	positions := max(b.o.Context, n)
	pages := (positions + kernels.PageSize - 1) / kernels.PageSize
	var places gpukernels.Places
	c := gpukernels.Cache{Shape: shape, Stride: pages}
	at, err := b.zeros(pages * shape.PageBytes())
	if err != nil {
		return places, c, 0, err
	}
	table, rows := make([]byte, 8*pages), make([]byte, 4*n)
	for i := range pages {
		binary.LittleEndian.PutUint64(table[8*i:], uint64(at)+uint64(i*shape.PageBytes()))
	}
	for i := range n {
		binary.LittleEndian.PutUint32(rows[4*i:], uint32(positions-n+i))
	}
	if c.Tables, err = b.put(table); err == nil {
		places.Positions, err = b.put(rows)
	}
	if err == nil {
		places.Slots, err = b.zeros(4 * n)
	}
	return places, c, positions, err
}

func (b *bench) rope(k *gpukernels.Kernels, shape kernels.CacheShape, heads, width, n int) (*work, error) {
	places, c, _, err := b.sequence(shape, n)
	if err != nil {
		return nil, err
	}
	key := shape.Heads * shape.HeadDim
	p, err := b.several(4*n*heads*shape.HeadDim, 4*n*key, 4*n*key, 4*n*shape.HeadDim)
	if err != nil {
		return nil, err
	}
	return &work{
		shape: fmt.Sprintf("%d × %d · %d", heads+2*shape.Heads, shape.HeadDim, n), bytes: float64(8 * n * width), flops: 6 * float64(n*width),
		run: func() error {
			return k.Rope(b.stream, p[0], p[1], p[2], p[3], gpukernels.Rows{Most: n}, heads, shape.HeadDim/2, places, c)
		},
	}, nil
}

// attention measures the attention of n rows at the end of the context.
func (b *bench) attention(k *gpukernels.Kernels, shape kernels.CacheShape, heads, n int) (*work, error) {
	places, c, positions, err := b.sequence(shape, n)
	if err != nil {
		return nil, err
	}
	rows, width := gpukernels.Rows{Most: n}, heads*shape.HeadDim
	p, err := b.several(n*width*k.Precision().InputBytes(), 4*n*width, int(k.AttentionBytes(rows, heads, shape.HeadDim, positions)))
	if err != nil {
		return nil, err
	}
	seen := 0.0 // positions that the rows read, summed
	for i := range n {
		seen += float64(positions - n + i + 1)
	}
	return &work{
		shape: fmt.Sprintf("%d/%d × %d · %d of %d", heads, shape.Heads, shape.HeadDim, n, positions),
		bytes: float64(shape.PageBytes()) / kernels.PageSize * float64(positions), flops: 4 * float64(width) * seen,
		run: func() error { return k.Attention(b.stream, p[0], p[1], p[2], rows, heads, positions, places, c) },
	}, nil
}

func (b *bench) selection(k *gpukernels.Kernels, vocab int) (*work, error) {
	data, rows := make([]byte, gpukernels.RuleBytes), gpukernels.Rows{Most: 1}
	words := (vocab + 63) / 64
	p, err := b.several(4*vocab, int(k.SelectBytes(rows, vocab)), gpukernels.ChoiceBytes, 8*words)
	if err != nil {
		return nil, err
	}
	rule := choice.Rule{Penalty: 1.2, Penalised: make([]uint64, words)}
	gpukernels.PutRule(data, 0, &rule, gpukernels.Lists{Penalised: p[3]})
	at, err := b.put(data)
	if err != nil {
		return nil, err
	}
	return &work{
		shape: fmt.Sprint(vocab), bytes: float64(8 * vocab), flops: float64(16 * vocab),
		run: func() error { return k.Select(b.stream, p[2], 0, at, p[0], p[1], rows, 0, vocab) },
	}, nil
}
