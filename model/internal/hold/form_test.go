package hold

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/kernels"
	"github.com/medner/medner/quant"
)

// described is a matrix of which only the description is read.
type described struct {
	quant.Matrix
	format     quant.Format
	rows, cols int
}

func (m described) Rows() int            { return m.rows }
func (m described) Cols() int            { return m.cols }
func (m described) Format() quant.Format { return m.format }

// coded is a described matrix of 4-bit codes.
type coded struct {
	described
	codes quant.Codes
}

func (m coded) Codes() quant.Codes                               { return m.codes }
func (m coded) CodeRows([]byte, []float32, []float32, int) error { return nil }
func matrix(f quant.Format) quant.Matrix                         { return described{format: f, rows: 8, cols: 128} }
func codes(f quant.Format, cols int, c quant.Codes) quant.CodeMatrix {
	return coded{described{format: f, rows: 8, cols: cols}, c}
}

// integers is a matrix of U4, whose codes stand for themselves.
func integers(cols int, c quant.Codes) quant.CodeMatrix {
	for i := range c.Code {
		c.Code[i] = float32(i)
	}
	return codes(quant.U4, cols, c)
}

// TestForms is the table of how weights are held.
func TestForms(t *testing.T) {
	dense := func(f kernels.Format) Form { return Form{Format: f} }
	four := func(f kernels.Format, block int, round kernels.Format) Form {
		return Form{Format: f, Block: block, Round: round}
	}
	quantised := four(kernels.NF4, 64, kernels.F32)
	quantised.Quantise = true
	nf4 := codes(quant.NF4, 128, quant.Codes{Block: 64, Round: quant.BF16})
	processors, gpu := Device{Int8Head: true, EmbeddingInPlace: true}, Device{DenseFactors: true}
	u4 := integers(256, quant.Codes{Block: 128, Zeros: true, Round: quant.F32, Scale: quant.F16})
	grouped := Form{Format: kernels.U4, Block: 128, Scale: kernels.F16, Zeros: true}
	for name, c := range map[string]struct {
		m    quant.Matrix
		role Role
		plan Plan
		want Form
	}{
		"f64":                    {matrix(quant.F64), Projection, Plan{}, dense(kernels.F32)},
		"f16":                    {matrix(quant.F16), Projection, Plan{Hold: Keep}, dense(kernels.F16)},
		"bf16":                   {matrix(quant.BF16), Projection, Plan{}, dense(kernels.BF16)},
		"f8":                     {matrix(quant.F8E4M3), Projection, Plan{}, dense(kernels.BF16)},
		"q8_0":                   {matrix(quant.Q8_0), Projection, Plan{}, dense(kernels.Int8)},
		"q4_k":                   {matrix(quant.Q4_K), Projection, Plan{}, dense(kernels.F32)},
		"nf4":                    {nf4, Projection, Plan{}, four(kernels.NF4, 64, kernels.BF16)},
		"fp4":                    {codes(quant.FP4, 128, quant.Codes{Block: 128, Round: quant.F16}), Projection, Plan{}, four(kernels.FP4, 128, kernels.F16)},
		"nf4 in blocks of 32":    {codes(quant.NF4, 128, quant.Codes{Block: 32, Round: quant.BF16}), Projection, Plan{}, dense(kernels.BF16)},
		"nf4 across rows":        {codes(quant.NF4, 130, quant.Codes{Block: 2, Round: quant.F32}), Projection, Plan{}, dense(kernels.F32)},
		"nf4 with zeros":         {codes(quant.NF4, 128, quant.Codes{Block: 128, Zeros: true, Round: quant.F16}), Projection, Plan{}, dense(kernels.F16)},
		"u4":                     {u4, Projection, Plan{}, grouped},
		"u4 in groups of a row":  {integers(72, quant.Codes{Block: 72, Zeros: true, Round: quant.F32, Scale: quant.BF16}), Projection, Plan{}, Form{Format: kernels.U4, Block: 72, Scale: kernels.BF16, Zeros: true}},
		"u4 of unknown scales":   {integers(96, quant.Codes{Block: 32, Zeros: true, Round: quant.F32}), Projection, Plan{}, Form{Format: kernels.U4, Block: 32, Zeros: true}},
		"u4 in odd groups":       {integers(120, quant.Codes{Block: 40, Zeros: true, Round: quant.F32, Scale: quant.F16}), Projection, Plan{}, dense(kernels.F32)},
		"u4 that is rounded":     {integers(128, quant.Codes{Block: 32, Zeros: true, Round: quant.F16, Scale: quant.F16}), Projection, Plan{}, dense(kernels.F16)},
		"u4 as nf4":              {u4, Projection, Plan{Hold: NF4}, grouped},
		"u4 as int8":             {u4, Projection, Plan{Hold: Int8}, dense(kernels.Int8)},
		"u4 where none is taken": {u4, Projection, Plan{Device: Device{Takes: func(q kernels.FourBit) bool { return q.Format != kernels.U4 }}}, dense(kernels.F32)},
		"a format of no kernel":  {codes(quant.Q4_0, 128, quant.Codes{Block: 128, Round: quant.F16}), Projection, Plan{}, dense(kernels.F16)},
		"bf16 as nf4":            {matrix(quant.BF16), Projection, Plan{Hold: NF4}, quantised},
		"nf4 as nf4":             {nf4, Projection, Plan{Hold: NF4}, four(kernels.NF4, 64, kernels.BF16)},
		"nf4 as int8":            {nf4, Projection, Plan{Hold: Int8}, dense(kernels.Int8)},
		"nf4 as bf16":            {nf4, Projection, Plan{Hold: BF16}, dense(kernels.BF16)},
		"nf4 as f32":             {nf4, Projection, Plan{Hold: F32}, dense(kernels.F32)},
		"narrow as nf4":          {described{format: quant.F16, rows: 8, cols: 72}, Projection, Plan{Hold: NF4}, Form{Format: kernels.F32, Quantise: true}},
		"a head isn't converted": {matrix(quant.BF16), Head, Plan{Hold: NF4}, dense(kernels.BF16)},
		"a fast head":            {matrix(quant.BF16), Head, Plan{Precision: Fast, Device: processors}, dense(kernels.Int8)},
		"an exact head":          {matrix(quant.BF16), Head, Plan{Precision: Exact, Device: processors}, dense(kernels.BF16)},
		"a GPU's fast head":      {matrix(quant.BF16), Head, Plan{Precision: Fast, Device: gpu}, dense(kernels.BF16)},
		"the processors' tokens": {matrix(quant.BF16), Embedding, Plan{Device: processors}, Form{InPlace: true}},
		"a GPU's tokens":         {matrix(quant.BF16), Embedding, Plan{Hold: NF4, Device: gpu}, dense(kernels.BF16)},
		"a replacement":          {matrix(quant.F32), Replacement, Plan{Hold: NF4}, dense(kernels.F32)},
		"down":                   {matrix(quant.F16), Down, Plan{Hold: Int8, Device: gpu}, dense(kernels.F16)},
		"down in int8":           {matrix(quant.Q8_0), Down, Plan{Device: processors}, dense(kernels.Int8)},
		"up in int8 on a GPU":    {matrix(quant.Q8_0), Up, Plan{Device: gpu}, dense(kernels.F32)},
		"up in nf4 on a GPU":     {nf4, Up, Plan{Device: gpu}, dense(kernels.F32)},
	} {
		t.Run(name, func(t *testing.T) {
			c.plan.Device.Size = func(f Form) int64 { return int64(f.Format)*1e6 + int64(f.Rows*1000+f.Cols) }
			c.want.Rows, c.want.Cols = c.m.Rows(), c.m.Cols()
			if !c.want.InPlace {
				c.want.Bytes = c.plan.Device.Size(c.want)
			}
			require.Equal(t, c.want, c.plan.Of(c.m, c.role))
		})
	}
}
