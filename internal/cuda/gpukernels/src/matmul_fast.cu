// y = x Wᵀ on tensor cores: x is bfloat16, weights are rounded to bfloat16 (int8 and
// 4 bits before they are scaled), and sums are float32. A launch does up to three
// matrices of one input.
//
// W is the first operand of a mma (16 rows by 16 along K), x the second (16 along K
// by 8 rows of x). A mma sums over its 16 along K in an order of its own. So any 16
// may share a mma, as long as both operands and all kernels take the same 16. Of
// each 64 along K lane (g, t) holds the 16 from 16t on, and gives 4 of them to each
// of 4 mmas: it reads them as they lie in memory. Of int8, where a sum has 32 along
// K, it holds the 8 from 8t on of each 32.

// A Fragment is the part of 16 rows of W by 64 along K that lane (g, t) holds, for 4
// mmas.
struct Fragment {
	unsigned a[4][4];
};

// scaled_pair returns two weights of a kind that is rounded after its scale.
template <int kind> INLINE unsigned scaled_pair(const char *table, unsigned address, float scale) {
	float2 v = *reinterpret_cast<const float2 *>(table + address);
	if (!Form<kind>::to_bf16) v = round_pair<kind>(v.x * scale, v.y * scale);
	else v.x *= scale, v.y *= scale; // packing rounds in the same way
	return pack_bf16(v.x, v.y);
}

// u4_pair returns the codes 2i and 2i+1 of a word, less zero, as bfloat16, which is
// exact: the code plus 128 is in the low bits of the bfloat16 128.
INLINE unsigned u4_pair(unsigned word, int i, unsigned zero) {
	return add_bf16((word >> (4 * i) & 0x000f000f) | 0x43004300, (0xc300 | zero) * 0x10001);
}

// int8_pair returns two int8 codes of a word as bfloat16, which is exact. The bytes of
// the word are the codes plus 128.
INLINE unsigned int8_pair(unsigned biased, int byte) {
	float first = __uint_as_float(__byte_perm(biased, 0x4b000000, 0x7650 | byte)) - 8388736.0f;
	float second = __uint_as_float(__byte_perm(biased, 0x4b000000, 0x7650 | (byte + 1))) - 8388736.0f;
	return pack_bf16(first, second);
}

INLINE unsigned half_pair(unsigned h) { return pack_bf16(from_f16(h & 0xffff), from_f16(h >> 16)); }

