package quant

import (
	"math"
	"slices"
	"sync"
)

// nf4Code is the codebook of NF4: quantiles of the normal distribution, as QLoRA
// lists them (arXiv 2305.14314, appendix E).
var nf4Code = [16]float32{
	-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
	-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
	0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
	0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
}

// fp4Code is the codebook of FP4: the values of a float of 4 bits (sign, two
// exponent bits, one fraction bit), by its bits, scaled so that the largest is 1.
var fp4Code = func() (code [16]float32) {
	for i, v := range [8]float32{0, 0.0625, 8, 12, 4, 6, 2, 3} {
		code[i] = v / 12
		code[i+8] = -v / 12
	}
	code[8] = 0
	return code
}()

// codeOf returns the codebook of NF4 or FP4.
func codeOf(f Format) [16]float32 {
	if f == FP4 {
		return fp4Code
	}
	return nf4Code
}

// dynamicCode returns the 8-bit codebook of double quantisation, in ascending
// order: the signed dynamic map of Dettmers 2015 (arXiv 1511.04561). It has 0, 1,
// and values of both signs from seven decades: decade i, from 10^(i-7) to
// 10^(i-6), is cut into 2^i equal parts, of which the map has the middles. The
// float32 operations run in torch's order, so that the bits are bitsandbytes'.
var dynamicCode = sync.OnceValue(func() *[256]float32 {
	code := make([]float32, 0, 256)
	decade := [7]float32{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1}
	for i, scale := range decade {
		boundary := linspace(0.1, 1, 1<<i+1)
		for j := range 1 << i {
			mean := (boundary[j] + boundary[j+1]) / 2
			code = append(code, scale*mean, -(scale * mean))
		}
	}
	code = append(code, 0, 1)
	slices.Sort(code)
	return (*[256]float32)(code)
})

// linspace returns n numbers in equal steps from first to last. Each is computed
// from the nearer end and rounded once, as in torch's vectorised code.
func linspace(first, last float32, n int) []float32 {
	v := make([]float32, n)
	step := float64((last - first) / float32(n-1))
	for i := range v {
		if i < n/2 {
			v[i] = float32(float64(first) + step*float64(i))
		} else {
			v[i] = float32(float64(last) - step*float64(n-1-i))
		}
	}
	return v
}

// dynamicIndex returns the index of the nearest value of dynamicCode for each of
// 65,536 numbers in equal steps from -1 to 1, as bitsandbytes has it on CPUs.
var dynamicIndex = sync.OnceValue(func() *[1 << 16]byte {
	var index [1 << 16]byte
	code := dynamicCode()
	j := 0
	for i := range index {
		v := float64(i)/65535*2 - 1
		for j < 255 && math.Abs(v-float64(code[j+1])) < math.Abs(v-float64(code[j])) {
			j++
		}
		index[i] = byte(j)
	}
	return &index
})

// nearestDynamic returns the index in dynamicCode that bitsandbytes chooses for a
// v from -1 to 1.
func nearestDynamic(index *[1 << 16]byte, v float32) byte {
	half := (v + 1) * 0.5
	step := float32(float64(half)*65535 + 0.5) // rounded once, as the fused multiply-add there
	return index[uint16(step)]
}
