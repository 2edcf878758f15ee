//go:build gpu

package gpukernels_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/internal/choice/hostchoice"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/kernels"
)

// TestKernelsAgainstTheProcessors compares each kernel with its sibling for CPUs. On
// a real device the shapes are those of a real model.
func TestKernelsAgainstTheProcessors(t *testing.T) {
	m := anyDevice(t, 90)
	pool := kernels.NewPool(0)
	defer pool.Close()
	for _, p := range []gpukernels.Precision{gpukernels.F32, gpukernels.Fast} {
		m.do(p, func() {
			m.products(pool)
			m.elements()
			m.attention(pool)
			m.selection()
		})
	}
}

// TestLeastSharedMemory runs the products that take the most shared memory on a GPU
// that has the least.
func TestLeastSharedMemory(t *testing.T) {
	m := anyDevice(t, 86)
	pool := kernels.NewPool(0)
	defer pool.Close()
	for _, p := range []gpukernels.Precision{gpukernels.F32, gpukernels.Fast} {
		m.do(p, func() {
			for _, f := range []kernels.Format{kernels.NF4, kernels.U4, kernels.Int8} {
				for _, count := range []int{8, 64} {
					_, w := m.weights(pool, f, 16, 64)
					product := gpukernels.Product{W: w, Y: m.room(4 * count * 16)}
					require.NoError(m.t, m.k.MatMul(0, m.input(m.normal(count*64, 1)), gpukernels.Rows{Most: count}, gpukernels.Under{}, product))
					require.NoError(m.t, m.c.Synchronize(0))
				}
			}
		})
	}
}

func (m *machine) products(pool *kernels.Pool) {
	n, cols := 96*m.scale+5, 128*m.scale
	for _, f := range []kernels.Format{kernels.NF4, kernels.U4, kernels.Int8, kernels.BF16, kernels.F16, kernels.F32} {
		host, device := m.weights(pool, f, n, cols)
		for _, count := range []int{1, 3, 9, 16 + m.scale} {
			x := m.normal(count*cols, 1)
			in := &kernels.Input{}
			in.Reset(x, count, cols)
			want := make([]float32, count*n)
			host.MatMul(pool, want, in)
			at, y := m.input(x), m.room(4*count*n)
			require.NoError(m.t, m.k.MatMul(0, at, gpukernels.Rows{Most: count}, gpukernels.Under{}, gpukernels.Product{W: device, Y: y}))
			got := m.floats(y, count*n)
			m.compare(fmt.Sprintf("%s, %s × %d", m.k.Precision(), f, count), got, want)
			// The last row alone has the same bits.
			require.NoError(m.t, m.k.MatMul(0, m.input(x[(count-1)*cols:]), gpukernels.Rows{Most: 1}, gpukernels.Under{}, gpukernels.Product{W: device, Y: y}))
			require.Equal(m.t, got[(count-1)*n:], m.floats(y, n), "%s, %s: a row depends on the others", m.k.Precision(), f)
		}
		out := m.room(4 * 2 * cols)
		require.NoError(m.t, m.k.Embed(0, out, put(m, []int32{int32(n - 1), 3}), gpukernels.Rows{Most: 2}, device, gpukernels.Under{}))
		one, in := make([]float32, n), &kernels.Input{}
		unit := make([]float32, cols)
		unit[cols-1] = 1
		in.Reset(unit, 1, cols)
		host.MatMul(pool, one, in)
		row := m.floats(out, 2*cols)
		require.InDelta(m.t, one[n-1], row[cols-1], 1e-6, "embed %s", f)
		require.InDelta(m.t, one[3], row[2*cols-1], 1e-6, "embed %s", f)
	}
}

func (m *machine) elements() {
	const count = 3
	width := 136 * m.scale
	x, up, gains := m.normal(count*width, 2), m.normal(count*width, 1), m.normal(width, 1)
	size := m.k.Precision().InputBytes()
	want, out := make([]float32, count*width), m.room(count*width*size)
	for i := range count {
		kernels.RMSNorm(want[i*width:][:width], x[i*width:][:width], gains, 1e-5)
	}
	require.NoError(m.t, m.k.RMSNorm(0, out, put(m, x), gpukernels.Rows{Most: count}, width, 1e-5, gpukernels.Gains{Base: put(m, gains)}))
	m.compare("rmsnorm", m.outputs(out, count*width), want)
	kernels.SiLUMul(want, x, up)
	require.NoError(m.t, m.k.SiLUMul(0, out, put(m, x), put(m, up), gpukernels.Rows{Most: count}, width))
	m.compare("silu·mul", m.outputs(out, count*width), want)
}