// A Source reads fragments of one tile.
template <int kind> struct Source {
	// words is how many times 16 bytes a fragment takes in memory.
	static const int words = kind == F32 ? 8 : kind <= F16 ? 4 : kind == INT8 ? 2 : 1;
	static const int ahead = words == 8 ? 1 : words == 4 ? 2 : 4; // blocks of K that a warp fetches before it uses them
	static const int per = BLOCK_K / Form<kind>::block;
	uint4 raw[words];
	float2 top[per]; // the places of scales of rows g and g+8, where expand needs them

	INLINE_MEMBER void fetch(const char *tile, int k, int block, int g, int t) {
		int depth = padded<kind>(k);
		const uint4 *from = reinterpret_cast<const uint4 *>(tile);
		const uint4 none = make_uint4(0, 0, 0, 0);
		if (kind == F32)
			for (int i = 0; i < 8; i++) // i/2: the mma; i%2: row g or g+8
				raw[i] = block * 64 + t * 16 < depth ? __ldg(from + (block * 16 + t * 4 + i / 2) * 16 + g + i % 2 * 8) : none;
		else if (kind <= F16)
			for (int i = 0; i < 4; i++) // i/2: half of the 16 along K; i%2: row g or g+8
				raw[i] = block * 64 + t * 16 < depth ? __ldg(from + (block * 8 + t * 2 + i / 2) * 16 + g + i % 2 * 8) : none;
		else if (kind == INT8)
			for (int i = 0; i < 2; i++) raw[i] = __ldg(from + (block * 8 + i * 4 + t) * 8 + g); // i: half of the 64 along K
		else if (per == 2) { // the words of the 8 along K from 8t on, of each half of the 64
			const unsigned *first = reinterpret_cast<const unsigned *>(tile) + ((block * 4 + t / 2) * 8 + g) * 4 + t % 2;
			raw[0] = make_uint4(__ldg(first), __ldg(first + 64), __ldg(first + 2), __ldg(first + 66));
		} else
			raw[0] = __ldg(from + (block * 4 + t) * 8 + g);
		if (Form<kind>::scaled_first || Form<kind>::zeros)
#pragma unroll
			for (int i = 0; i < per; i++)
				top[i] = __ldg(reinterpret_cast<const float2 *>(tile + tile_codes<kind>(k)) + (block * per + i) * 8 + g);
	}

	// expand turns what was fetched into bfloat16.
	INLINE_MEMBER void expand(Fragment &f, const char *table, unsigned lane) const {
#pragma unroll
		for (int m = 0; m < 4; m++)
#pragma unroll
			for (int half = 0; half < 2; half++) {
				unsigned &early = f.a[m][half], &late = f.a[m][2 + half];
				if (kind == F32) {
					uint4 v = raw[m * 2 + half];
					early = pack_bf16(__uint_as_float(v.x), __uint_as_float(v.y));
					late = pack_bf16(__uint_as_float(v.z), __uint_as_float(v.w));
				} else if (kind <= F16) {
					uint4 v = raw[m / 2 * 2 + half];
					unsigned first = m % 2 ? v.z : v.x, second = m % 2 ? v.w : v.y;
					early = kind == BF16 ? first : half_pair(first);
					late = kind == BF16 ? second : half_pair(second);
				} else if (kind == INT8) {
					uint4 v = raw[m / 2];
					unsigned word = (half ? (m % 2 ? v.w : v.z) : (m % 2 ? v.y : v.x)) ^ 0x80808080;
					early = int8_pair(word, 0);
					late = int8_pair(word, 2);
				} else {
					uint4 v = raw[0];
					unsigned word = half ? (m / 2 ? v.w : v.z) : (m / 2 ? v.y : v.x);
					float place = half ? top[m / 2 * (per - 1)].y : top[m / 2 * (per - 1)].x;
					if (Form<kind>::zeros) {
						early = u4_pair(word, m % 2 * 2, zero_of(place));
						late = u4_pair(word, m % 2 * 2 + 1, zero_of(place));
						continue;
					}
					unsigned first = table_address(word, m % 2 * 2, lane * (kind == BITS4 ? 4 : 8));
					unsigned second = table_address(word, m % 2 * 2 + 1, lane * (kind == BITS4 ? 4 : 8));
					if (kind == BITS4) {
						early = *reinterpret_cast<const unsigned *>(table + first);
						late = *reinterpret_cast<const unsigned *>(table + second);
					} else {
						early = scaled_pair<kind>(table, first, place);
						late = scaled_pair<kind>(table, second, place);
					}
				}
			}
	}
};

// early_at and late_at return where in 64 along K of a row of x the 8 numbers lie that
// lane (g, t) gives to mmas 0 and 1, and to mmas 2 and 3.
template <int kind> INLINE int early_at(int t) { return Form<kind>::block == 32 ? t * 8 : t * 16; }
template <int kind> INLINE int late_at(int t) { return Form<kind>::block == 32 ? 32 + t * 8 : t * 16 + 8; }

// partial_sums multiplies a fragment by 64 along K of 8 rows of x, of which early and
// late are the lane's numbers. The partial sums are p[0]; in blocks of 32, p[0] for the
// first 32 along K and p[1] for the others.
template <int kind> INLINE void partial_sums(float p[2][4], const Fragment &f, uint4 early, uint4 late) {
	for (int i = 0; i < 4; i++) p[0][i] = p[1][i] = 0;
	float *second = Form<kind>::block == 32 ? p[1] : p[0];
	mma_bf16(p[0], f.a[0][0], f.a[0][1], f.a[0][2], f.a[0][3], early.x, early.y);
	mma_bf16(p[0], f.a[1][0], f.a[1][1], f.a[1][2], f.a[1][3], early.z, early.w);
	mma_bf16(second, f.a[2][0], f.a[2][1], f.a[2][2], f.a[2][3], late.x, late.y);
	mma_bf16(second, f.a[3][0], f.a[3][1], f.a[3][2], f.a[3][3], late.z, late.w);
}

// eight returns x[at … at+8) of a row, or zeros past k. k is a multiple of 8. In kinds
// with a codebook it is one of 64, so that nothing is read past it.
template <int kind> INLINE uint4 eight(const bf16_bits *x, int at, int k) {
	return Form<kind>::codebook || at < k ? __ldg(reinterpret_cast<const uint4 *>(x + at)) : make_uint4(0, 0, 0, 0);
}

