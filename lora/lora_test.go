package lora

import (
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// base is a model to adapt.
type base struct {
	t       testing.TB
	reader  *safetensors.Reader
	modules []Module
	tied    bool
}

func openBase(t testing.TB, path string) *base {
	r, err := safetensors.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	b := &base{t: t, reader: r}
	_, hasHead := r.Tensor("lm_head.weight")
	b.tied = !hasHead
	for _, name := range r.Names() {
		name, isWeight := strings.CutSuffix(name, ".weight")
		if !isWeight {
			continue
		}
		w := b.weight(name)
		_, bias := r.Tensor(name + ".bias")
		m := Module{Name: name, Kind: Linear, Rows: w.Rows(), Cols: w.Cols(), Bias: bias}
		switch {
		case strings.HasSuffix(name, "norm"):
			m.Kind = Norm
		case strings.HasSuffix(name, "embed_tokens"):
			m.Kind = Embedding
			if b.tied {
				b.modules = append(b.modules, Module{Name: "lm_head", Kind: Head, Rows: w.Rows(), Cols: w.Cols()})
			}
		case name == "lm_head":
			m.Kind = Head
		}
		b.modules = append(b.modules, m)
	}
	return b
}

func (b *base) weight(module string) quant.Matrix {
	if module == "lm_head" && b.tied {
		module = "model.embed_tokens"
	}
	t, ok := b.reader.Tensor(module + ".weight")
	require.True(b.t, ok, module)
	m, err := t.Matrix()
	require.NoError(b.t, err)
	return m
}

func (b *base) bias(module string) []float32 {
	t, ok := b.reader.Tensor(module + ".bias")
	if !ok {
		return nil
	}
	return values(b.t, t)
}

func values(t testing.TB, tensor safetensors.Tensor) []float32 {
	m, err := tensor.Matrix()
	require.NoError(t, err)
	return read(t, m)
}

func read(t testing.TB, m quant.Matrix) []float32 {
	v, err := quant.ReadAll(m)
	require.NoError(t, err)
	return v
}

func openAdapter(t testing.TB, path string) *Adapter {
	a, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

func requireClose(t testing.TB, name string, want, got []float32) {
	t.Helper()
	require.Len(t, got, len(want), name)
	for i := range want {
		limit := 1e-6 * max(1, math.Abs(float64(want[i])))
		if d := math.Abs(float64(want[i] - got[i])); !(d <= limit) {
			t.Fatalf("%s: number %d is %v, want %v", name, i, got[i], want[i])
		}
	}
}

// Every case of testdata, made by scripts/make_lora_cases.py, is a feature of
// PEFT with the weights that PEFT itself computes with.
func TestPEFT(t *testing.T) {
	configs, err := filepath.Glob("testdata/*/adapter_config.json")
	require.NoError(t, err)
	require.Greater(t, len(configs), 15)
	for _, config := range configs {
		dir := filepath.Dir(config)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			a := openAdapter(t, dir)
			b := openBase(t, filepath.Join("testdata", a.Config.BaseModel))
			plan, err := a.Resolve(b.modules, b.tied)
			require.NoError(t, err)
			require.NoError(t, plan.Simplify(func(m string) (quant.Matrix, error) { return b.weight(m), nil }))

			r, err := safetensors.Open(filepath.Join(dir, "expected.safetensors"))
			require.NoError(t, err)
			defer func() { require.NoError(t, r.Close()) }()
			changed := map[string]bool{}
			for _, name := range r.Names() {
				expected, _ := r.Tensor(name)
				module := strings.TrimSuffix(strings.TrimSuffix(name, ".weight"), ".bias")
				changed[module] = true
				d := plan.Delta(module)
				require.NotNil(t, d, module)
				if strings.HasSuffix(name, ".bias") {
					requireClose(t, name, values(t, expected), d.BiasOf(b.bias(module)))
					continue
				}
				merged, err := d.Merge(b.weight(module))
				require.NoError(t, err)
				requireClose(t, name, values(t, expected), read(t, merged))
			}
			require.Equal(t, slices.Sorted(maps.Keys(changed)), slices.Sorted(slices.Values(plan.Names())))
		})
	}
}

