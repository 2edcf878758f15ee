package quant

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
)

// Grouped is a weight in unsigned 4-bit codes with a scale and a zero for each
// group of neighbours along a row, as AWQ, GPTQ and compressed-tensors store it in
// the layouts that [Layout] names. A weight is scale·(code − zero), where scale is
// widened to float32 first: exact if scales are of 16 bits. Zeros are whole numbers
// from 0 to 16. It implements [CodeMatrix].
//
// It views the tensors of a file, which may be mapped.
type Grouped struct {
	rows, cols, group int
	layout            Layout
	codes             nibbles // [rows][cols]
	scales            strided // [rows][cols/group]
	zeros             nibbles // [rows][cols/group]; empty if symmetric
	zero              int     // added to each number of zeros; the zero of all groups if symmetric
	symmetric         bool    // the file has no zeros
}

// strided is a matrix of numbers of 16 or 32 bits with any distance between rows
// and columns, in numbers.
type strided struct {
	data             []byte
	format           Format // F16, BF16 or F32
	rowStep, colStep int
}

// at returns the number at a row and column.
func (s *strided) at(row, col int) float32 {
	i := row*s.rowStep + col*s.colStep
	switch s.format {
	case F16:
		return f16ToF32(binary.LittleEndian.Uint16(s.data[2*i:]))
	case BF16:
		return bf16ToF32(binary.LittleEndian.Uint16(s.data[2*i:]))
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(s.data[4*i:]))
}

// NewGrouped returns the weight of these codes, [rows][cols], one in a byte and
// below 16, with scales and zeros (0 to 16), each [rows][cols/group]; group divides
// cols, and -1 stands for cols. It copies codes. Nil zeros stand for a zero of 8
// everywhere.
func NewGrouped(rows, cols, group int, codes []byte, scales []float32, zeros []byte) (*Grouped, error) {
	g := &Grouped{rows: rows, cols: cols, group: group, layout: PackQuantized, symmetric: zeros == nil}
	if err := g.checkSize(); err != nil {
		return nil, err
	}
	groups := g.groups()
	for _, c := range []struct {
		field       string
		found, want int
	}{{"codes", len(codes), rows * cols}, {"scales", len(scales), rows * groups}, {"zeros", len(zeros), rows * groups}} {
		if c.found != c.want && (c.field != "zeros" || zeros != nil) {
			return nil, badinput.New("", c.field, fmt.Sprintf("%d entries", c.found), fmt.Sprint(c.want))
		}
	}
	// A zero is 1 to 16 as 1 + 4 bits if any is 16, and 0 to 15 as 4 bits if none is.
	lowest, highest := byte(8), byte(8)
	if zeros != nil {
		lowest, highest = slices.Min(zeros), slices.Max(zeros)
	}
	if highest > 16 || highest == 16 && lowest == 0 || len(codes) > 0 && slices.Max(codes) > 15 {
		return nil, badinput.New("", "codes and zeros", "greater numbers", "codes below 16, zeros from 0 to 15 or from 1 to 16")
	}
	g.zero = int(highest / 16)
	if zeros == nil {
		g.zero = 8
	}
	g.codes = packNibbles(codes, rows, cols, 0)
	g.zeros = packNibbles(zeros, rows, groups, highest/16)
	g.scales = strided{float32Bytes(scales), F32, groups, 1}
	return g, g.Check()
}

// packNibbles packs v, [rows][cols] bytes below 16 + less, into words along rows, each
// byte less the number less. Nil stays empty.
func packNibbles(v []byte, rows, cols int, less byte) nibbles {
	n := nibbles{rowStep: ceilDiv(cols, 8), colStep: 1, order: &ascending}
	if v == nil {
		return n
	}
	n.data = make([]byte, 4*rows*n.rowStep)
	for row := range rows {
		line := n.data[4*row*n.rowStep:]
		for i, c := range v[row*cols:][:cols] {
			line[i/2] |= (c - less) << (i % 2 * 4)
		}
	}
	return n
}

