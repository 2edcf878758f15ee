package hold

import (
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/quant"
)

// Role says what a matrix is in a model.
type Role uint8

// The roles.
const (
	Projection  Role = iota // one of the linear maps of a layer
	Head                    // the map from the last hidden state to logits
	Embedding               // the token table
	Replacement             // what an adapter puts in place of a whole linear map (PEFT's modules_to_save)
	Down                    // a low-rank factor, [rank][inputs]
	Up                      // a low-rank factor, [outputs][rank]
	Classifier              // the map from the last hidden state to the scores of labels
)

// Device says what the kernels of a device take, and how they lay out memory.
type Device struct {
	// Size returns the bytes that a matrix takes when it is packed in a form, all of
	// which but Bytes is known.
	Size func(f Form) int64
	// Takes says whether the kernels take 4-bit codes that the processors' kernels
	// take; nil: they do.
	Takes func(q kernels.FourBit) bool
	// DenseFactors says that the kernels take low-rank factors in F32, BF16 and
	// F16, and in no other format.
	DenseFactors bool
	// Int8Head says that [Fast] holds the head as int8.
	Int8Head bool
	// EmbeddingInPlace says that rows of the token table are read from its file.
	EmbeddingInPlace bool
}

// Plan decides the forms of a model's weights on one device.
type Plan struct {
	Hold      Hold
	Precision Precision
	Device    Device
}

// Form says how one matrix is held. Forms can be compared: matrices of equal forms
// are packed in the same way.
type Form struct {
	Rows, Cols int
	// Format is the format that the kernels multiply with. Weights that it can't
	// represent are rounded to nearest.
	Format kernels.Format
	// Block is how many codes along a row share a scale (and a zero), Round the format
	// that code·scale is rounded to, Scale the format of U4's scales, and Zeros says
	// that U4 has zeros. Formats other than those of 4 bits have none of them.
	Block        int
	Round, Scale kernels.Format
	Zeros        bool
	// Quantise says that the matrix is quantised to NF4 before it is packed.
	Quantise bool
	// InPlace says that the matrix is not packed: its rows are read from the file.
	InPlace bool
	// Bytes is how much of the device's memory the matrix takes.
	Bytes int64
}

// Of returns the form in which m is held. It looks at the description of m (shape,
// format, codes) and reads no row.
func (p Plan) Of(m quant.Matrix, role Role) Form {
	f := p.form(m, role)
	f.Rows, f.Cols = m.Rows(), m.Cols()
	if !f.InPlace {
		f.Bytes = p.Device.Size(f)
	}
	return f
}

// FourBit returns the description of the codes of a form of 4 bits, without the
// codebook; false for other forms.
func (f Form) FourBit() (kernels.FourBit, bool) {
	return kernels.FourBit{
		Rows: f.Rows, Cols: f.Cols, Format: f.Format, Block: f.Block, Round: f.Round, Scale: f.Scale, Zeros: f.Zeros,
	}, f.Block > 0
}

// form returns the form of m, without its shape and size.
func (p Plan) form(m quant.Matrix, role Role) Form {
	switch role {
	case Projection:
		return p.linear(m)
	case Head:
		if p.Precision == Fast && p.Device.Int8Head {
			return Form{Format: kernels.Int8}
		}
	case Embedding:
		if p.Device.EmbeddingInPlace {
			return Form{InPlace: true}
		}
	case Down, Up:
		if f := p.kept(m); p.Device.DenseFactors && !dense(f.Format) {
			return Form{Format: kernels.F32}
		}
	}
	return p.kept(m)
}

// linear returns the form of a linear map of a layer, without its shape and size.
func (p Plan) linear(m quant.Matrix) Form {
	switch p.Hold {
	case NF4:
		if _, ok := m.(quant.CodeMatrix); !ok {
			f := p.fourBit(m, kernels.NF4, quant.Codes{Block: nf4Options.BlockSize, Round: nf4Options.State})
			f.Quantise = true
			return f
		}
	case Int8:
		return Form{Format: kernels.Int8}
	case BF16:
		return Form{Format: kernels.BF16}
	case F32:
		return Form{Format: kernels.F32}
	}
	return p.kept(m)
}

// nf4Options say how weights are quantised when they are packed.
var nf4Options = quant.FourBitOptions{Quant: quant.NF4, BlockSize: 64, State: quant.F32}

// formats has the kernels' names of formats.
var formats = map[quant.Format]kernels.Format{
	quant.F32: kernels.F32, quant.BF16: kernels.BF16, quant.F16: kernels.F16,
	quant.NF4: kernels.NF4, quant.FP4: kernels.FP4, quant.U4: kernels.U4,
}

// kept returns the form of a matrix that is held as its file holds it, or dequantised
// if the kernels can't multiply with that.
func (p Plan) kept(m quant.Matrix) Form {
	if codes, ok := m.(quant.CodeMatrix); ok {
		return p.fourBit(m, formats[m.Format()], codes.Codes())
	}
	switch m.Format() {
	case quant.Q8_0:
		return Form{Format: kernels.Int8}
	case quant.F16:
		return Form{Format: kernels.F16}
	case quant.BF16, quant.F8E4M3, quant.F8E5M2: // bf16 holds 8-bit floats exactly
		return Form{Format: kernels.BF16}
	}
	return Form{Format: kernels.F32}
}

// fourBit returns the form of a matrix of 4-bit codes: its own if the kernels take
// the format and the blocks, and the format that weights are rounded to if not.
func (p Plan) fourBit(m quant.Matrix, format kernels.Format, c quant.Codes) Form {
	f := Form{Format: format, Block: c.Block, Round: formats[c.Round], Zeros: c.Zeros}
	if format == kernels.U4 {
		f.Scale = formats[c.Scale]
	}
	sized := f
	sized.Rows, sized.Cols = m.Rows(), m.Cols()
	q, _ := sized.FourBit()
	q.Code = c.Code
	if q.Check() != nil || p.Device.Takes != nil && !p.Device.Takes(q) {
		return Form{Format: f.Round}
	}
	return f
}

// dense says whether a format has a number for each weight, and no scales.
func dense(f kernels.Format) bool { return f == kernels.F32 || f == kernels.BF16 || f == kernels.F16 }
