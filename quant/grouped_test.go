package quant

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// packed is a weight called "w.weight" before it is packed in a layout.
type packed struct {
	layout               Layout
	rows, cols, group    int
	codes, zeros, scales func(row, col int) int // zeros and scales by group; scales are bits of float16
	symmetric            bool
}

// randomWeight returns a weight of random codes, zeros and scales, among which are
// subnormal ones, zero and negative ones.
func randomWeight(l Layout, rows, cols, group int, symmetric bool) packed {
	hash := func(seed, below uint64) func(row, col int) int {
		return func(row, col int) int {
			return int(rand.New(rand.NewPCG(seed, uint64(row)<<32|uint64(col))).Uint64() % below)
		}
	}
	p := packed{l, rows, cols, group, hash(1, 16), hash(2, 16), hash(3, 0x7c00), symmetric}
	positive := p.scales
	p.scales = func(row, col int) int {
		special := []int{0x0001, 0x03ff, 0x8001, 0x7bff, 0, 0x8000}
		if i := (row + 3*col) % 17; i < len(special) {
			return special[i]
		}
		return positive(row, col)
	}
	switch {
	case symmetric:
		p.zeros = func(int, int) int { return 8 }
	case l == GPTQ:
		stored := p.zeros
		p.zeros = func(row, col int) int { return stored(row, col) + 1 }
	}
	return p
}

func (p packed) groups() int { return p.cols / p.group }

// words packs the numbers that at returns, [rows][cols], eight of a row in a word.
func words(rows, cols int, order []int, at func(row, col int) int) Raw {
	width := (cols + 7) / 8
	data := make([]byte, 4*rows*width)
	for row := range rows {
		for word := range width {
			var v uint32
			for nibble, within := range order {
				if col := 8*word + within; col < cols {
					v |= uint32(at(row, col)) << (4 * nibble)
				}
			}
			binary.LittleEndian.PutUint32(data[4*(row*width+word):], v)
		}
	}
	return Raw{DType: "I32", Shape: []int{rows, width}, Data: data}
}

func transposedWords(r Raw) Raw {
	data := make([]byte, len(r.Data))
	for row := range r.Shape[0] {
		for col := range r.Shape[1] {
			copy(data[4*(col*r.Shape[0]+row):][:4], r.Data[4*(row*r.Shape[1]+col):])
		}
	}
	return Raw{DType: "I32", Shape: []int{r.Shape[1], r.Shape[0]}, Data: data}
}

func halves(rows, cols int, at func(row, col int) int) Raw {
	data := make([]byte, 2*rows*cols)
	for i := range rows * cols {
		binary.LittleEndian.PutUint16(data[2*i:], uint16(at(i/cols, i%cols)))
	}
	return Raw{DType: "F16", Shape: []int{rows, cols}, Data: data}
}

func transposed(at func(row, col int) int) func(row, col int) int {
	return func(row, col int) int { return at(col, row) }
}

