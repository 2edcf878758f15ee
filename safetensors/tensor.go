package safetensors

import (
	"fmt"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
	"github.com/medner/medner/quant"
)

// Tensor is a named array in a file.
type Tensor struct {
	Name  string
	DType DType
	Shape []int  // empty: a scalar, of one element
	Data  []byte // the elements, row-major and little-endian: a view of the file, valid until its Reader is closed
	File  string // the path that it was read from
}

// Len returns the number of elements.
func (t Tensor) Len() int { return len(t.Data) / t.DType.Size() }

// View calls fn with the tensor's bytes and returns its error. Where the file has
// been shortened since it was opened, it returns an error in place of the fault
// that reading the bytes would be; fn must read them in its own goroutine.
func (t Tensor) View(fn func(data []byte) error) error {
	var failed error
	fault := mmap.Guard(func() error {
		failed = fn(t.Data)
		return nil
	})
	if fault != nil {
		return badinput.Wrap(t.File, t.Name, fault)
	}
	return failed
}

// Matrix returns a view of the tensor as a weight matrix. The last dimension
// gives the columns, all dimensions before it together give the rows; a scalar or
// a vector is one row. Dtypes that hold no weights, and tensors without elements,
// are errors.
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
