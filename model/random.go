package model

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/quant"
)

// randomShapes holds the shapes that OpenRandom knows: those of models on the hub, by
// their names, and a small one for tests.
var randomShapes = []struct {
	name   string
	config arch.Config
}{
	{"tiny", arch.Config{VocabSize: 1000, HiddenSize: 128, IntermediateSize: 320, NumHiddenLayers: 2, NumAttentionHeads: 6, NumKeyValueHeads: 2, HeadDim: 32, MaxPositionEmbeddings: 2048, TieWordEmbeddings: true}},
	{"smollm2-135m", arch.Config{VocabSize: 49152, HiddenSize: 576, IntermediateSize: 1536, NumHiddenLayers: 30, NumAttentionHeads: 9, NumKeyValueHeads: 3, HeadDim: 64, MaxPositionEmbeddings: 8192, TieWordEmbeddings: true}},
	{"llama-3.2-1b", arch.Config{VocabSize: 128256, HiddenSize: 2048, IntermediateSize: 8192, NumHiddenLayers: 16, NumAttentionHeads: 32, NumKeyValueHeads: 8, HeadDim: 64, MaxPositionEmbeddings: 131072, TieWordEmbeddings: true}},
	{"llama-3.2-3b", arch.Config{VocabSize: 128256, HiddenSize: 3072, IntermediateSize: 8192, NumHiddenLayers: 28, NumAttentionHeads: 24, NumKeyValueHeads: 8, HeadDim: 128, MaxPositionEmbeddings: 131072, TieWordEmbeddings: true}},
	{"llama-3.1-8b", arch.Config{VocabSize: 128256, HiddenSize: 4096, IntermediateSize: 14336, NumHiddenLayers: 32, NumAttentionHeads: 32, NumKeyValueHeads: 8, HeadDim: 128, MaxPositionEmbeddings: 131072}},
	{"mistral-7b", arch.Config{ModelType: "mistral", VocabSize: 32768, HiddenSize: 4096, IntermediateSize: 14336, NumHiddenLayers: 32, NumAttentionHeads: 32, NumKeyValueHeads: 8, HeadDim: 128, MaxPositionEmbeddings: 32768}},
	{"qwen2.5-0.5b", arch.Config{ModelType: "qwen2", VocabSize: 151936, HiddenSize: 896, IntermediateSize: 4864, NumHiddenLayers: 24, NumAttentionHeads: 14, NumKeyValueHeads: 2, HeadDim: 64, MaxPositionEmbeddings: 32768, TieWordEmbeddings: true}},
	{"qwen2.5-7b", arch.Config{ModelType: "qwen2", VocabSize: 152064, HiddenSize: 3584, IntermediateSize: 18944, NumHiddenLayers: 28, NumAttentionHeads: 28, NumKeyValueHeads: 4, HeadDim: 128, MaxPositionEmbeddings: 32768}},
	{"qwen3-0.6b", arch.Config{ModelType: "qwen3", VocabSize: 151936, HiddenSize: 1024, IntermediateSize: 3072, NumHiddenLayers: 28, NumAttentionHeads: 16, NumKeyValueHeads: 8, HeadDim: 128, MaxPositionEmbeddings: 40960, TieWordEmbeddings: true}},
	{"qwen3-8b", arch.Config{ModelType: "qwen3", VocabSize: 151936, HiddenSize: 4096, IntermediateSize: 12288, NumHiddenLayers: 36, NumAttentionHeads: 32, NumKeyValueHeads: 8, HeadDim: 128, MaxPositionEmbeddings: 40960}},
}

// RandomShapes returns the names of the shapes that OpenRandom knows.
func RandomShapes() []string {
	var names []string
	for _, s := range randomShapes {
		names = append(names, s.name)
	}
	return names
}

// RandomShape returns the configuration that OpenRandom gives a shape.
func RandomShape(name string) (*arch.Config, error) {
	for _, s := range randomShapes {
		if strings.EqualFold(s.name, name) {
			c := s.config
			c.RMSNormEps, c.Rope = 1e-5, arch.Rope{Theta: 500000, Type: "default"}
			return &c, nil
		}
	}
	return nil, badinput.New("", "shape", fmt.Sprintf("%q", name), "one of "+strings.Join(RandomShapes(), ", "))
}

