package quant

// The "K" formats: blocks of 256 cut into sub-blocks, whose scales are small
// integers times the block's f16.

// subScales unpacks the 8 scales and 8 minima, of 6 bits each, that Q4_K and
// Q5_K keep in 12 bytes: those of the first four sub-blocks whole in bytes 0–3
// and 4–7, whose top bits belong to the last four, as the nibbles of bytes
// 8–11 do.
func subScales(src []byte) (scale, minimum [8]float32) {
	for i := range 4 {
		a, b, c := src[i], src[i+4], src[i+8]
		scale[i], minimum[i] = float32(a&63), float32(b&63)
		scale[i+4], minimum[i+4] = float32(c&15|a>>6<<4), float32(c>>4|b>>6<<4)
	}
	return scale, minimum
}

// decodeQ4K: d f16, dmin f16, 12 bytes of scales, 128 bytes of nibbles, 32
// bytes for two sub-blocks of 32: low nibbles, then high.
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

// decodeQ5K: as Q4_K, with 32 bytes of fifth bits before the nibbles, bit s
// of byte i for number i of sub-block s.
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

// decodeQ6K: 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 int8
// scales for sub-blocks of 16, d f16; offset by 32. Each half of 128 numbers
// is four runs of 32: the low nibbles of 64 bytes, then their high nibbles,
// with the bit pairs of 32 bytes from the lowest up.
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