// few computes products with at most 8 rows of x. Dynamic shared memory: the table (4
// bits), partial sums, scales. Grid: any number of thread blocks.
template <int kind> INLINE void few(Map m0, Map m1, Map m2, Input<bf16_bits> in) {
	DYNAMIC_SHARED(char, shared);
	int tiles = tiles_of(m0.rows, 16) + tiles_of(m1.rows, 16) + tiles_of(m2.rows, 16);
	if (blockIdx.x >= tiles) return;
	int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4, n = in.rows;
	const char *table = shared;
	Few<kind> sums;
	sums.partial = reinterpret_cast<float *>(shared + (Form<kind>::codebook ? TABLE_BYTES : 0));
	sums.scales = sums.partial + SEGMENT * sums.per * n * TILE_ROWS;
	const int ahead = Source<kind>::ahead;
	int blocks = (in.k + BLOCK_K - 1) / BLOCK_K;
	const bf16_bits *x = in.x + (size_t)min(g, n - 1) * in.k; // rows of x past n are computed, but not stored
	float *own = sums.partial + 2 * t * TILE_ROWS + g;
	open<kind>(shared, m0, m1, m2, in.k, kind == BITS4);
	for (int number = blockIdx.x; number < tiles; number += gridDim.x) {
		Map m;
		int tile = number;
		find(m0, m1, m2, TILE_ROWS, tile, m);
		const char *w = m.w + tile * tile_bytes<kind>(in.k);
		float y = 0;
		for (int first = 0; first < blocks; first += SEGMENT) {
			int count = min(SEGMENT, blocks - first);
			sums.prefetch(w, in.k, first, count);
			for (int b = warp; b < count; b += FEW_WARPS * ahead) {
				Source<kind> source[ahead];
#pragma unroll
				for (int i = 0; i < ahead; i++)
					if (b + i * FEW_WARPS < count) source[i].fetch(w, in.k, first + b + i * FEW_WARPS, g, t);
#pragma unroll
				for (int i = 0; i < ahead; i++) {
					int block = b + i * FEW_WARPS;
					if (block >= count) break;
					int at = (first + block) * BLOCK_K;
					uint4 early = eight<kind>(x, at + early_at<kind>(t), in.k), late = eight<kind>(x, at + late_at<kind>(t), in.k);
					Fragment f;
					source[i].expand(f, table, lane);
					float p[2][4];
					partial_sums<kind>(p, f, early, late);
					float *to = own + block * sums.per * n * TILE_ROWS;
#pragma unroll
					for (int half = 0; half < sums.per; half++)
#pragma unroll
						for (int j = 0; j < 2; j++)
							if (2 * t + j < n) {
								to[(half * n + j) * TILE_ROWS] = p[half][j];
								to[(half * n + j) * TILE_ROWS + 8] = p[half][2 + j];
							}
				}
			}
			sums.arrive(count);
			if (threadIdx.x < 16 * n) y = sums.join(y, threadIdx.x % 16, threadIdx.x / 16, n, count);
			__syncthreads();
		}
		if (threadIdx.x < 16 * n) finish(m, in, tile * TILE_ROWS + threadIdx.x % 16, threadIdx.x / 16, y);
	}
}

// many computes products with many rows of x. A thread block of 8 warps does 128 rows
// of W by 64 of x, a warp 16 by 64. x comes through two buffers in shared memory, 64
// along K at a time: one is filled while the tensor cores work on the other. Weights
// go from global memory straight to the lanes that expand them. Dynamic shared
// memory: the table (4 bits) and the buffers; at the end, the results. Grid: tiles
// of 64 rows of x; tiles of 128 rows of W, of all matrices.
#define MANY_ROWS 64
#define MANY_THREADS 256
#define W_ROWS 128
#define X_STRIDE (BLOCK_K + 8)     // puts rows of x in different banks
#define RESULT_STRIDE (W_ROWS + 4) // puts rows of results in different banks

// A Stager copies 64 along K of 64 rows of x to shared memory. A thread copies twice 16
// bytes.
struct Stager {
	const bf16_bits *from[2];
	int k; // where along K the thread copies next; past in.k it copies zeros
	bool inside[2];

	INLINE_MEMBER Stager(const Input<bf16_bits> &in, int first) {
		k = threadIdx.x % 8 * 8;
		for (int i = 0; i < 2; i++) {
			int row = first + threadIdx.x / 8 + i * 32;
			inside[i] = row < in.rows;
			from[i] = in.x + (size_t)min(row, in.rows - 1) * in.k;
		}
	}
	INLINE_MEMBER void copy(bf16_bits *to, int depth) {
#pragma unroll
		for (int i = 0; i < 2; i++)
			copy_async(to + (threadIdx.x / 8 + i * 32) * X_STRIDE + threadIdx.x % 8 * 8, from[i] + min(k, depth - 8),
			           inside[i] && k < depth ? 16 : 0);
		copy_commit();
		k += BLOCK_K;
	}
};