// tensors packs the weight as the layout lays it out.
func (p packed) tensors() map[string]Raw {
	plain, awq := []int{0, 1, 2, 3, 4, 5, 6, 7}, []int{0, 2, 4, 6, 1, 3, 5, 7}
	groups := p.groups()
	switch p.layout {
	case AWQGEMM:
		return map[string]Raw{
			"w.qweight": words(p.cols, p.rows, awq, transposed(p.codes)),
			"w.qzeros":  words(groups, p.rows, awq, transposed(p.zeros)),
			"w.scales":  halves(groups, p.rows, transposed(p.scales)),
		}
	case AWQGEMV:
		width := (groups + 7) / 8
		switch p.group {
		case 64:
			width = (width + 1) / 2 * 2
		case 32:
			width = (width + 3) / 4 * 4
		}
		padded := func(at func(int, int) int) func(int, int) int {
			return func(row, col int) int {
				if col < groups {
					return at(row, col)
				}
				return 7 // which is never read
			}
		}
		return map[string]Raw{
			"w.qweight": words(p.rows, p.cols, plain, p.codes),
			"w.qzeros":  words(p.rows, 8*width, plain, padded(p.zeros)),
			"w.scales":  halves(p.rows, 8*width, padded(p.scales)),
		}
	case GPTQ, GPTQv2:
		stored := transposed(p.zeros)
		if p.layout == GPTQ {
			stored = func(row, col int) int { return p.zeros(col, row) - 1 }
		}
		index := make([]byte, 4*p.cols)
		for i := range p.cols {
			binary.LittleEndian.PutUint32(index[4*i:], uint32(i/p.group))
		}
		return map[string]Raw{
			"w.qweight": transposedWords(words(p.rows, p.cols, plain, p.codes)),
			"w.qzeros":  words(groups, p.rows, plain, stored),
			"w.scales":  halves(groups, p.rows, transposed(p.scales)),
			"w.g_idx":   {DType: "I32", Shape: []int{p.cols}, Data: index},
		}
	}
	m := map[string]Raw{
		"w.weight_packed": words(p.rows, p.cols, plain, p.codes),
		"w.weight_scale":  halves(p.rows, groups, p.scales),
		"w.weight_shape":  int64s(p.rows, p.cols),
	}
	if !p.symmetric {
		m["w.weight_zero_point"] = transposedWords(words(groups, p.rows, plain, transposed(p.zeros)))
	}
	return m
}

func int64s(v ...int) Raw {
	data := make([]byte, 8*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint64(data[8*i:], uint64(x))
	}
	return Raw{DType: "I64", Shape: []int{len(v)}, Data: data}
}

func (p packed) weight(row, col int) float32 {
	scale := f16ToF32(uint16(p.scales(row, col/p.group)))
	return float32(float64(scale) * float64(p.codes(row, col)-p.zeros(row, col/p.group)))
}

// weights visits a weight of every layout in many shapes: outputs and inputs that are
// no multiples of 16, groups that fill no word, and inputs in one group.
func weights(visit func(name string, p packed)) {
	for _, l := range []Layout{AWQGEMM, AWQGEMV, GPTQ, GPTQv2, PackQuantized} {
		for _, s := range [][3]int{{8, 64, 32}, {24, 192, 64}, {40, 160, 32}, {56, 384, 128}, {16, 96, 96}, {88, 640, 128}, {8, 1056, 32}, {24, 448, 64}} {
			visit(fmt.Sprintf("%s %v", l, s), randomWeight(l, s[0], s[1], s[2], false))
		}
	}
	for _, s := range [][3]int{{5, 30, 10}, {9, 13, 13}, {17, 64, 32}, {1, 1, 1}, {3, 45, 3}} {
		for _, symmetric := range []bool{false, true} {
			visit(fmt.Sprintf("odd, symmetric %v, %v", symmetric, s), randomWeight(PackQuantized, s[0], s[1], s[2], symmetric))
		}
	}
}

func TestGroupedIsUnpacked(t *testing.T) {
	weights(func(name string, p packed) {
		t.Run(name, func(t *testing.T) {
			for _, group := range []int{p.group, -1} {
				if group == -1 && p.group != p.cols {
					continue
				}
				g, err := ReadGrouped("w.weight", p.layout, group, p.symmetric, getter(p.tensors()))
				require.NoError(t, err)
				require.Equal(t, []int{p.rows, p.cols, p.group}, []int{g.Rows(), g.Cols(), g.Group()})
				require.Equal(t, U4, g.Format())
				for from := 0; from < p.rows; from += 7 {
					n := min(p.rows-from, 1+from%20)
					rows := make([]float32, n*p.cols)
					require.NoError(t, g.ReadRows(rows, from))
					for i, v := range rows {
						want := p.weight(from+i/p.cols, i%p.cols)
						require.Equal(t, math.Float32bits(want), math.Float32bits(v), "row %d, column %d", from+i/p.cols, i%p.cols)
					}
					requireCodes(t, g, p, from, n)
				}
			}
		})
	})
}