// The low-rank path beside the weight is the merged weight's function.
func TestUnmerged(t *testing.T) {
	for _, name := range []string{"all-linear", "dora", "ensure-tied-target", "modules-to-save"} {
		a := openAdapter(t, filepath.Join("testdata", name))
		b := openBase(t, filepath.Join("testdata", a.Config.BaseModel))
		plan, err := a.Resolve(b.modules, b.tied)
		require.NoError(t, err)
		for _, module := range plan.Names() {
			d := plan.Delta(module)
			if d.Module.Kind == Embedding || d.Module.Kind == Norm {
				continue
			}
			own := b.weight(module)
			merged, err := d.Merge(own)
			require.NoError(t, err)
			scale, err := d.RowScale(own)
			require.NoError(t, err)
			x := make([]float32, own.Cols())
			for i := range x {
				x[i] = float32(i%5) - 2
			}
			if d.Weight != nil {
				own = d.Weight
			}
			y := product(t, own, x)
			if d.A != nil {
				for i, v := range product(t, d.B, product(t, d.A, x)) {
					y[i] += d.Scale * v
				}
			}
			for i := range scale {
				y[i] *= scale[i]
			}
			for i, want := range product(t, merged, x) {
				require.InDelta(t, want, y[i], 1e-4, module)
			}
		}
	}
}

func product(t testing.TB, m quant.Matrix, x []float32) []float32 {
	w := read(t, m)
	y := make([]float32, m.Rows())
	for i := range y {
		var s float64
		for j, v := range x {
			s += float64(w[i*len(x)+j]) * float64(v)
		}
		y[i] = float32(s)
	}
	return y
}

func TestGoldens(t *testing.T) {
	b := openBase(t, golden.Path(t, "tiny-llama"))
	for name, want := range map[string]struct {
		modules int
		scale   float32 // of layer 0's q_proj
	}{
		"plain":                 {21, 2},
		"rslora":                {21, float32(16 / math.Sqrt(8))},
		"dora":                  {21, 2},
		"patterns":              {21, 4},
		"attention-only-layers": {4, 1},
	} {
		a := openAdapter(t, golden.Path(t, "adapters", name))
		plan, err := a.Resolve(b.modules, b.tied)
		require.NoError(t, err, name)
		require.Len(t, plan.Names(), want.modules, name)
		require.Equal(t, want.scale, plan.Delta("model.layers.0.self_attn.q_proj").Scale, name)
	}
	a := openAdapter(t, golden.Path(t, "adapters", "plain"))
	plan, err := a.Resolve(b.modules, b.tied)
	require.NoError(t, err)
	r, err := safetensors.Open(golden.Path(t, "adapters", "plain", "merged-expected.safetensors"))
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	for _, name := range r.Names() {
		expected, _ := r.Tensor(name)
		module := strings.TrimSuffix(name, ".weight")
		merged, err := plan.Delta(module).Merge(b.weight(module))
		require.NoError(t, err)
		requireClose(t, name, values(t, expected), read(t, merged))
	}
}

// Rows are the same whether they are read one by one or all at once.
func TestMergedRowsDoNotDependOnTheCut(t *testing.T) {
	for _, name := range []string{"dora", "dora-embedding", "patterns"} {
		a := openAdapter(t, filepath.Join("testdata", name))
		b := openBase(t, filepath.Join("testdata", a.Config.BaseModel))
		plan, err := a.Resolve(b.modules, b.tied)
		require.NoError(t, err)
		for _, module := range plan.Names() {
			merged, err := plan.Delta(module).Merge(b.weight(module))
			require.NoError(t, err)
			require.Equal(t, quant.F32, merged.Format())
			all := read(t, merged)
			row := make([]float32, merged.Cols())
			for i := range merged.Rows() {
				require.NoError(t, merged.ReadRows(row, i))
				require.Equal(t, all[i*len(row):(i+1)*len(row)], row)
			}
			require.Error(t, merged.ReadRows(row, merged.Rows()))
		}
	}
}

func TestMergeRefusesAnotherShape(t *testing.T) {
	a := openAdapter(t, "testdata/all-linear")
	b := openBase(t, filepath.Join("testdata", a.Config.BaseModel))
	plan, err := a.Resolve(b.modules, b.tied)
	require.NoError(t, err)
	_, err = plan.Delta("model.layers.0.mlp.up_proj").Merge(quant.NewF32(1, 16, make([]float32, 16)))
	require.ErrorContains(t, err, "1 × 16")
}

