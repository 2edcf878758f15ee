package quant

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
)

// Layout says how a file holds a [Grouped] weight of out outputs by in inputs in
// groups of g:
//
//	layout         tensors beside the weight's name without ".weight"
//	AWQGEMM        .qweight I32 [in, out/8]      .qzeros I32 [in/g, out/8]    .scales [in/g, out]
//	AWQGEMV        .qweight I32 [out, in/8]      .qzeros I32 [out, Z]         .scales [out, 8·Z]
//	GPTQ, GPTQv2   .qweight I32 [in/8, out]      .qzeros I32 [in/g, out/8]    .scales [in/g, out]     .g_idx I32 [in]
//	PackQuantized  .weight_packed I32 [out, ⌈in/8⌉]  .weight_zero_point I32 [⌈out/8⌉, in/g]  .weight_scale [out, in/g]  .weight_shape I64 [2]
//
// A word of I32 holds 8 numbers, the first in its lowest nibble. In AWQGEMM the nibbles
// 0, 1, … hold the numbers 0, 2, 4, 6, 1, 3, 5, 7. Z is ⌈in/g/8⌉, rounded up to a
// multiple of 2 for groups of 64 and of 4 for groups of 32; numbers beyond in/g are
// padding. GPTQ stores each zero less 1, GPTQv2 as it is. The g_idx of GPTQ gives the
// group of each input: it may be missing, and any other group than i/g for input i is
// refused.
type Layout uint8

// The layouts.
const (
	AWQGEMM Layout = iota
	AWQGEMV
	GPTQ
	GPTQv2
	PackQuantized
)

var layoutNames = [...]string{"AWQ GEMM", "AWQ GEMV", "GPTQ v1", "GPTQ v2", "compressed-tensors pack-quantized"}

// String names the layout as its producers do: "AWQ GEMM".
func (l Layout) String() string { return layoutNames[l] }

// groupedParts has the endings of a layout's tensors, in the order codes, scales,
// zeros, and the one that only GPTQ or PackQuantized has.
type groupedParts struct{ codes, scales, zeros, more string }

func (l Layout) parts() groupedParts {
	switch l {
	case PackQuantized:
		return groupedParts{".weight_packed", ".weight_scale", ".weight_zero_point", ".weight_shape"}
	case GPTQ, GPTQv2:
		return groupedParts{".qweight", ".scales", ".qzeros", ".g_idx"}
	}
	return groupedParts{".qweight", ".scales", ".qzeros", ""}
}

// Whole returns the name of the weight that a tensor is a part of in this layout, and
// false for a tensor that is no part: "a.q_proj.weight" for "a.q_proj.qzeros".
func (l Layout) Whole(tensor string) (name string, ok bool) {
	p := l.parts()
	for _, part := range []string{p.codes, p.scales, p.zeros, p.more} {
		if module, cut := strings.CutSuffix(tensor, part); cut && part != "" {
			return module + ".weight", true
		}
	}
	return "", false
}

// CodesName returns the name of the tensor that holds the codes of a weight.
func (l Layout) CodesName(weight string) string {
	return strings.TrimSuffix(weight, ".weight") + l.parts().codes
}

// ReadGrouped makes a 4-bit weight of the tensors of a layout. group is the
// group_size of its configuration, -1 for all inputs. symmetric is for PackQuantized,
// whose symmetric weights have no tensor of zeros. name ends in ".weight", and get
// returns a tensor of the checkpoint by name, false where there is none. The tensors
// are viewed, not copied. Errors are of type *badinput.Error and name the tensor; the
// caller knows the file.
func ReadGrouped(name string, l Layout, group int, symmetric bool, get func(name string) (Raw, bool)) (*Grouped, error) {
	r := groupedReader{module: strings.TrimSuffix(name, ".weight"), layout: l, get: get,
		out: &Grouped{group: group, layout: l, symmetric: symmetric && l == PackQuantized}}
	err := mmap.Guard(func() error { r.read(); return r.err })
	if err != nil {
		return nil, err
	}
	if err := r.out.Check(); err != nil {
		return nil, badinput.Wrap("", r.module, err)
	}
	return r.out, nil
}