// requireCodes compares n rows of codes, scales and zeros with the weight's.
func requireCodes(t *testing.T, g *Grouped, p packed, from, n int) {
	t.Helper()
	size := (p.cols + 1) / 2
	codes := slices.Repeat([]byte{0xff}, n*size)
	scales, zeros := make([]float32, n*p.groups()), make([]float32, n*p.groups())
	require.NoError(t, g.CodeRows(codes, scales, zeros, from))
	for row := range n {
		for col := range 2 * size {
			want := 0
			if col < p.cols {
				want = p.codes(from+row, col)
			}
			require.Equal(t, want, int(codes[row*size+col/2]>>(4*(1-col%2))&15), "row %d, column %d", from+row, col)
		}
		for group := range p.groups() {
			require.Equal(t, float32(p.zeros(from+row, group)), zeros[row*p.groups()+group])
			require.Equal(t, f16ToF32(uint16(p.scales(from+row, group))), scales[row*p.groups()+group])
		}
	}
}

func TestGroupedScalesOfOtherTypes(t *testing.T) {
	p := randomWeight(AWQGEMM, 8, 64, 32, false)
	for _, f := range []Format{BF16, F32} {
		tensors := p.tensors()
		v := make([]float32, 16)
		for i := range v {
			v[i] = []float32{1.5, -0x1p-130, 0x1p-126, 3}[i%4] // two of them subnormal in float32
		}
		data := make([]byte, len(v)*f.Size())
		Encode(f, data, v)
		tensors["w.scales"] = Raw{DType: f.String(), Shape: []int{2, 8}, Data: data}
		g, err := ReadGrouped("w.weight", AWQGEMM, 32, false, getter(tensors))
		require.NoError(t, err)
		rows, err := ReadAll(g)
		require.NoError(t, err)
		for i, got := range rows {
			row, col := i/64, i%64
			require.Equal(t, v[col/32*8+row]*float32(p.codes(row, col)-p.zeros(row, col/32)), got)
		}
	}
}