func TestDoRAOfAZeroWeight(t *testing.T) {
	a := openAdapter(t, "testdata/dora")
	b := openBase(t, filepath.Join("testdata", a.Config.BaseModel))
	plan, err := a.Resolve(b.modules, b.tied)
	require.NoError(t, err)
	d := *plan.Delta("model.layers.0.mlp.up_proj")
	d.Scale = 0
	zero := quant.NewF32(24, 16, make([]float32, 24*16))
	_, err = d.Merge(zero)
	require.ErrorContains(t, err, "norm 0")
	_, err = d.RowScale(zero)
	require.ErrorContains(t, err, "norm 0")
}

func TestMeasures(t *testing.T) {
	w := quant.NewF32(2, 2, []float32{3, 0, 0, 4})
	merged := quant.NewF32(2, 2, []float32{3, 1, 2, 4})
	delta, weight, err := Strength(w, merged)
	require.NoError(t, err)
	require.InDelta(t, math.Sqrt(5), delta, 1e-12)
	require.InDelta(t, 5, weight, 1e-12)
	for want, held := range map[float64]quant.Matrix{
		1:   merged,
		0:   w,
		0.2: quant.NewF32(2, 2, []float32{3, 1, 0, 4}),
	} {
		got, err := Survival(w, merged, held)
		require.NoError(t, err)
		require.InDelta(t, want, got, 1e-12)
	}
	nan, err := Survival(w, w, w)
	require.NoError(t, err)
	require.True(t, math.IsNaN(nan))
}

// What is measured has the same bits, however many threads share the rows.
func TestMeasuresDependOnTheWeightsAlone(t *testing.T) {
	const rows, cols = 300, 1000
	random := func(seed uint64) quant.Matrix {
		rng := rand.New(rand.NewPCG(seed, 1))
		values := make([]float32, rows*cols)
		for i := range values {
			values[i] = float32(rng.NormFloat64())
		}
		return quant.NewF32(rows, cols, values)
	}
	base, merged, held := random(1), random(2), random(3)
	measure := func(threads int) [3]float64 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		delta, weight, err := Strength(base, merged)
		require.NoError(t, err)
		survival, err := Survival(base, merged, held)
		require.NoError(t, err)
		return [3]float64{delta, weight, survival}
	}
	want := measure(1)
	for range 5 {
		require.Equal(t, want, measure(3))
	}
}

// A small delta merged into weights on the NF4 grid mostly does not survive
// being quantised again; in bfloat16 it does.
func TestSurvivalOfRequantisation(t *testing.T) {
	b := openBase(t, golden.Path(t, "tiny-llama"))
	a := openAdapter(t, golden.Path(t, "adapters", "attention-only-layers"))
	plan, err := a.Resolve(b.modules, b.tied)
	require.NoError(t, err)
	const module = "model.layers.0.self_attn.q_proj"
	own, err := quant.Quantize4Bit(b.weight(module), quant.FourBitOptions{})
	require.NoError(t, err)
	d := *plan.Delta(module)
	d.Scale /= 50
	merged, err := d.Merge(own)
	require.NoError(t, err)
	again, err := quant.Quantize4Bit(merged, quant.FourBitOptions{})
	require.NoError(t, err)
	little, err := Survival(own, merged, again)
	require.NoError(t, err)
	require.Less(t, math.Abs(little), 0.2)
	rounded := read(t, merged)
	quant.Round(quant.BF16, rounded)
	most, err := Survival(own, merged, quant.NewF32(merged.Rows(), merged.Cols(), rounded))
	require.NoError(t, err)
	require.Greater(t, most, 0.5)
}

func TestParseFromMemory(t *testing.T) {
	dir := golden.Path(t, "adapters", "plain")
	config, err := os.ReadFile(filepath.Join(dir, ConfigName))
	require.NoError(t, err)
	weights, err := os.ReadFile(filepath.Join(dir, WeightsName))
	require.NoError(t, err)
	a, err := Parse("embedded", config, weights)
	require.NoError(t, err)
	require.Equal(t, "embedded", a.Name)
	require.Equal(t, 16, a.Config.R)
	require.NoError(t, a.Close())
}

func BenchmarkMerge(b *testing.B) {
	const rows, cols, rank = 2048, 2048, 16
	d := &Delta{
		Module: Module{Rows: rows, Cols: cols},
		A:      quant.NewF32(rank, cols, make([]float32, rank*cols)),
		B:      quant.NewF32(rows, rank, make([]float32, rank*rows)),
		Scale:  2,
	}
	w := quant.NewF32(rows, cols, make([]float32, rows*cols))
	merged, err := d.Merge(w)
	require.NoError(b, err)
	b.SetBytes(4 * rows * cols)
	for b.Loop() {
		if err := eachRows(merged, func(int, []float32) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