// groupedReader reads the tensors of a weight. After the first error, which is kept in
// err, it reads nothing more.
type groupedReader struct {
	module string
	layout Layout
	get    func(string) (Raw, bool)
	out    *Grouped
	err    error
}

func (r *groupedReader) fail(part, field, found, want string) {
	if r.err == nil {
		r.err = badinput.New("", r.module+part+field, found, want)
	}
}

// tensor returns the tensor of a part, which must have one of these types, and two
// dimensions unless dims says otherwise.
func (r *groupedReader) tensor(part string, dims int, dtypes ...string) Raw {
	raw, ok := r.get(r.module + part)
	none := Raw{Shape: make([]int, dims)}
	switch {
	case r.err != nil:
		return none
	case !ok:
		r.fail(part, "", "no such tensor", "a part of a weight in the layout "+r.layout.String())
		return none
	case !slices.Contains(dtypes, raw.DType):
		r.fail(part, ": dtype", raw.DType, strings.Join(dtypes, " or "))
		return none
	case len(raw.Shape) != dims:
		r.fail(part, ": shape", fmt.Sprint(raw.Shape), fmt.Sprintf("%d dimensions", dims))
		return none
	}
	n := 1
	for _, d := range raw.Shape {
		if d < 1 || d > math.MaxInt32 || n > math.MaxInt/16/d {
			r.fail(part, ": shape", fmt.Sprint(raw.Shape), "positive dimensions")
			return none
		}
		n *= d
	}
	size := map[string]int{"I64": 8, "I32": 4, "F32": 4, "F16": 2, "BF16": 2}[raw.DType]
	if len(raw.Data) != n*size {
		r.fail(part, "", fmt.Sprintf("%d bytes", len(raw.Data)), fmt.Sprintf("%d for the shape %v of %s", n*size, raw.Shape, raw.DType))
		return none
	}
	return raw
}

// sized returns the tensor of a part that must have this shape.
func (r *groupedReader) sized(part string, rows, cols int, dtypes ...string) Raw {
	raw := r.tensor(part, 2, dtypes...)
	if r.err == nil && (raw.Shape[0] != rows || raw.Shape[1] != cols) {
		r.fail(part, ": shape", fmt.Sprint(raw.Shape), fmt.Sprintf("[%d %d] for %d outputs and %d inputs in groups of %d",
			rows, cols, r.out.rows, r.out.cols, r.out.group))
	}
	return raw
}

// scale reads the scales, [rows][cols], which lie by output or, transposed, by group.
func (r *groupedReader) scale(rows, cols int, byGroup bool) {
	raw := r.sized(r.layout.parts().scales, rows, cols, "F16", "BF16", "F32")
	if r.err != nil {
		return
	}
	s := strided{data: raw.Data, format: map[string]Format{"F16": F16, "BF16": BF16, "F32": F32}[raw.DType], rowStep: cols, colStep: 1}
	if byGroup {
		s.rowStep, s.colStep = 1, cols
	}
	r.out.scales = s
}

// shape takes the size of the weight, and returns the number of its groups.
func (r *groupedReader) shape(rows, cols int) (groups int) {
	if r.err != nil {
		return 1
	}
	r.out.rows, r.out.cols = rows, cols
	if err := r.out.checkSize(); err != nil {
		r.err = badinput.Wrap("", r.module, err)
		return 1
	}
	return r.out.groups()
}

// eight returns n/8; n that is no multiple of 8 is an error.
func (r *groupedReader) eight(n int, of string) int {
	if n%8 != 0 {
		r.fail(r.layout.parts().codes, ": shape", fmt.Sprintf("%d %s", n, of), "a multiple of 8")
	}
	return n / 8
}