template <int kind> INLINE void many(Map m0, Map m1, Map m2, Input<bf16_bits> in) {
	DYNAMIC_SHARED(char, shared);
	const char *table = shared;
	bf16_bits *buffers = reinterpret_cast<bf16_bits *>(shared + (Form<kind>::codebook ? TABLE_BYTES : 0));
	int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
	int first = blockIdx.x * MANY_ROWS, tile = blockIdx.y;
	if (first >= in.rows) return;
	Map m;
	find(m0, m1, m2, W_ROWS, tile, m);
	// A warp past the last tile does the last one, and doesn't store it.
	int own = min(tile * W_ROWS / TILE_ROWS + warp, tiles_of(m.rows, TILE_ROWS) - 1);
	const char *w = m.w + own * tile_bytes<kind>(in.k);
	int blocks = (in.k + BLOCK_K - 1) / BLOCK_K;
	Stager stager(in, first);
	stager.copy(buffers, in.k);
	Source<kind> source;
	source.fetch(w, in.k, 0, g, t);
	build_table<kind>(shared, m0.w, in.k, kind == BITS4);
	float y[8][4];
#pragma unroll
	for (int c = 0; c < 8; c++)
#pragma unroll
		for (int i = 0; i < 4; i++) y[c][i] = 0;
	const float2 *scales = reinterpret_cast<const float2 *>(w + tile_codes<kind>(in.k));
	const int per = Few<kind>::per;
	for (int b = 0; b < blocks; b++) {
		copy_wait<0>();
		__syncthreads(); // the x of this block is there, and the other buffer is free
		if (b + 1 < blocks) stager.copy(buffers + (b + 1) % 2 * MANY_ROWS * X_STRIDE, in.k);
		float2 scale[per];
#pragma unroll
		for (int half = 0; half < per; half++)
			if (Form<kind>::scaled_last) {
				float2 place = __ldg(scales + (b * per + half) * 8 + g);
				scale[half] = make_float2(scale_of<kind>(place.x), scale_of<kind>(place.y));
			} else {
				scale[half] = make_float2(1, 1);
			}
		Fragment f;
		source.expand(f, table, lane);
		if (b + 1 < blocks) source.fetch(w, in.k, b + 1, g, t);
		const bf16_bits *x = buffers + b % 2 * MANY_ROWS * X_STRIDE + g * X_STRIDE;
#pragma unroll
		for (int c = 0; c < 8; c++) {
			const bf16_bits *row = x + c * 8 * X_STRIDE;
			float p[2][4];
			partial_sums<kind>(p, f, *reinterpret_cast<const uint4 *>(row + early_at<kind>(t)),
			                   *reinterpret_cast<const uint4 *>(row + late_at<kind>(t)));
#pragma unroll
			for (int half = 0; half < per; half++)
#pragma unroll
				for (int i = 0; i < 4; i++) y[c][i] = __fmaf_rn(i < 2 ? scale[half].x : scale[half].y, p[half][i], y[c][i]);
		}
	}
	// The results go through shared memory, so that a warp stores rows of W side by side.
	float *results = reinterpret_cast<float *>(shared);
	__syncthreads();
#pragma unroll
	for (int c = 0; c < 8; c++)
#pragma unroll
		for (int i = 0; i < 4; i++)
			results[(c * 8 + t * 2 + i % 2) * RESULT_STRIDE + warp * TILE_ROWS + g + i / 2 * 8] = y[c][i];
	__syncthreads();
	tile = blockIdx.y;
	find(m0, m1, m2, W_ROWS, tile, m); // found again, so that it needs no registers meanwhile
	for (int i = threadIdx.x; i < MANY_ROWS * W_ROWS; i += MANY_THREADS)
		finish(m, in, tile * W_ROWS + i % W_ROWS, first + i / W_ROWS, results[i / W_ROWS * RESULT_STRIDE + i % W_ROWS]);
}

#define KERNEL_FAST(which, name, blocks)                                                                                \
	KERNEL __launch_bounds__(256, blocks)                                                                                \
	    medner_matmul_##which##_##name##_fast(MAP_PARAMETERS, const bf16_bits *x, const int *count, int most, int k,     \
	                                          const int *adapters, int adapter)
#define INPUT {x, row_count(count, most), k, adapters, adapter}
#define MATMUL(name, kind)                                                                                              \
	KERNEL_FAST(8, name, kind == BITS4 ? 3 : 2) { few<kind>(MAP(0), MAP(1), MAP(2), INPUT); }                             \
	KERNEL_FAST(many, name, kind == F32) { many<kind>(MAP(0), MAP(1), MAP(2), INPUT); }
EACH_KIND(MATMUL)
