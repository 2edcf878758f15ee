package safetensors

import (
	"fmt"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/quant"
)

// Tensor is a named array in a file.
type Tensor struct {
	Name  string
	DType DType
	Shape []int  // empty: a scalar, of one element
	Data  []byte // a view of the file, valid until its Reader is closed
	File  string // the path that it was read from
}

// Len is the number of elements.
func (t Tensor) Len() int { return len(t.Data) / t.DType.Size() }

// Matrix views the tensor as a weight: the last dimension is the columns, all
// before it are the rows; scalars and vectors are one row. Dtypes that hold no
// weights, and tensors without elements, are refused.
func (t Tensor) Matrix() (quant.Matrix, error) {
	f := t.DType.Format()
	if f == quant.Invalid {
		return nil, badinput.New(t.File, t.Name+": dtype", string(t.DType), "floating-point weights")
	}
	if t.Len() == 0 {
		return nil, badinput.New(t.File, t.Name+": shape", fmt.Sprint(t.Shape), "a tensor with elements")
	}
	cols := 1
	if n := len(t.Shape); n > 0 {
		cols = t.Shape[n-1]
	}
	m, err := quant.NewDense(f, t.Len()/cols, cols, t.Data)
	if err != nil {
		return nil, badinput.Wrap(t.File, t.Name, err)
	}
	return m, nil
}
