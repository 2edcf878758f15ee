package quant

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// checkpoint is the tensors of a 4 × 96 weight called "w".
func checkpoint(t testing.TB, double bool) map[string]Raw {
	v := make([]float32, 4*96)
	for i := range v {
		v[i] = float32(i%13) - 6
	}
	q, err := Quantize4Bit(NewF32(4, 96, v), FourBitOptions{Double: double})
	require.NoError(t, err)
	tensors := map[string]Raw{}
	for _, raw := range q.Tensors("w") {
		tensors[raw.Name] = raw
	}
	return tensors
}

func getter(tensors map[string]Raw) func(string) (Raw, bool) {
	return func(name string) (Raw, bool) {
		raw, ok := tensors[name]
		return raw, ok
	}
}

func f32s(v ...float32) Raw { return Raw{DType: "F32", Data: float32Bytes(v)} }

func u8s(s string) Raw { return Raw{DType: "U8", Data: []byte(s)} }

func state(blockSize int, dtype, shape, more string) Raw {
	return u8s(fmt.Sprintf(`{"quant_type": "nf4", "blocksize": %d, "dtype": %q, "shape": %s%s}`, blockSize, dtype, shape, more))
}

const stateName = "w.quant_state.bitsandbytes__nf4"

func TestHostileFourBit(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	nested := `, "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 1.0`
	for _, c := range []struct {
		name   string
		double bool
		edit   func(map[string]Raw)
		want   string
	}{
		{"no weight", false, func(m map[string]Raw) { delete(m, "w") }, "no such tensor"},
		{"no quant_state", false, func(m map[string]Raw) { delete(m, stateName) }, "quant_state"},
		{"no absmax", false, func(m map[string]Raw) { delete(m, "w.absmax") }, "w.absmax"},
		{"no quant_map", false, func(m map[string]Raw) { delete(m, "w.quant_map") }, "w.quant_map"},
		{"no nested_absmax", true, func(m map[string]Raw) { delete(m, "w.nested_absmax") }, "w.nested_absmax"},
		{"no nested_quant_map", true, func(m map[string]Raw) { delete(m, "w.nested_quant_map") }, "w.nested_quant_map"},
		{"weight short", false, func(m map[string]Raw) { m["w"] = u8s("x") }, "packed weight: found 1 entries, expected 192"},
		{"weight long", false, func(m map[string]Raw) { m["w"] = Raw{DType: "U8", Data: make([]byte, 193)} }, "193"},
		{"absmax short", false, func(m map[string]Raw) { m["w.absmax"] = f32s(1, 2) }, "absmax: found 2 entries, expected 6"},
		{"absmax empty", false, func(m map[string]Raw) { m["w.absmax"] = f32s() }, "absmax: found 0 entries"},
		{"absmax long", false, func(m map[string]Raw) { m["w.absmax"] = f32s(1, 2, 3, 4, 5, 6, 7) }, "7 entries"},
		{"absmax NaN", false, func(m map[string]Raw) { m["w.absmax"] = f32s(1, 2, 3, 4, 5, nan) }, "absmax: found NaN or infinity"},
		{"absmax infinite", false, func(m map[string]Raw) { m["w.absmax"] = f32s(inf, 2, 3, 4, 5, 6) }, "NaN or infinity"},
		{"absmax of integers", false, func(m map[string]Raw) { m["w.absmax"] = Raw{DType: "I32", Data: make([]byte, 24)} }, "absmax: dtype"},
		{"absmax of bytes without nested state", false, func(m map[string]Raw) { m["w.absmax"] = u8s("123456") }, "absmax: dtype"},
		{"codes short", true, func(m map[string]Raw) { m["w.absmax"] = u8s("12345") }, "absmax: found 5 entries, expected 6"},
		{"plain absmax with nested state", true, func(m map[string]Raw) { m["w.absmax"] = f32s(1, 2, 3, 4, 5, 6) }, "U8"},
		{"nested absmax short", true, func(m map[string]Raw) { m["w.nested_absmax"] = f32s() }, "nested_absmax: found 0"},
		{"nested absmax NaN", true, func(m map[string]Raw) { m["w.nested_absmax"] = f32s(nan) }, "NaN or infinity"},
		{"nested absmax overflows", true, func(m map[string]Raw) {
			m["w.absmax"] = u8s("\xff\xff\xff\xff\xff\xff")
			m["w.nested_absmax"] = f32s(math.MaxFloat32)
			m[stateName] = state(64, "float32", "[4, 96]", `, "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 3e38`)
		}, "NaN or infinity"},
		{"nested map short", true, func(m map[string]Raw) { m["w.nested_quant_map"] = f32s(1) }, "nested_quant_map: found 1 entries, expected 256"},
		{"nested block size missing", true, func(m map[string]Raw) { m[stateName] = state(64, "float32", "[4, 96]", `, "nested_offset": 1.0`) }, "nested_blocksize"},
		{"nested block size 0", true, func(m map[string]Raw) {
			m[stateName] = state(64, "float32", "[4, 96]", `, "nested_blocksize": 0, "nested_offset": 1.0`)
		}, "nested_blocksize: found 0"},
		{"nested offset missing", true, func(m map[string]Raw) { m[stateName] = state(64, "float32", "[4, 96]", `, "nested_blocksize": 256`) }, "nested_offset"},
		{"nested offset NaN", true, func(m map[string]Raw) {
			m[stateName] = state(64, "float32", "[4, 96]", `, "nested_blocksize": 256, "nested_offset": NaN`)
		}, "quant_state"},
		{"nested offset 1e300", true, func(m map[string]Raw) {
			m[stateName] = state(64, "float32", "[4, 96]", `, "nested_blocksize": 256, "nested_offset": 1e300`)
		}, "NaN or infinity"},
		{"nested dtype", true, func(m map[string]Raw) {
			m[stateName] = state(64, "float32", "[4, 96]", `, "nested_blocksize": 256, "nested_dtype": "float16", "nested_offset": 1.0`)
		}, "nested_dtype"},
		{"nested state without its tensors", false, func(m map[string]Raw) { m[stateName] = state(64, "float32", "[4, 96]", nested) }, "U8"},
		{"block size 0", false, func(m map[string]Raw) { m[stateName] = state(0, "float32", "[4, 96]", "") }, "blocksize: found 0"},
		{"block size -64", false, func(m map[string]Raw) { m[stateName] = state(-64, "float32", "[4, 96]", "") }, "blocksize"},
		{"block size 48", false, func(m map[string]Raw) { m[stateName] = state(48, "float32", "[4, 96]", "") }, "blocksize"},
		{"block size 2^40", false, func(m map[string]Raw) { m[stateName] = state(1<<40, "float32", "[4, 96]", "") }, "blocksize"},
		{"dtype", false, func(m map[string]Raw) { m[stateName] = state(64, "float64", "[4, 96]", "") }, "dtype"},
		{"shape of one", false, func(m map[string]Raw) { m[stateName] = state(64, "float32", "[384]", "") }, "shape"},
		{"shape null", false, func(m map[string]Raw) { m[stateName] = state(64, "float32", "null", "") }, "shape"},
		{"shape negative", false, func(m map[string]Raw) { m[stateName] = state(64, "float32", "[-4, -96]", "") }, "shape"},
		{"shape overflows", false, func(m map[string]Raw) { m[stateName] = state(64, "float32", "[4294967296, 4294967296]", "") }, "shape"},
		{"shape fractional", false, func(m map[string]Raw) { m[stateName] = state(64, "float32", "[4.5, 96]", "") }, "quant_state"},
		{"another base's shape", false, func(m map[string]Raw) { m[stateName] = state(64, "float32", "[8, 96]", "") }, "packed weight"},
		{"quant type", false, func(m map[string]Raw) { m["w.quant_state.bitsandbytes__fp4"] = m[stateName]; delete(m, stateName) }, "quant_type"},
		{"not JSON", false, func(m map[string]Raw) { m[stateName] = u8s("{") }, "quant_state"},
		{"empty", false, func(m map[string]Raw) { m[stateName] = u8s("") }, "quant_state"},
		{"a megabyte of state", false, func(m map[string]Raw) { m[stateName] = u8s(string(make([]byte, 1<<20))) }, "1048576 bytes"},
		{"quant_map of another format", false, func(m map[string]Raw) { m["w.quant_map"] = Raw{DType: "F32", Data: float32Bytes(fp4Code[:])} }, "quant_map: entry 0"},
		{"quant_map NaN", false, func(m map[string]Raw) {
			code := nf4Code
			code[3] = nan
			m["w.quant_map"] = Raw{DType: "F32", Data: float32Bytes(code[:])}
		}, "quant_map: entry 3"},
		{"quant_map short", false, func(m map[string]Raw) { m["w.quant_map"] = f32s(1) }, "quant_map: found 1 entries"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tensors := checkpoint(t, c.double)
			_, err := ReadFourBit("w", getter(tensors))
			require.NoError(t, err)
			c.edit(tensors)
			_, err = ReadFourBit("w", getter(tensors))
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestHalfPrecisionAbsmax(t *testing.T) {
	tensors := checkpoint(t, false)
	want := []float32{6, 5.5, 4, 6, 6, 1}
	data := make([]byte, 12)
	Encode(BF16, data, want)
	tensors["w.absmax"] = Raw{DType: "BF16", Data: data}
	q, err := ReadFourBit("w", getter(tensors))
	require.NoError(t, err)
	require.Equal(t, want, q.Absmax)
}

func TestQuantize4BitRefuses(t *testing.T) {
	good := NewF32(2, 3, make([]float32, 6))
	for name, o := range map[string]FourBitOptions{
		"block size":  {BlockSize: 63},
		"quant type":  {Quant: Q8_0},
		"state dtype": {State: F64},
	} {
		_, err := Quantize4Bit(good, o)
		require.Error(t, err, name)
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, at := range []int{0, 70, 199} {
			x := make([]float32, 200)
			x[at] = float32(v)
			_, err := Quantize4Bit(NewF32(2, 100, x), FourBitOptions{})
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, fmt.Sprintf("row %d, column %d", at/100, at%100))
		}
	}
}

func TestClone(t *testing.T) {
	for _, double := range []bool{false, true} {
		q, err := ReadFourBit("w", getter(checkpoint(t, double)))
		require.NoError(t, err)
		c, err := q.Clone()
		require.NoError(t, err)
		require.Equal(t, q, c)
		q.Packed[0]++
		require.NotEqual(t, q.Packed, c.Packed)
	}
}

func TestNearestSteps(t *testing.T) {
	for _, code := range [][16]float32{nf4Code, fp4Code} {
		c := newNearest(code)
		for i := range steps {
			lo, hi := float64(i)*2/steps-1-1e-6, float64(i+1)*2/steps-1+1e-6
			inside := 0
			for _, m := range c.middle[:15] {
				if float64(m) >= lo && float64(m) <= hi {
					inside++
				}
			}
			require.LessOrEqual(t, inside, 1, "step %d", i)
		}
		for i := -2000; i <= 2000; i++ {
			v := float32(i) / 2000
			best := c.index(v)
			for j := range code {
				require.LessOrEqual(t, math.Abs(float64(code[best]-v)), math.Abs(float64(code[j]-v))+1e-7)
			}
		}
	}
}

func FuzzReadFourBit(f *testing.F) {
	for _, double := range []bool{false, true} {
		m := checkpoint(f, double)
		f.Add(m["w"].Data, m["w.absmax"].Data, m["w.nested_absmax"].Data, m[stateName].Data)
	}
	f.Fuzz(func(t *testing.T, packed, absmax, nested, state []byte) {
		tensors := checkpoint(t, true)
		set := func(name, dtype string, data []byte) { tensors[name] = Raw{Name: name, DType: dtype, Data: data} }
		set("w", "U8", packed)
		set("w.nested_absmax", "F32", nested[:len(nested)/4*4])
		set(stateName, "U8", state)
		for _, dtype := range []string{"U8", "F32"} {
			set("w.absmax", dtype, absmax[:len(absmax)/4*4])
			q, err := ReadFourBit("w", getter(tensors))
			if err != nil {
				continue
			}
			w, err := ReadAll(q)
			if err != nil {
				t.Fatal(err)
			}
			if !finite(w) && q.State == F32 {
				t.Fatal("NaN or infinity from finite scales")
			}
		}
	})
}
