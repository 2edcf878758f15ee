package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/quant"
)

// randomForm is how OpenRandom makes linear maps: as NF4, or with a group as AWQ stores
// them.
type randomForm struct {
	group int          // weights along a row that share a scale and a zero; 0: NF4, -1: all of a row
	state quant.Format // what NF4's weights are rounded to: F32 (not at all), BF16 or F16
}

// states has the formats that may follow "nf4-".
var states = map[string]quant.Format{"bf16": quant.BF16, "f16": quant.F16}

// parseRandom cuts the name of a shape from the form that may follow it.
func parseRandom(name string) (shape string, f randomForm, err error) {
	shape, form, found := strings.Cut(name, ":")
	size, grouped := strings.CutPrefix(form, "awq-")
	state, rounded := strings.CutPrefix(form, "nf4-")
	_, known := states[state]
	f.state = quant.F32
	switch n, failed := strconv.Atoi(size); {
	case !found || form == "nf4":
	case rounded && known:
		f.state = states[state]
	case grouped && size == "row":
		f.group = -1
	case grouped && failed == nil && (n == 32 || n == 64 || n == 128):
		f.group = n
	default:
		err = badinput.New("", "form of random weights", fmt.Sprintf("%q", form), "nf4, nf4-bf16, nf4-f16, awq-32, awq-64, awq-128 or awq-row")
	}
	return shape, f, err
}

// randomGrouped is a matrix of random 4-bit codes with random zeros and scales of
// float16.
type randomGrouped struct {
	rows, cols, group int
	codes             []byte // of all rows
	scales            []float32
}

// newRandomGrouped returns a matrix whose codes are the given bytes.
func newRandomGrouped(source *rand.Rand, rows, cols, group int, codes []byte) *randomGrouped {
	if group < 0 {
		group = cols
	}
	m := &randomGrouped{rows: rows, cols: cols, group: group, codes: codes, scales: make([]float32, tableWindows)}
	for i := range m.scales {
		m.scales[i] = (0.5 + source.Float32()) / 8 / float32(math.Sqrt(float64(cols)))
	}
	quant.Round(quant.F16, m.scales)
	return m
}

// Rows implements quant.Matrix.
func (m *randomGrouped) Rows() int { return m.rows }

// Cols implements quant.Matrix.
func (m *randomGrouped) Cols() int { return m.cols }

// Format implements quant.Matrix.
func (m *randomGrouped) Format() quant.Format { return quant.U4 }

// groups returns the number of groups of a row, of which the last may be shorter.
func (m *randomGrouped) groups() int { return (m.cols + m.group - 1) / m.group }

// Codes implements quant.CodeMatrix.
func (m *randomGrouped) Codes() quant.Codes {
	c := quant.Codes{Block: m.group, Zeros: true, Round: quant.F32, Scale: quant.F16}
	for i := range c.Code {
		c.Code[i] = float32(i)
	}
	return c
}

// CodeRows implements quant.CodeMatrix.
func (m *randomGrouped) CodeRows(codes []byte, scales, zeros []float32, from int) error {
	if _, err := quant.CheckCodeRows(m, codes, scales, zeros, from); err != nil {
		return err
	}
	copy(codes, m.codes[from*m.cols/2:])
	first := from * m.groups()
	for i := range scales {
		scales[i] = m.scales[(first+i)%len(m.scales)]
		zeros[i] = float32(6 + (first+i)%4)
	}
	return nil
}

// ReadRows implements quant.Matrix.
func (m *randomGrouped) ReadRows(dst []float32, from int) error {
	rows, groups := len(dst)/m.cols, m.groups()
	codes, scales, zeros := make([]byte, rows*m.cols/2), make([]float32, rows*groups), make([]float32, rows*groups)
	if err := m.CodeRows(codes, scales, zeros, from); err != nil {
		return err
	}
	for i := range dst {
		code, group := codes[i/2]>>(4*(1-i%2))&15, i/m.cols*groups+i%m.cols/m.group
		dst[i] = scales[group] * (float32(code) - zeros[group])
	}
	return nil
}
