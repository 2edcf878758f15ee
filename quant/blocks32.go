package quant

import "encoding/binary"

// The formats in blocks of 32 numbers. In d·code + m, d is the scale of the block
// and m its minimum. The low nibbles of the bytes are the codes of the first half
// of a block, the high nibbles those of the second. d·code + m is rounded after
// the product and after the sum, as in ggml's reference: the conversions to
// float32 keep the compiler from fusing them.

// decodeQ8_0 reads d (f16) and 32 codes (int8).
func decodeQ8_0(dst []float32, src []byte) {
	d := half(src)
	for i, c := range src[2:34] {
		dst[i] = d * float32(int8(c))
	}
}

// decodeQ4_0 reads d (f16) and 16 bytes of nibbles, which are codes plus 8.
func decodeQ4_0(dst []float32, src []byte) {
	d := half(src)
	for i, c := range src[2:18] {
		dst[i] = d * float32(int(c&15)-8)
		dst[i+16] = d * float32(int(c>>4)-8)
	}
}

// decodeQ4_1 reads d and m (f16) and 16 bytes of nibbles.
func decodeQ4_1(dst []float32, src []byte) {
	d, m := half(src), half(src[2:])
	for i, c := range src[4:20] {
		dst[i] = float32(d*float32(c&15)) + m
		dst[i+16] = float32(d*float32(c>>4)) + m
	}
}

// decodeQ5_0 reads d (f16), the fifth bits of 32 codes, and 16 bytes of nibbles.
// The five bits are the code plus 16.
func decodeQ5_0(dst []float32, src []byte) {
	d, fifth := half(src), binary.LittleEndian.Uint32(src[2:])
	for i, c := range src[6:22] {
		dst[i] = d * float32(int(c&15)+int(fifth>>i&1)<<4-16)
		dst[i+16] = d * float32(int(c>>4)+int(fifth>>(i+16)&1)<<4-16)
	}
}

// decodeQ5_1 reads d and m (f16), the fifth bits of 32 codes, and 16 bytes of
// nibbles.
func decodeQ5_1(dst []float32, src []byte) {
	d, m, fifth := half(src), half(src[2:]), binary.LittleEndian.Uint32(src[4:])
	for i, c := range src[8:24] {
		dst[i] = float32(d*float32(uint32(c&15)|fifth>>i&1<<4)) + m
		dst[i+16] = float32(d*float32(uint32(c>>4)|fifth>>(i+16)&1<<4)) + m
	}
}
