package quant

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/x448/float16"
)

// sameFloat compares bits, except that any NaN equals any other.
func sameFloat(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func TestF16(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		want := float16.Frombits(h).Float32()
		if got := f16ToF32(h); !sameFloat(got, want) {
			t.Fatalf("%04x: %v, want %v", h, got, want)
		}
		if want == want && f32ToF16(want) != h {
			t.Fatalf("%04x does not come back: %04x", h, f32ToF16(want))
		}
	}
	require.Equal(t, uint16(0x3c00), f32ToF16(1+0x1p-11), "a tie goes to even")
	require.Equal(t, uint16(0x3c02), f32ToF16(1+3*0x1p-11), "a tie goes to even")
	require.Equal(t, uint16(0x7c00), f32ToF16(65520), "too large")
	require.Equal(t, uint16(0x7bff), f32ToF16(65519), "just not too large")
}

func TestBF16(t *testing.T) {
	for i := range 1 << 16 {
		f := bf16ToF32(uint16(i))
		if f == f && f32ToBF16(f) != uint16(i) {
			t.Fatalf("%04x does not come back: %04x", i, f32ToBF16(f))
		}
		if f != f && bf16ToF32(f32ToBF16(f)) == bf16ToF32(f32ToBF16(f)) {
			t.Fatalf("%04x: a NaN became a number", i)
		}
	}
	for in, want := range map[uint32]uint16{
		0x3f808000: 0x3f80, // tie, even below
		0x3f818000: 0x3f82, // tie, even above
		0x3f808001: 0x3f81,
		0x3f807fff: 0x3f80,
		0x7f7fffff: 0x7f80, // rounds to infinity
		0x7f800001: 0x7fc0, // NaN whose payload is below the cut
		0x80000001: 0x8000,
	} {
		require.Equal(t, want, f32ToBF16(math.Float32frombits(in)), "%08x", in)
	}
}

// Values from the tables of arXiv 2209.05433.
func TestF8(t *testing.T) {
	for b, want := range map[byte]float32{
		0x00: 0, 0x01: 0x1p-9, 0x07: 7 * 0x1p-9, 0x08: 0x1p-6, 0x38: 1, 0x7e: 448, 0xfe: -448, 0xb8: -1,
	} {
		require.Equal(t, want, f8E4M3[b], "%02x", b)
	}
	for b, want := range map[byte]float32{
		0x00: 0, 0x01: 0x1p-16, 0x03: 3 * 0x1p-16, 0x04: 0x1p-14, 0x3c: 1, 0x7b: 57344, 0xbc: -1,
		0x7c: float32(math.Inf(1)), 0xfc: float32(math.Inf(-1)),
	} {
		require.Equal(t, want, f8E5M2[b], "%02x", b)
	}
	for _, b := range []byte{0x7f, 0xff} {
		require.True(t, math.IsNaN(float64(f8E4M3[b])))
		require.True(t, math.IsNaN(float64(f8E5M2[b])))
	}
	require.True(t, math.Signbit(float64(f8E4M3[0x80])))
}

func TestEncodeDecode(t *testing.T) {
	want := []float32{0, 1, -1.5, 0x1p-14, 65504, 3}
	for _, f := range []Format{F64, F32, F16, BF16} {
		data := make([]byte, len(want)*f.Size())
		Encode(f, data, want)
		got := make([]float32, len(want))
		Decode(f, got, data)
		rounded := append([]float32{}, want...)
		Round(f, rounded)
		require.Equal(t, rounded, got, f)
	}
	require.Panics(t, func() { Encode(NF4, make([]byte, 100), want) })
	require.Panics(t, func() { Decode(F32, make([]float32, 2), make([]byte, 7)) })
}