func (m *machine) attention(pool *kernels.Pool) {
	const heads, count = 6, 4
	positions := 70 + 32*m.scale
	for _, half := range []bool{false, true} {
		shape := kernels.CacheShape{Heads: 2, HeadDim: 64, Half: half}
		query, key := heads*shape.HeadDim, shape.Heads*shape.HeadDim
		keys, values := m.normal(positions*key, 1), m.normal(positions*key, 1)
		rope := kernels.NewRope([]float32{1, 0.3, 0.1, 0.02})
		var hosts []kernels.Page
		var pages []uint64
		for range (positions + kernels.PageSize - 1) / kernels.PageSize {
			hosts = append(hosts, shape.NewPage())
			p := m.room(shape.PageBytes())
			require.NoError(m.t, m.c.Fill(p, 0, uint64(shape.PageBytes()), 0))
			pages = append(pages, uint64(p))
		}
		all := make([]int32, positions)
		for i := range all {
			all[i] = int32(i)
		}
		q := m.normal(count*query, 1)
		cache := gpukernels.Cache{Shape: shape, Tables: put(m, pages), Stride: len(pages)}
		places := gpukernels.Places{Positions: put(m, all), Slots: put(m, make([]int32, positions))}
		write, angles := gpukernels.Rows{Most: positions}, m.room(4*positions*8)
		require.NoError(m.t, m.k.Angles(0, angles, put(m, []float32{1, 0.3, 0.1, 0.02}), write, 4, places))
		require.NoError(m.t, m.k.Rope(0, 0, put(m, keys), put(m, values), angles, write, 0, 4, places, cache))
		last := gpukernels.Places{Positions: put(m, all[positions-count:]), Slots: places.Slots}
		require.NoError(m.t, m.k.Angles(0, angles, put(m, []float32{1, 0.3, 0.1, 0.02}), gpukernels.Rows{Most: count}, 4, last))
		queries, none := put(m, q), cache
		none.Shape.Heads = 0
		require.NoError(m.t, m.k.Rope(0, queries, 0, 0, angles, gpukernels.Rows{Most: count}, heads, 4, last, none))
		out := m.room(count * query * m.k.Precision().InputBytes())
		scratch := m.room(int(m.k.AttentionBytes(gpukernels.Rows{Most: count}, heads, shape.HeadDim, positions)))
		require.NoError(m.t, m.k.Attention(0, out, queries, scratch, gpukernels.Rows{Most: count}, heads, positions, last, cache))

		for i := range positions {
			rope.Apply(keys[i*key:][:key], shape.HeadDim, i)
		}
		for i := range count {
			rope.Apply(q[i*query:][:query], shape.HeadDim, positions-count+i)
		}
		shape.Write(hosts, 0, positions, keys, values)
		want := make([]float32, count*query)
		kernels.NewAttention(shape, heads).Run(pool, []kernels.AttentionSpan{{Pages: hosts, Pos: positions - count, Q: q, Out: want}})
		m.compare("attention", m.outputs(out, count*query), want)
	}
}

func (m *machine) selection() {
	vocab := 1100 * m.scale
	logits := m.normal(vocab, 3)
	seen, allowed := make([]uint64, (vocab+63)/64), make([]uint64, (vocab+63)/64)
	for i := range vocab / 64 {
		seen[i], allowed[i] = m.random.Uint64(), m.random.Uint64()
	}
	rule := choice.Rule{Penalty: 1.3, Penalised: seen, Allowed: allowed, Probes: []int32{7, 900}}
	var want, got choice.Choice
	new(hostchoice.Maker).Make(append([]float32(nil), logits...), &rule, &want)
	require.NoError(m.t, want.Err)
	data := make([]byte, gpukernels.RuleBytes)
	gpukernels.PutRule(data, 0, &rule, gpukernels.Lists{Penalised: put(m, seen), Allowed: put(m, allowed), Probes: put(m, rule.Probes)})
	one := gpukernels.Rows{Most: 1}
	chosen, probes, scratch := m.room(gpukernels.ChoiceBytes), m.room(8), m.room(int(m.k.SelectBytes(one, vocab)))
	require.NoError(m.t, m.k.Select(0, chosen, probes, put(m, data), put(m, logits), scratch, one, 2, vocab))
	data = make([]byte, gpukernels.ChoiceBytes)
	require.NoError(m.t, m.c.CopyToHost(data, chosen, 0))
	found := m.floats(probes, 2) // waits for the device
	gpukernels.ReadChoice(data, &got)
	got.ProbeLogProbs = found
	require.Equal(m.t, want, got)
}