func TestNewGrouped(t *testing.T) {
	codes := []byte{0, 15, 7, 8, 1, 2, 3, 4, 5, 6, 9, 10}
	for _, c := range []struct {
		zeros []byte
		want  []float32
	}{
		{[]byte{0, 1, 2, 15}, []float32{0, 15, 7, 14, 0, 2, 3, 6, 9, -36, -24, -20}},
		{[]byte{16, 1, 2, 15}, []float32{-16, -1, -9, 14, 0, 2, 3, 6, 9, -36, -24, -20}},
		{nil, []float32{-8, 7, -1, 0, -14, -12, -15, -12, -9, -8, 4, 8}},
	} {
		g, err := NewGrouped(2, 6, 3, codes, []float32{1, 2, 3, 4}, c.zeros)
		require.NoError(t, err)
		got, err := ReadAll(g)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	for name, err := range map[string]error{
		"group": second(NewGrouped(2, 6, 4, codes, []float32{1, 2, 3, 4}, nil)),
		"codes": second(NewGrouped(2, 6, 3, codes[1:], []float32{1, 2, 3, 4}, nil)),
		"zeros": second(NewGrouped(2, 6, 3, codes, []float32{1, 2, 3, 4}, []byte{17, 1, 1, 1})),
		"mixed": second(NewGrouped(2, 6, 3, codes, []float32{1, 2, 3, 4}, []byte{16, 0, 1, 1})),
		"scale": second(NewGrouped(2, 6, 3, codes, []float32{1, 2, 3, float32(math.Inf(1))}, nil)),
	} {
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
	}
}

func second(_ *Grouped, err error) error { return err }

func TestHostileGrouped(t *testing.T) {
	all := []Layout{AWQGEMM, AWQGEMV, GPTQ, GPTQv2, PackQuantized}
	edit := func(part func(groupedParts) string, change func(*Raw)) func(Layout, map[string]Raw) {
		return func(l Layout, m map[string]Raw) {
			name := "w" + part(l.parts())
			raw := m[name]
			raw.Shape, raw.Data = slices.Clone(raw.Shape), slices.Clone(raw.Data)
			change(&raw)
			m[name] = raw
		}
	}
	codes := func(p groupedParts) string { return p.codes }
	scales := func(p groupedParts) string { return p.scales }
	zeros := func(p groupedParts) string { return p.zeros }
	more := func(p groupedParts) string { return p.more }
	for _, c := range []struct {
		name    string
		layouts []Layout
		group   int
		edit    func(Layout, map[string]Raw)
		want    string
	}{
		{"no codes", all, 32, func(l Layout, m map[string]Raw) { delete(m, "w"+l.parts().codes) }, "no such tensor"},
		{"no scales", all, 32, func(l Layout, m map[string]Raw) { delete(m, "w"+l.parts().scales) }, "no such tensor"},
		{"no zeros", all, 32, func(l Layout, m map[string]Raw) { delete(m, "w"+l.parts().zeros) }, "no such tensor"},
		{"no shape", all[4:], 32, func(l Layout, m map[string]Raw) { delete(m, "w.weight_shape") }, "w.weight_shape: found no such tensor"},
		{"group that does not divide", all, 36, func(Layout, map[string]Raw) {}, "group_size: found 36"},
		{"group of 0", all, 0, func(Layout, map[string]Raw) {}, "group_size: found 0"},
		{"group of -2", all, -2, func(Layout, map[string]Raw) {}, "group_size: found -2"},
		{"group beyond the inputs", all, 128, func(Layout, map[string]Raw) {}, "group_size: found 128"},
		{"another group", all, 16, func(Layout, map[string]Raw) {}, "shape"},
		{"codes of floats", all, 32, edit(codes, func(r *Raw) { r.DType = "F32" }), "dtype: found F32, expected I32"},
		{"zeros of floats", all, 32, edit(zeros, func(r *Raw) { r.DType = "F16" }), "dtype: found F16, expected I32"},
		{"scales of integers", all, 32, edit(scales, func(r *Raw) { r.DType = "I32" }), "dtype: found I32, expected F16 or BF16 or F32"},
		{"scales of doubles", all, 32, edit(scales, func(r *Raw) { r.DType = "F64" }), "dtype: found F64"},
		{"codes truncated", all, 32, edit(codes, func(r *Raw) { r.Data = r.Data[4:] }), "bytes"},
		{"scales truncated", all, 32, edit(scales, func(r *Raw) { r.Data = r.Data[2:] }), "bytes"},
		{"zeros truncated", all, 32, edit(zeros, func(r *Raw) { r.Data = nil }), "found 0 bytes"},
		{"codes of one dimension", all, 32, edit(codes, func(r *Raw) { r.Shape = r.Shape[:1] }), "shape"},
		{"zeros of another shape", all, 32, edit(zeros, func(r *Raw) { r.Shape = []int{1, len(r.Data) / 4} }), "shape"},
		{"scales of another shape", all, 32, edit(scales, func(r *Raw) { r.Shape = []int{1, len(r.Data) / 2} }), "shape"},
		{"negative shape", all, 32, edit(codes, func(r *Raw) { r.Shape = []int{-1, -64} }), "shape"},
		{"huge shape", all, 32, edit(codes, func(r *Raw) { r.Shape = []int{math.MaxInt32, math.MaxInt32} }), "shape"},
		{"scale NaN", all, 32, edit(scales, func(r *Raw) { binary.LittleEndian.PutUint16(r.Data, 0x7e01) }), "scales: found NaN"},
		{"scale infinite", all, 32, edit(scales, func(r *Raw) { binary.LittleEndian.PutUint16(r.Data, 0xfc00) }), "scales: found -Inf"},
		{"act-order", all[2:4], 32, edit(more, func(r *Raw) { r.Data[0] = 1 }), "w.g_idx: found group 1 for input 0 (act-order), expected 0"},
		{"g_idx short", all[2:4], 32, edit(more, func(r *Raw) { r.Shape, r.Data = []int{8}, r.Data[:32] }), "w.g_idx: shape: found [8]"},
		{"g_idx of 64 bits", all[2:4], 32, edit(more, func(r *Raw) { r.DType = "I64" }), "w.g_idx: dtype"},
		{"g_idx of compressed-tensors", all[4:], 32, func(_ Layout, m map[string]Raw) { m["w.weight_g_idx"] = int64s(0) }, "act-order"},
		{"weight_shape disagrees", all[4:], 32, func(_ Layout, m map[string]Raw) { m["w.weight_shape"] = int64s(8, 128) }, "shape"},
		{"weight_shape transposed", all[4:], 32, func(_ Layout, m map[string]Raw) { m["w.weight_shape"] = int64s(96, 16) }, "group_size"},
		{"weight_shape of three", all[4:], 32, func(_ Layout, m map[string]Raw) { m["w.weight_shape"] = int64s(8, 96, 1) }, "3 numbers"},
		{"weight_shape negative", all[4:], 32, func(_ Layout, m map[string]Raw) { m["w.weight_shape"] = int64s(-8, 96) }, "-8 × 96"},
		{"weight_shape of 32 bits", all[4:], 32, edit(more, func(r *Raw) { r.DType = "I32" }), "dtype"},
	} {
		for _, l := range c.layouts {
			t.Run(c.name+" "+l.String(), func(t *testing.T) {
				tensors := randomWeight(l, 16, 96, 32, false).tensors()
				_, err := ReadGrouped("w.weight", l, 32, false, getter(tensors))
				require.NoError(t, err)
				c.edit(l, tensors)
				_, err = ReadGrouped("w.weight", l, c.group, false, getter(tensors))
				var bad *badinput.Error
				require.ErrorAs(t, err, &bad)
				require.ErrorContains(t, err, c.want)
			})
		}
	}
	tensors := randomWeight(PackQuantized, 16, 96, 32, false).tensors()
	_, err := ReadGrouped("w.weight", PackQuantized, 32, true, getter(tensors))
	require.ErrorContains(t, err, "w.weight_zero_point: found a tensor, expected none in a symmetric weight")
}

func TestGroupedParts(t *testing.T) {
	for _, l := range []Layout{AWQGEMM, AWQGEMV, GPTQ, GPTQv2, PackQuantized} {
		for _, name := range slices.Sorted(maps.Keys(randomWeight(l, 8, 32, 32, false).tensors())) {
			whole, ok := l.Whole(name)
			require.True(t, ok, name)
			require.Equal(t, "w.weight", whole)
		}
		require.True(t, strings.HasPrefix(l.CodesName("w.weight"), "w."))
		for _, name := range []string{"w.weight", "w.bias", "w.norm"} {
			_, ok := l.Whole(name)
			require.False(t, ok, name)
		}
	}
}

func FuzzReadGrouped(f *testing.F) {
	f.Add(uint8(0), 32, 8, 64, 8, 0, false, byte(3))
	f.Add(uint8(4), -1, 5, 13, 1, 9, true, byte(0x7c))
	f.Fuzz(func(t *testing.T, layout uint8, group, rows, cols, shape0, cut int, symmetric bool, b byte) {
		l := Layout(layout % 5)
		if rows < 1 || rows > 64 || cols < 1 || cols > 256 {
			t.Skip()
		}
		tensors := randomWeight(l, (rows+7)/8*8, (cols+31)/32*32, 32, symmetric).tensors()
		for name, raw := range tensors {
			if cut > 0 && cut < len(raw.Data) && int(b)%len(tensors) == len(name)%len(tensors) {
				raw.Data = slices.Clone(raw.Data)
				raw.Data[cut] = b
				raw.Shape = append([]int{shape0}, raw.Shape[1:]...)
				tensors[name] = raw
			}
		}
		g, err := ReadGrouped("w.weight", l, group, symmetric, getter(tensors))
		if err != nil {
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			return
		}
		rowsRead, err := ReadAll(g)
		require.NoError(t, err)
		require.False(t, slices.ContainsFunc(rowsRead, func(v float32) bool { return v != v }))
	})
}
