package quant

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
)

// Dense is a matrix of plain numbers, F64 to F8E5M2, in the bytes of a file.
type Dense struct {
	format     Format
	rows, cols int
	data       []byte
}

// NewDense views data as rows × cols numbers, row-major and little-endian,
// without copying it. Another length than rows·cols·f.Size() is an error.
func NewDense(f Format, rows, cols int, data []byte) (*Dense, error) {
	if f.Size() == 0 {
		return nil, badinput.New("", "format", f.String(), "a dense floating-point format")
	}
	n, err := elements(rows, cols)
	if err != nil {
		return nil, err
	}
	if n > math.MaxInt/f.Size() || len(data) != n*f.Size() {
		return nil, badinput.New("", "data", fmt.Sprintf("%d bytes", len(data)),
			fmt.Sprintf("%d × %d numbers of %s", rows, cols, f))
	}
	return &Dense{format: f, rows: rows, cols: cols, data: data}, nil
}

// NewF32 returns the matrix of v, row-major, and keeps v. It panics if len(v) is
// not rows·cols.
func NewF32(rows, cols int, v []float32) *Dense {
	if rows < 1 || cols < 1 || len(v) != rows*cols {
		panic(fmt.Sprintf("quant: %d numbers for %d × %d", len(v), rows, cols))
	}
	return &Dense{format: F32, rows: rows, cols: cols, data: float32Bytes(v)}
}

// Rows returns the number of outputs.
func (d *Dense) Rows() int { return d.rows }

// Cols returns the number of inputs.
func (d *Dense) Cols() int { return d.cols }

// Format returns the stored format.
func (d *Dense) Format() Format { return d.format }

// Bytes returns the stored matrix, row-major and little-endian. It may lie in a
// mapped file, whose faults only ReadRows turns into errors.
func (d *Dense) Bytes() []byte { return d.data }

// ReadRows implements Matrix.
func (d *Dense) ReadRows(dst []float32, from int) error {
	if err := checkRows(d, len(dst), from); err != nil {
		return err
	}
	return mmap.Guard(func() error {
		Decode(d.format, dst, d.data[from*d.cols*d.format.Size():])
		return nil
	})
}

// elements returns rows·cols, or an error unless both are positive and the
// product fits an int.
func elements(rows, cols int) (int, error) {
	if rows < 1 || cols < 1 || rows > math.MaxInt/cols {
		return 0, badinput.New("", "shape", fmt.Sprintf("%d × %d", rows, cols), "two positive dimensions")
	}
	return rows * cols, nil
}

// checkRows rejects a read of n numbers from a row that m does not hold.
func checkRows(m Matrix, n, from int) error {
	if cols := m.Cols(); n%cols != 0 || from < 0 || from > m.Rows()-n/cols {
		return fmt.Errorf("read %d numbers from row %d of a %d × %d matrix", n, from, m.Rows(), cols)
	}
	return nil
}

// littleEndian says whether the machine has the byte order of the files.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// float32Bytes returns v as little-endian bytes. It is a view of v on machines
// of that byte order, and a copy on others.
func float32Bytes(v []float32) []byte {
	if littleEndian {
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
	}
	data := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(x))
	}
	return data
}