// checkSize replaces a group of -1 by the whole row, and checks the shape.
func (g *Grouped) checkSize() error {
	if _, err := elements(g.rows, g.cols); err != nil {
		return err
	}
	if g.group == -1 {
		g.group = g.cols
	}
	if g.group < 1 || g.cols%g.group != 0 {
		return badinput.New("", "group_size", fmt.Sprint(g.group), fmt.Sprintf("a divisor of the weight's %d inputs, or -1 for all of them", g.cols))
	}
	return nil
}

// Rows returns the number of outputs.
func (g *Grouped) Rows() int { return g.rows }

// Cols returns the number of inputs.
func (g *Grouped) Cols() int { return g.cols }

// Format returns U4.
func (g *Grouped) Format() Format { return U4 }

// Group returns how many neighbours along a row share a scale and a zero: a divisor
// of Cols.
func (g *Grouped) Group() int { return g.group }

// Layout returns the layout in which the file holds the weight.
func (g *Grouped) Layout() Layout { return g.layout }

// Scales returns the format of the scales: F16, BF16 or F32.
func (g *Grouped) Scales() Format { return g.scales.format }

// Symmetric says that the file has no zeros: they are 8 everywhere.
func (g *Grouped) Symmetric() bool { return g.symmetric }

// groups is the number of groups of a row.
func (g *Grouped) groups() int { return g.cols / g.group }

// Codes implements CodeMatrix. A code stands for itself.
func (g *Grouped) Codes() Codes {
	c := Codes{Block: g.group, Zeros: true, Round: F32, Scale: g.scales.format}
	for i := range c.Code {
		c.Code[i] = float32(i)
	}
	return c
}

// CodeRows implements CodeMatrix.
func (g *Grouped) CodeRows(codes []byte, scales, zeros []float32, from int) error {
	rows, err := CheckCodeRows(g, codes, scales, zeros, from)
	if err != nil {
		return err
	}
	return mmap.Guard(func() error {
		g.codes.readRows(codes, rows, g.cols, from)
		for i := range scales {
			row, group := from+i/g.groups(), i%g.groups()
			scales[i], zeros[i] = g.scales.at(row, group), float32(g.zeroAt(row, group))
		}
		return nil
	})
}

func (g *Grouped) zeroAt(row, group int) int {
	if g.symmetric {
		return g.zero
	}
	return int(g.zeros.at(row, group)) + g.zero
}

// ReadRows implements Matrix.
func (g *Grouped) ReadRows(dst []float32, from int) error {
	if err := checkRows(g, len(dst), from); err != nil {
		return err
	}
	const most = 16 // rows that are decoded together: they share words in some layouts
	size := ceilDiv(g.cols, 2)
	codes := make([]byte, min(most, len(dst)/g.cols)*size)
	return mmap.Guard(func() error {
		for len(dst) > 0 {
			rows := min(most, len(dst)/g.cols)
			g.codes.readRows(codes, rows, g.cols, from)
			for row := range rows {
				g.decode(dst[row*g.cols:][:g.cols], codes[row*size:][:size], from+row)
			}
			dst, from = dst[rows*g.cols:], from+rows
		}
		return nil
	})
}

// decode dequantises the codes of one row.
func (g *Grouped) decode(dst []float32, codes []byte, row int) {
	for at := 0; at < g.cols; at += g.group {
		group := at / g.group
		scale, zero := g.scales.at(row, group), g.zeroAt(row, group)
		var value [16]float32
		for i := range value {
			value[i] = scale * float32(i-zero)
		}
		expand(dst[at:at+g.group], codes, at, &value)
	}
}

// Check returns a *badinput.Error for a scale that is NaN or infinite.
func (g *Grouped) Check() error {
	return mmap.Guard(func() error {
		for row := range g.rows {
			for group := range g.groups() {
				if v := g.scales.at(row, group); notFinite(v) {
					return badinput.New("", "scales", fmt.Sprintf("%v of output %d, group %d", v, row, group), "finite scales")
				}
			}
		}
		return nil
	})
}