// OpenRandom opens a model of a known shape with random weights: NF4 projections, and
// a bf16 table of token vectors. It needs no file. It is as fast as a real model of the
// shape, and what it writes means nothing. A form of projections may follow the shape's
// name after a colon, as in "llama-3.2-1b:awq-128":
//
//	nf4                        NF4, dequantised to float32: the default
//	nf4-bf16, nf4-f16          NF4, dequantised weights rounded to these formats, as most
//	                           published checkpoints ask
//	awq-32, awq-64, awq-128    4-bit integers with zeros in groups of 32, 64 or 128 along a row
//	awq-row                    4-bit integers with a zero for each row
//
// Adapters in the options are refused: none fits random weights.
func OpenRandom(ctx context.Context, shape string, o Options) (*Model, error) {
	shape, form, err := parseRandom(shape)
	if err != nil {
		return nil, err
	}
	c, err := RandomShape(shape)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults(c)
	devices, err := o.check()
	if err != nil {
		return nil, err
	}
	if n := len(o.Adapters) + len(o.ParsedAdapters); n > 0 {
		return nil, badinput.New("", "adapter", fmt.Sprintf("%d beside a shape of random weights", n), "none")
	}
	w, err := randomWeights(c, form)
	if err != nil {
		return nil, err
	}
	b, err := openDevices(ctx, devices, w, o.backend())
	if err != nil {
		return nil, err
	}
	return newModel(c, b, nil, nil, o), nil
}

// randomWeights makes weights so small that activations stay finite. All layers share
// the same weights, of which a backend makes copies. The codes of all matrices are
// windows of one block of random bytes.
func randomWeights(c *arch.Config, form randomForm) (*backend.Weights, error) {
	source := rand.New(rand.NewPCG(1, 2))
	largest := max(c.IntermediateSize, c.NumAttentionHeads*c.HeadDim) * c.HiddenSize / 2
	random := make([]byte, largest+4096)
	for i := range random {
		random[i] = byte(source.Uint32())
	}
	codebook, err := quant.Quantize4Bit(quant.NewF32(1, 64, make([]float32, 64)), quant.FourBitOptions{State: form.state})
	if err != nil {
		return nil, err
	}
	scales := make([]float32, 2*largest/64)
	linear := func(rows, cols int) backend.Linear {
		codes := random[64*source.IntN(64):][:rows*cols/2]
		if form.group != 0 {
			return backend.Linear{Weight: newRandomGrouped(source, rows, cols, form.group, codes)}
		}
		q := *codebook
		q.NumRows, q.NumCols, q.Packed = rows, cols, codes
		q.Absmax = scales[:rows*cols/64]
		return backend.Linear{Weight: &q}
	}
	for i := range scales {
		scales[i] = (0.5 + source.Float32()) / float32(math.Sqrt(float64(c.HiddenSize)))
	}
	norm := func(width int) backend.Norm {
		gains := make([]float32, width)
		for i := range gains {
			gains[i] = 0.5 + source.Float32()
		}
		return backend.Norm{Weight: gains}
	}
	bias := func(n int) []float32 {
		numbers := make([]float32, n)
		for i := range numbers {
			numbers[i] = source.Float32() - 0.5
		}
		return numbers
	}
	w := &backend.Weights{Config: c, InvFreq: c.Rope.InvFreq(c.HeadDim), Norm: norm(c.HiddenSize)}
	var layer backend.Layer
	for n := range arch.Norms {
		if c.HasNorm(n) {
			layer.Norms[n] = norm(n.Width(c))
		}
	}
	for l := range arch.Linears {
		layer.Linears[l] = linear(l.Shape(c))
		if c.HasBias(l) {
			layer.Linears[l].Bias = bias(layer.Linears[l].Weight.Rows())
		}
	}
	for range c.NumHiddenLayers {
		w.Layers = append(w.Layers, layer)
	}
	table := newRandomTable(source, c)
	w.Embed.Weight, w.Head.Weight = table, table
	if !c.TieWordEmbeddings {
		w.Head.Weight = newRandomTable(source, c)
	}
	return w, nil
}

// randomTable is a bf16 matrix whose rows are windows of a few random numbers.
type randomTable struct {
	rows, cols int
	numbers    []float32
}

func newRandomTable(source *rand.Rand, c *arch.Config) *randomTable {
	t := &randomTable{rows: c.VocabSize, cols: c.HiddenSize, numbers: make([]float32, c.HiddenSize+tableWindows)}
	for i := range t.numbers {
		t.numbers[i] = float32(source.NormFloat64() / math.Sqrt(float64(c.HiddenSize)))
	}
	quant.Round(quant.BF16, t.numbers)
	return t
}

// tableWindows is the number of places where a row may begin. It is a prime, so that
// successive rows begin far apart.
const tableWindows = 4099

// Rows implements quant.Matrix.
func (t *randomTable) Rows() int { return t.rows }

// Cols implements quant.Matrix.
func (t *randomTable) Cols() int { return t.cols }

// Format implements quant.Matrix.
func (t *randomTable) Format() quant.Format { return quant.BF16 }

// ReadRows implements quant.Matrix.
func (t *randomTable) ReadRows(dst []float32, from int) error {
	for row := from; len(dst) > 0; row, dst = row+1, dst[t.cols:] {
		if row >= t.rows {
			return fmt.Errorf("row %d of %d", row, t.rows)
		}
		copy(dst[:t.cols], t.numbers[row*1009%tableWindows:])
	}
	return nil
}
