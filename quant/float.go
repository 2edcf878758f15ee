package quant

import (
	"encoding/binary"
	"math"

	"github.com/x448/float16"
)

// f16ToF32 widens an IEEE 754 binary16 exactly.
func f16ToF32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent := uint32(h>>10) & 0x1f
	fraction := uint32(h & 0x3ff)
	switch exponent {
	case 0: // zero or subnormal: fraction · 2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// f32ToF16 rounds to the nearest binary16, ties to even. What is too large
// becomes infinity.
func f32ToF16(f float32) uint16 { return float16.Fromfloat32(f).Bits() }

// bf16ToF32 widens a bfloat16 exactly.
func bf16ToF32(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// f32ToBF16 rounds to the nearest bfloat16, ties to even.
func f32ToBF16(f float32) uint16 {
	u := math.Float32bits(f)
	if u&0x7fffffff > 0x7f800000 { // NaN: rounding could carry it to infinity
		return uint16(u>>16) | 0x40
	}
	return uint16((u + 0x7fff + u>>16&1) >> 16)
}

// f8E4M3 and f8E5M2 have the number of each byte in the two 8-bit formats of
// Micikevicius et al. 2022 (arXiv 2209.05433), as torch.float8_e4m3fn (which has no
// infinities) and torch.float8_e5m2 store them.
var (
	f8E4M3 = byteTable(func(b byte) float32 {
		exponent, fraction := int(b>>3&0xf), float64(b&7)
		switch {
		case b&0x7f == 0x7f:
			return float32(math.NaN())
		case exponent == 0:
			return float32(math.Ldexp(fraction, -9))
		}
		return float32(math.Ldexp(8+fraction, exponent-10))
	})
	f8E5M2 = byteTable(func(b byte) float32 { return f16ToF32(uint16(b&0x7f) << 8) })
)

// byteTable returns the numbers of all bytes: the top bit is the sign, and
// magnitude gives the number of the other seven.
func byteTable(magnitude func(byte) float32) (t [256]float32) {
	for i := range 128 {
		t[i] = magnitude(byte(i))
		t[i+128] = math.Float32frombits(math.Float32bits(t[i]) | 1<<31)
	}
	return t
}

// Decode widens len(dst) little-endian numbers of the dense format f, from the
// first len(dst)·f.Size() bytes of src. F64 is rounded to nearest, ties to even;
// the others are exact.
func Decode(f Format, dst []float32, src []byte) {
	src = src[:len(dst)*f.Size()]
	switch f {
	case F64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
		}
	case F32:
		if littleEndian {
			copy(float32Bytes(dst), src)
			return
		}
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case F16:
		for i := range dst {
			dst[i] = f16ToF32(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
		}
	case F8E4M3:
		for i := range dst {
			dst[i] = f8E4M3[src[i]]
		}
	case F8E5M2:
		for i := range dst {
			dst[i] = f8E5M2[src[i]]
		}
	}
}

// Encode writes src to the first len(src)·f.Size() bytes of dst, little-endian,
// as F64, F32, F16 or BF16, rounded to nearest, ties to even. It panics on other
// formats.
func Encode(f Format, dst []byte, src []float32) {
	dst = dst[:len(src)*f.Size()]
	switch f {
	case F64:
		for i, v := range src {
			binary.LittleEndian.PutUint64(dst[8*i:], math.Float64bits(float64(v)))
		}
	case F32:
		copy(dst, float32Bytes(src))
	case F16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(dst[2*i:], f32ToF16(v))
		}
	case BF16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(dst[2*i:], f32ToBF16(v))
		}
	default:
		panic("quant: cannot encode as " + f.String())
	}
}

// Round rounds every number of v in place to the nearest F16 or BF16, ties to
// even. For other formats it does nothing.
func Round(f Format, v []float32) {
	switch f {
	case BF16:
		for i, x := range v {
			v[i] = bf16ToF32(f32ToBF16(x))
		}
	case F16:
		for i, x := range v {
			v[i] = f16ToF32(f32ToF16(x))
		}
	}
}
