package quant

// The "K" formats: blocks of 256 numbers, cut into sub-blocks. The scale of a
// sub-block is a small integer times d, an f16 of the block; its minimum is a
// small integer times dmin.

// subScales unpacks the 8 scales and 8 minima, of 6 bits each, that Q4_K and
// Q5_K keep in 12 bytes. For i < 4:
//
//	scale i      the low 6 bits of byte i
//	minimum i    the low 6 bits of byte 4+i
//	scale 4+i    the low nibble of byte 8+i, and above it the top 2 bits of byte i
//	minimum 4+i  the high nibble of byte 8+i, and above it the top 2 bits of byte 4+i
func subScales(src []byte) (scale, minimum [8]float32) {
	for i := range 4 {
		a, b, c := src[i], src[i+4], src[i+8]
		scale[i], minimum[i] = float32(a&63), float32(b&63)
		scale[i+4], minimum[i+4] = float32(c&15|a>>6<<4), float32(c>>4|b>>6<<4)
	}
	return scale, minimum
}

// decodeQ4K reads d and dmin (f16), 12 bytes for subScales, and 128 bytes of
// nibbles. 32 bytes of nibbles hold two sub-blocks of 32: one in the low nibbles,
// the next in the high ones.
func decodeQ4K(dst []float32, src []byte) {
	d, dmin := half(src), half(src[2:])
	scale, minimum := subScales(src[4:16])
	for s := range 8 {
		step, m := d*scale[s], dmin*minimum[s]
		shift := 4 * (s & 1)
		for i, c := range src[16+s/2*32:][:32] {
			dst[s*32+i] = float32(step*float32(c>>shift&15)) - m
		}
	}
}

// decodeQ5K reads what decodeQ4K does, and before the nibbles 32 bytes of fifth
// bits: bit s of byte i belongs to number i of sub-block s.
func decodeQ5K(dst []float32, src []byte) {
	d, dmin := half(src), half(src[2:])
	scale, minimum := subScales(src[4:16])
	fifth := src[16:48]
	for s := range 8 {
		step, m := d*scale[s], dmin*minimum[s]
		shift := 4 * (s & 1)
		for i, c := range src[48+s/2*32:][:32] {
			dst[s*32+i] = float32(step*float32(c>>shift&15|fifth[i]>>s&1<<4)) - m
		}
	}
}

// decodeQ6K reads 128 bytes of nibbles (the low 4 bits of the codes), 64 bytes of
// bit pairs (the high 2), 16 scales (int8) of sub-blocks of 16, and d (f16). The
// six bits are the code plus 32. Each half of the block, 128 numbers, is four
// runs of 32, from 64 bytes of nibbles and 32 bytes of pairs:
//
//	run  nibbles                 bit pairs
//	0    low, bytes 0 to 31      bits 0 and 1
//	1    low, bytes 32 to 63     bits 2 and 3
//	2    high, bytes 0 to 31     bits 4 and 5
//	3    high, bytes 32 to 63    bits 6 and 7
func decodeQ6K(dst []float32, src []byte) {
	low, high, scales, d := src[:128], src[128:192], src[192:208], half(src[208:])
	for run := range 8 {
		nibbles := low[run/4*64+run%2*32:][:32]
		pairs := high[run/4*32:][:32]
		shift := 4 * (run % 4 / 2)
		for i, c := range nibbles {
			q := int(c>>shift&15|pairs[i]>>(2*(run%4))&3<<4) - 32
			at := run*32 + i
			step := d * float32(int8(scales[at/16]))
			dst[at] = step * float32(q)
		}
	}
}
