// The layout of packed weights. A matrix is cut into tiles of 16 rows, which lie one
// after the other. A tile begins with its weights: chunks along K, in each chunk
// the 16 rows, of each row 16 bytes (int8 and 4 bits: 8 bytes). K is padded with
// zeros to a multiple of 16 (int8 and 4 bits: of 64).
//
//	F32     chunks of 4 along K    [K/4][16 rows][4]
//	BF16    chunks of 8            [K/8][16 rows][8]
//	F16     as BF16
//	INT8    chunks of 8            [K/8][g][row g, row g+8][8], g being 0 to 7
//	4 bits  chunks of 16           [K/16][g][row g, row g+8][8 bytes], two codes a
//	                               byte, the first in the high nibble
//	U4      as 4 bits, but in two words: of the 8 codes of a word, codes 2i and 2i+1
//	        are in the nibbles i and i+4
//
// After its weights a tile of int8 or 4 bits has its scales, float,
// [K/block][g][row g, row g+8]; a tile of 4 bits then has the codebook, 16 floats. In
// U4, and U4X32, the place of a scale has 16 bits of a scale, above them 8 bits of a
// zero, and above these whether the scale is bfloat16 (1) or float16 (0).
//
// In the fast kernels a lane is (g, t), g = lane/4 and t = lane%4. Of a tile of 4
// bits and 64 along K, lane (g, t) takes rows g and g+8 and the 16 along K from 16t
// on: 16 bytes that lie together, and a warp takes 512. In the exact kernels a lane
// takes one row.

// padded returns K with its padding.
template <int kind> INLINE int padded(int k) { return (k + Form<kind>::align - 1) / Form<kind>::align * Form<kind>::align; }

template <int kind> INLINE size_t tile_codes(int k) { return (size_t)padded<kind>(k) * TILE_ROWS * Form<kind>::bits / 8; }

// tile_codes returns the bytes of the weights of a tile, and tile_bytes those of the
// whole tile.
template <int kind> INLINE size_t tile_bytes(int k) {
	size_t n = tile_codes<kind>(k);
	if (Form<kind>::scaled) n += (size_t)padded<kind>(k) / Form<kind>::block * TILE_ROWS * 4;
	if (Form<kind>::codebook) n += 64;
	return n;
}

// paired returns the place of a row in the order 0, 8, 1, 9, …, 7, 15.
INLINE int paired(int row) { return row % 8 * 2 + row / 8; }

// scale_of and zero_of return what the place of a scale has.
template <int kind> INLINE float scale_of(float place) {
	if (!Form<kind>::zeros) return place;
	unsigned v = __float_as_uint(place);
	return v >> 24 ? from_bf16(v & 0xffff) : from_f16(v & 0xffff);
}
INLINE unsigned zero_of(float place) { return __float_as_uint(place) >> 16 & 0xff; }

// place_at returns the place of the scale of a row of a tile and a block along K.
template <int kind> INLINE float place_at(const char *tile, int k, int block, int row) {
	return reinterpret_cast<const float *>(tile + tile_codes<kind>(k))[block * TILE_ROWS + paired(row)];
}

// scale_at returns the scale of a row of a tile and a block along K.
template <int kind> INLINE float scale_at(const char *tile, int k, int block, int row) {
	return scale_of<kind>(place_at<kind>(tile, k, block, row));
}

template <int kind> INLINE const float *codebook(const char *tile, int k) {
	return reinterpret_cast<const float *>(tile + tile_bytes<kind>(k) - 64);
}

// code_at returns a weight of a tile before its zero is subtracted and before it is
// multiplied by its scale (and, in kinds that round then, before it is rounded).
template <int kind> INLINE float code_at(const char *tile, int k, int row, int at) {
	switch (kind) {
	case F32:
		return reinterpret_cast<const float *>(tile)[(at / 4 * TILE_ROWS + row) * 4 + at % 4];
	case BF16:
		return from_bf16(reinterpret_cast<const bf16_bits *>(tile)[(at / 8 * TILE_ROWS + row) * 8 + at % 8]);
	case F16:
		return from_f16(reinterpret_cast<const half_bits *>(tile)[(at / 8 * TILE_ROWS + row) * 8 + at % 8]);
	case INT8:
		return (float)reinterpret_cast<const signed char *>(tile)[(at / 8 * TILE_ROWS + paired(row)) * 8 + at % 8];
	}
	if (Form<kind>::zeros) {
		unsigned word = reinterpret_cast<const unsigned *>(tile)[(at / 16 * TILE_ROWS + paired(row)) * 2 + at % 16 / 8];
		return (float)(word >> (at % 8 / 2 * 4 + at % 2 * 16) & 15);
	}
	int byte = reinterpret_cast<const unsigned char *>(tile)[(at / 16 * TILE_ROWS + paired(row)) * 8 + at % 16 / 2];
	return codebook<kind>(tile, k)[at % 2 ? byte & 15 : byte >> 4];
}

// round_weight rounds code·scale of a 4-bit kind.
template <int kind> INLINE float round_weight(float v) {
	if (Form<kind>::to_bf16) return from_bf16(to_bf16(v));
	if (Form<kind>::to_f16) return from_f16(to_f16(v));
	return v;
}

// round_pair rounds two weights as round_weight does.
template <int kind> INLINE float2 round_pair(float first, float second) {
	unsigned v = Form<kind>::to_bf16 ? pack_bf16(first, second) : pack_f16(first, second);
	if (Form<kind>::to_bf16) return make_float2(__uint_as_float(v << 16), __uint_as_float(v & 0xffff0000));
	return make_float2(from_f16(v & 0xffff), from_f16(v >> 16));
}

// factor_at returns a weight as it enters a product: less its zero, and without its
// scale in kinds whose scale multiplies the sum of a block.
template <int kind> INLINE float factor_at(const char *tile, int k, int row, int at) {
	float v = code_at<kind>(tile, k, row, at);
	if (Form<kind>::zeros) v -= (float)zero_of(place_at<kind>(tile, k, at / Form<kind>::block, row));
	if (Form<kind>::scaled_first) v = round_weight<kind>(v * scale_at<kind>(tile, k, at / BLOCK_K, row));
	return v;
}

// weight_at returns the dequantised weight.
template <int kind> INLINE float weight_at(const char *tile, int k, int row, int at) {
	float v = factor_at<kind>(tile, k, row, at);
	if (Form<kind>::scaled_last) v *= scale_at<kind>(tile, k, at / Form<kind>::block, row);
	return v;
}
