// Packed weights. A matrix lies tile by tile of 16 rows; in a tile, chunk by
// chunk along K; in a chunk, row by row: 16 bytes a row (8 of int8 and 4 bits).
// K is padded with zeros to a multiple of 16 (int8 and 4 bits: of 64).
//
//	F32    a chunk is 4 along K:  [K/4][16 rows][4]
//	BF16   8 along K:             [K/8][16 rows][8]
//	F16    as BF16
//	INT8   8 along K:             [K/8][8 rows g][g, g+8][8]
//	4 bits 16 along K:            [K/16][8 rows g][g, g+8][8 bytes]; the first of
//	                              two weights in a byte's high nibble
//
// then float scales, [K/block][8 rows g][g, g+8], of int8 and 4 bits; then, of 4
// bits, the codebook, 16 floats.
//
// So a warp of the fast kernels reads one tile and 64 along K of 4 bits as 512
// consecutive bytes, 16 a lane: its lane (g, t) has rows g and g+8 and the 16
// along K from 16t on. The exact kernels have a lane a row.

// padded is K with its padding.
template <int kind> INLINE int padded(int k) { return (k + Form<kind>::align - 1) / Form<kind>::align * Form<kind>::align; }

template <int kind> INLINE size_t tile_codes(int k) { return (size_t)padded<kind>(k) * TILE_ROWS * Form<kind>::bits / 8; }

// tile_bytes is the distance between two tiles.
template <int kind> INLINE size_t tile_bytes(int k) {
	size_t n = tile_codes<kind>(k);
	if (Form<kind>::scaled) n += (size_t)padded<kind>(k) / Form<kind>::block * TILE_ROWS * 4;
	if (Form<kind>::codebook) n += 64;
	return n;
}

INLINE int paired(int row) { return row % 8 * 2 + row / 8; } // where row stands in g, g+8 order

// scale_at is the scale of a row of a tile and a block along K.
template <int kind> INLINE float scale_at(const char *tile, int k, int block, int row) {
	return reinterpret_cast<const float *>(tile + tile_codes<kind>(k))[block * TILE_ROWS + paired(row)];
}

template <int kind> INLINE const float *codebook(const char *tile, int k) {
	return reinterpret_cast<const float *>(tile + tile_bytes<kind>(k) - 64);
}

// code_at is a weight of a tile but for its scale; of kinds that are scaled first,
// but for its rounding too.
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
	int byte = reinterpret_cast<const unsigned char *>(tile)[(at / 16 * TILE_ROWS + paired(row)) * 8 + at % 16 / 2];
	return codebook<kind>(tile, k)[at % 2 ? byte & 15 : byte >> 4];
}

// round_weight rounds code·absmax as the state of a 4-bit matrix says.
template <int kind> INLINE float round_weight(float v) {
	if (Form<kind>::to_bf16) return from_bf16(to_bf16(v));
	if (Form<kind>::to_f16) return from_f16(to_f16(v));
	return v;
}

// round_pair is round_weight of two.
template <int kind> INLINE float2 round_pair(float first, float second) {
	unsigned v = Form<kind>::to_bf16 ? pack_bf16(first, second) : pack_f16(first, second);
	if (Form<kind>::to_bf16) return make_float2(__uint_as_float(v << 16), __uint_as_float(v & 0xffff0000));
	return make_float2(from_f16(v & 0xffff), from_f16(v >> 16));
}

// factor_at is a weight as it enters a product: without its scale where the
// scale multiplies a block's sum.
template <int kind> INLINE float factor_at(const char *tile, int k, int row, int at) {
	float v = code_at<kind>(tile, k, row, at);
	if (Form<kind>::scaled_first) v = round_weight<kind>(v * scale_at<kind>(tile, k, at / BLOCK_K, row));
	return v;
}

// weight_at is the dequantised weight.
template <int kind> INLINE float weight_at(const char *tile, int k, int row, int at) {
	float v = factor_at<kind>(tile, k, row, at);
	if (Form<kind>::scaled_last) v *= scale_at<kind>(tile, k, at / Form<kind>::block, row);
	return v;
}
