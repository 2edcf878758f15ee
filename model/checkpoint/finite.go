package checkpoint

import (
	"fmt"
	"math"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/quant"
)

// checked returns a view of m whose reads refuse numbers that are NaN or infinite, and
// name the file and the weight. Codes with scales are returned as they are, since their
// scales have been checked when they were read.
func checked(m quant.Matrix, file, name string) quant.Matrix {
	if _, ok := m.(quant.CodeMatrix); ok {
		return m
	}
	c := finiteMatrix{m, file, name}
	if exact, ok := m.(quant.Int8Matrix); ok {
		return &finiteInt8{c, exact}
	}
	return &c
}

// finiteMatrix is a matrix of a file.
type finiteMatrix struct {
	quant.Matrix
	file, name string
}

// ReadRows implements quant.Matrix.
func (m *finiteMatrix) ReadRows(dst []float32, from int) error {
	if err := m.Matrix.ReadRows(dst, from); err != nil {
		return err
	}
	return m.check(dst, m.Cols(), from)
}

// check refuses NaN and infinities in numbers, which are rows of perRow numbers from row
// from on.
func (m *finiteMatrix) check(numbers []float32, perRow, from int) error {
	if finite(numbers) {
		return nil
	}
	for i, v := range numbers {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return badinput.New(m.file, m.name, fmt.Sprintf("%v in row %d", v, from+i/perRow), "finite numbers")
		}
	}
	return nil
}

// finite reports whether no number is NaN or infinite: then zero times each is zero. Four
// sums, which don't wait for each other, make it as fast as memory.
func finite(v []float32) bool {
	var a, b, c, d float32
	for ; len(v) >= 4; v = v[4:] {
		a += v[0] * 0
		b += v[1] * 0
		c += v[2] * 0
		d += v[3] * 0
	}
	for _, x := range v {
		a += x * 0
	}
	return a+b+c+d == 0
}

// finiteInt8 is a matrix of blocks with scales, which may be read as int8.
type finiteInt8 struct {
	finiteMatrix
	exact quant.Int8Matrix
}

// Int8Rows implements quant.Int8Matrix.
func (m *finiteInt8) Int8Rows(codes []int8, scales []float32, from int) error {
	if err := m.exact.Int8Rows(codes, scales, from); err != nil {
		return err
	}
	return m.check(scales, m.Cols()/quant.Int8Block, from)
}