func (r *groupedReader) read() {
	p := r.layout.parts()
	switch r.layout {
	case AWQGEMM:
		codes := r.tensor(p.codes, 2, "I32")
		words := codes.Shape[1]
		groups := r.shape(8*words, codes.Shape[0])
		r.out.codes = nibbles{data: codes.Data, down: true, rowStep: 1, colStep: words, order: &interlaced}
		zeros := r.sized(p.zeros, groups, words, "I32")
		r.out.zeros = nibbles{data: zeros.Data, down: true, rowStep: 1, colStep: words, order: &interlaced}
		r.scale(groups, r.out.rows, true)
	case AWQGEMV:
		codes := r.tensor(p.codes, 2, "I32")
		groups := r.shape(codes.Shape[0], 8*codes.Shape[1])
		r.out.codes = nibbles{data: codes.Data, rowStep: codes.Shape[1], colStep: 1, order: &ascending}
		width := zerosWidth(groups, r.out.group)
		zeros := r.sized(p.zeros, r.out.rows, width, "I32")
		r.out.zeros = nibbles{data: zeros.Data, rowStep: width, colStep: 1, order: &ascending}
		r.scale(r.out.rows, 8*width, false)
	case GPTQ, GPTQv2:
		codes := r.tensor(p.codes, 2, "I32")
		out := codes.Shape[1]
		groups := r.shape(out, 8*codes.Shape[0])
		r.out.codes = nibbles{data: codes.Data, rowStep: 1, colStep: out, order: &ascending}
		words := r.eight(out, "outputs")
		zeros := r.sized(p.zeros, groups, words, "I32")
		r.out.zeros = nibbles{data: zeros.Data, down: true, rowStep: 1, colStep: words, order: &ascending}
		if r.layout == GPTQ {
			r.out.zero = 1
		}
		r.scale(groups, out, true)
		r.groupIndex()
	case PackQuantized:
		r.packQuantized()
	}
}

// zerosWidth returns the words of zeros that AWQGEMV has in a row, padding included.
func zerosWidth(groups, size int) int {
	step := map[int]int{64: 2, 32: 4}[size]
	step = max(step, 1)
	return ceilDiv(ceilDiv(groups, 8), step) * step
}

// groupIndex checks the g_idx of GPTQ, if there is one: the inputs of act-order are
// grouped in another order.
func (r *groupedReader) groupIndex() {
	part := r.layout.parts().more
	if _, ok := r.get(r.module + part); !ok || r.err != nil {
		return
	}
	raw := r.tensor(part, 1, "I32")
	if r.err == nil && raw.Shape[0] != r.out.cols {
		r.fail(part, ": shape", fmt.Sprint(raw.Shape), fmt.Sprintf("[%d], the inputs", r.out.cols))
	}
	for i := range raw.Shape[0] {
		if r.err != nil {
			return
		}
		if group := int32(binary.LittleEndian.Uint32(raw.Data[4*i:])); int(group) != i/r.out.group {
			r.fail(part, "", fmt.Sprintf("group %d for input %d (act-order)", group, i), fmt.Sprintf("%d, its groups in their order", i/r.out.group))
		}
	}
}

// packQuantized reads the layout of compressed-tensors.
func (r *groupedReader) packQuantized() {
	p := r.layout.parts()
	if _, ok := r.get(r.module + ".weight_g_idx"); ok {
		r.fail(".weight_g_idx", "", "a tensor (act-order)", "none")
	}
	shape := r.tensor(p.more, 1, "I64")
	if r.err == nil && shape.Shape[0] != 2 {
		r.fail(p.more, "", fmt.Sprintf("%d numbers", shape.Shape[0]), "2")
	}
	if r.err != nil {
		return
	}
	rows, cols := binary.LittleEndian.Uint64(shape.Data), binary.LittleEndian.Uint64(shape.Data[8:])
	if rows-1 >= math.MaxInt32 || cols-1 >= math.MaxInt32 {
		r.fail(p.more, "", fmt.Sprintf("%d × %d", int64(rows), int64(cols)), "two positive dimensions")
		return
	}
	groups := r.shape(int(rows), int(cols))
	words := ceilDiv(r.out.cols, 8)
	codes := r.sized(p.codes, r.out.rows, words, "I32")
	r.out.codes = nibbles{data: codes.Data, rowStep: words, colStep: 1, order: &ascending}
	r.scale(r.out.rows, groups, false)
	if !r.out.symmetric {
		zeros := r.sized(p.zeros, ceilDiv(r.out.rows, 8), groups, "I32")
		r.out.zeros = nibbles{data: zeros.Data, down: true, rowStep: groups, colStep: 1, order: &ascending}
		return
	}
	r.out.zero = 8
	if _, ok := r.get(r.module + p.zeros); ok {
		r.fail(p.zeros, "", "a tensor", "none in a symmetric weight")
	}
}
