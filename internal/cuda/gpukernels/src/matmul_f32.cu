// y = x Wᵀ in float32. The partial sum of a block of K is p = fma(w, x, p), k
// ascending: the CPU's order of sums, and so its bits. A launch does up to three
// matrices of one input.

// A Run is 16 weights along K of one row of W.
template <int kind> struct Run {
	static const int words = Form<kind>::bits / 2;
	unsigned raw[words];

	INLINE_MEMBER void fetch(const char *tile, int k, int chunk, int row) {
		if (kind <= F16) {
			bool inside = chunk * 16 < padded<kind>(k);
			const uint4 *from = reinterpret_cast<const uint4 *>(tile) + chunk * (words / 4) * TILE_ROWS + row;
#pragma unroll
			for (int i = 0; i < words / 4; i++) {
				uint4 v = inside ? __ldg(from + i * TILE_ROWS) : make_uint4(0, 0, 0, 0);
				raw[4 * i] = v.x, raw[4 * i + 1] = v.y, raw[4 * i + 2] = v.z, raw[4 * i + 3] = v.w;
			}
		} else {
			const uint2 *from = reinterpret_cast<const uint2 *>(tile) + chunk * (words / 2) * TILE_ROWS + paired(row);
#pragma unroll
			for (int i = 0; i < words / 2; i++) {
				uint2 v = __ldg(from + i * TILE_ROWS);
				raw[2 * i] = v.x, raw[2 * i + 1] = v.y;
			}
		}
	}

	// expand turns the next n weights into floats, and drops them from the run. In
	// kinds of 4 bits look(word, i) returns the pair of weights that byte i of a word
	// stands for. top is the block's zero in kinds with zeros, and multiplies weights of
	// the kinds that are rounded after it.
	template <int n, class Look> INLINE_MEMBER void expand(float v[n], float top, Look look) {
#pragma unroll
		for (int i = 0; i < n; i++) {
			if (kind == F32)
				v[i] = __uint_as_float(raw[i]);
			else if (kind == BF16)
				v[i] = i % 2 ? __uint_as_float(raw[i / 2] & 0xffff0000) : __uint_as_float(raw[i / 2] << 16);
			else if (kind == F16)
				v[i] = from_f16(raw[i / 2] >> (i % 2 * 16) & 0xffff);
			else if (kind == INT8) // code + 128 in the low bits of the float 2^23, less 2^23 + 128
				v[i] = __uint_as_float(__byte_perm(raw[i / 4] ^ 0x80808080, 0x4b000000, 0x7650 | i % 4)) - 8388736.0f;
			else if (Form<kind>::zeros) { // the code in the bits of 2^(23-4p) that are worth 1 to 8, less as much
				const int p = i % 8 / 2;
				const unsigned base = (150u - 4 * p) << 23;
				unsigned half = i % 2 ? raw[i / 8] >> 16 : raw[i / 8];
				v[i] = __uint_as_float((half & 15u << (4 * p)) | base) - (__uint_as_float(base) + top);
			} else if (i % 2 == 0) {
				float2 pair = look(raw[i / 8], i / 2 % 4);
				if (Form<kind>::scaled_first) pair = round_pair<kind>(pair.x * top, pair.y * top);
				v[i] = pair.x, v[i + 1] = pair.y;
			}
		}
#pragma unroll
		for (int i = 0; i < words * (16 - n) / 16; i++) raw[i] = raw[i + words * n / 16];
	}
};

// top_at returns the scale of a row and a block in kinds that are rounded after it, the
// zero in kinds that have zeros, and 1 in others.
template <int kind> INLINE float top_at(const char *tile, int k, int block, int row) {
	if (Form<kind>::zeros) return (float)zero_of(place_at<kind>(tile, k, block, row));
	return Form<kind>::scaled_first ? scale_at<kind>(tile, k, block, row) : 1;
}

// four returns x[0 … 4), or zeros if left, the rest of K, is not positive. K is a
// multiple of 4. In kinds with a codebook it is one of 64, so that left is positive.
template <int kind> INLINE float4 four(const float *x, int left) {
	return Form<kind>::codebook || left > 0 ? __ldg(reinterpret_cast<const float4 *>(x)) : make_float4(0, 0, 0, 0);
}

// few computes products with at most 8 rows of x. A lane does a row of W and a block
// of K, a warp 16 rows and two blocks. Dynamic shared memory: the table (4 bits),
// whose entries are two floats; partial sums; scales. Grid: any number of thread
// blocks.
template <int kind, int columns> INLINE void few(Map m0, Map m1, Map m2, Input<float> in) {
	DYNAMIC_SHARED(char, shared);
	int tiles = tiles_of(m0.rows, 16) + tiles_of(m1.rows, 16) + tiles_of(m2.rows, 16);
	if (blockIdx.x >= tiles) return;
	int lane = threadIdx.x % 32, warp = threadIdx.x / 32, row = lane % 16, n = in.rows;
	const char *table = shared;
	Few<kind> sums;
	const int per = Few<kind>::per;
	const int part = columns == 8 ? 8 : 16; // weights of a run that are expanded at once: registers are scarce
	// Weights are fetched before the last are used. With more columns other warps fill
	// the time.
	const bool ahead = columns == 1;
	sums.partial = reinterpret_cast<float *>(shared + (Form<kind>::codebook ? TABLE_BYTES : 0));
	sums.scales = sums.partial + SEGMENT * per * columns * TILE_ROWS;
	open<kind>(shared, m0, m1, m2, in.k, false);
	auto look = [=](unsigned word, int byte) {
		return *reinterpret_cast<const float2 *>(table + table_address(word, byte, lane * 8));
	};
	int blocks = (in.k + BLOCK_K - 1) / BLOCK_K;
	for (int number = blockIdx.x; number < tiles; number += gridDim.x) {
		Map m;
		int tile = number;
		find(m0, m1, m2, TILE_ROWS, tile, m);
		const char *w = m.w + tile * tile_bytes<kind>(in.k);
		float y = 0;
		for (int first = 0; first < blocks; first += SEGMENT) {
			int count = min(SEGMENT, blocks - first);
			sums.prefetch(w, in.k, first, count);
			for (int block = warp * 2 + lane / 16; block < count; block += FEW_WARPS * 2) {
				int at = (first + block) * BLOCK_K;
				const float *x = in.x + at;
				Run<kind> run, next;
				if (ahead) next.fetch(w, in.k, (first + block) * 4, row);
#pragma unroll(ahead ? per : 1)
				for (int half = 0; half < per; half++) {
					float top = top_at<kind>(w, in.k, (first + block) * per + half, row);
					float p[columns];
#pragma unroll
					for (int c = 0; c < columns; c++) p[c] = 0;
#pragma unroll(ahead ? 4 : 1)
					for (int chunk = half * 4 / per; chunk < (half + 1) * 4 / per; chunk++) {
						if (ahead) {
							run = next;
							if (chunk < 3) next.fetch(w, in.k, (first + block) * 4 + chunk + 1, row);
						} else {
							run.fetch(w, in.k, (first + block) * 4 + chunk, row);
						}
#pragma unroll 1
						for (int k = 0; k < 16; k += part) {
							float v[part];
							const float *from = x + (chunk * 16 + k);
							int left = in.k - at - chunk * 16 - k;
							run.template expand<part>(v, top, look);
#pragma unroll
							for (int i = 0; i < part; i += 4)
#pragma unroll
								for (int c = 0; c < columns; c++) {
									float4 u = four<kind>((columns == 1 ? from : from + min(c, n - 1) * in.k) + i, left - i);
									p[c] = __fmaf_rn(v[i], u.x, p[c]);
									p[c] = __fmaf_rn(v[i + 1], u.y, p[c]);
									p[c] = __fmaf_rn(v[i + 2], u.z, p[c]);
									p[c] = __fmaf_rn(v[i + 3], u.w, p[c]);
								}
						}
					}
					float *to = sums.partial + (block * per + half) * n * TILE_ROWS + row;
#pragma unroll
					for (int c = 0; c < columns; c++)
						if (c < n) to[c * TILE_ROWS] = p[c];
				}
			}
			sums.arrive(count);
			if (threadIdx.x < 16 * n) y = sums.join(y, threadIdx.x % 16, threadIdx.x / 16, n, count);
			__syncthreads();
		}
		tile = number;
		find(m0, m1, m2, TILE_ROWS, tile, m); // found again, so that it needs no registers meanwhile
		if (threadIdx.x < 16 * n) finish(m, in, tile * TILE_ROWS + threadIdx.x % 16, threadIdx.x / 16, y);
	}
}

// many computes products with many rows of x. A thread block does 128 rows of W by
// 64 of x, a thread 8 by 4 of these. 64 along K of both are expanded to shared
// memory, [K][rows]. Grid: tiles of 64 rows of x; tiles of 128 rows of W, of all
// matrices.
#define MANY_THREADS 256
#define W_ROWS 128
#define X_ROWS 64
#define W_STRIDE (W_ROWS + 4) // of [64 along K][W_ROWS], and of the results, [X_ROWS][W_ROWS]
#define X_STRIDE (X_ROWS + 4)

template <int kind> INLINE void many(Map m0, Map m1, Map m2, Input<float> in) {
	DYNAMIC_SHARED(float, shared);
	const int per = Few<kind>::per;
	float *ws = shared, *xs = ws + BLOCK_K * W_STRIDE, *scales = xs + BLOCK_K * X_STRIDE, *code = scales + per * W_ROWS;
	int thread = threadIdx.x, first = blockIdx.x * X_ROWS, tile = blockIdx.y;
	if (first >= in.rows) return;
	Map m;
	find(m0, m1, m2, W_ROWS, tile, m);
	// Each value is there twice, for fewer bank conflicts.
	if (Form<kind>::codebook && thread < 32) code[thread] = codebook<kind>(m0.w, in.k)[thread / 2];
	auto look = [=](unsigned word, int byte) {
		unsigned both = word >> (byte * 8);
		return make_float2(code[(both >> 4 & 15) * 2 + thread % 2], code[(both & 15) * 2 + thread % 2]);
	};
	// The thread fills half of 64 along K of one row of W, and a quarter of a row of x.
	int filled = thread % W_ROWS, side = thread / W_ROWS;
	int source = min(tile * W_ROWS / TILE_ROWS + filled / TILE_ROWS, tiles_of(m.rows, TILE_ROWS) - 1);
	const char *w = m.w + source * tile_bytes<kind>(in.k);
	int column = thread % X_ROWS, quarter = thread / X_ROWS;
	const float *x = in.x + (size_t)min(first + column, in.rows - 1) * in.k;
	// It computes rows r to r+3 and 64+r to 64+r+3 of W, and rows (columns) c to c+3 of x.
	int r = thread % 16 * 4, c = thread / 16 * 4;
	float y[8][4];
#pragma unroll
	for (int i = 0; i < 32; i++) y[i / 4][i % 4] = 0;

	int blocks = (in.k + BLOCK_K - 1) / BLOCK_K;
	for (int b = 0; b < blocks; b++) {
		__syncthreads();
		float top = top_at<kind>(w, in.k, b * per + side * (per - 1), filled % TILE_ROWS);
#pragma unroll
		for (int chunk = 0; chunk < 2; chunk++) {
			Run<kind> run;
			run.fetch(w, in.k, b * 4 + side * 2 + chunk, filled % TILE_ROWS);
			float v[16];
			run.template expand<16>(v, top, look);
			float *to = ws + (side * 2 + chunk) * 16 * W_STRIDE + filled;
#pragma unroll
			for (int i = 0; i < 16; i++) to[i * W_STRIDE] = v[i];
		}
#pragma unroll
		for (int i = 0; i < 16; i += 4) {
			int at = b * BLOCK_K + quarter * 16 + i;
			float4 u = four<kind>(x + at, in.k - at);
			float *to = xs + (quarter * 16 + i) * X_STRIDE + column;
			to[0] = u.x, to[X_STRIDE] = u.y, to[2 * X_STRIDE] = u.z, to[3 * X_STRIDE] = u.w;
		}
		if (Form<kind>::scaled_last && side < per)
			scales[side * W_ROWS + filled] = scale_at<kind>(w, in.k, b * per + side, filled % TILE_ROWS);
		__syncthreads();
#pragma unroll
		for (int half = 0; half < per; half++) {
			float p[8][4];
#pragma unroll
			for (int i = 0; i < 32; i++) p[i / 4][i % 4] = 0;
#pragma unroll 8
			for (int k = half * (BLOCK_K / per); k < (half + 1) * (BLOCK_K / per); k++) {
				float4 low = *reinterpret_cast<const float4 *>(ws + k * W_STRIDE + r);
				float4 high = *reinterpret_cast<const float4 *>(ws + k * W_STRIDE + 64 + r);
				float4 u = *reinterpret_cast<const float4 *>(xs + k * X_STRIDE + c);
				float a[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w}, v[4] = {u.x, u.y, u.z, u.w};
#pragma unroll
				for (int i = 0; i < 32; i++) p[i / 4][i % 4] = __fmaf_rn(a[i / 4], v[i % 4], p[i / 4][i % 4]);
			}
#pragma unroll
			for (int i = 0; i < 32; i++) {
				int at = half * W_ROWS + r + i / 4 % 4 + i / 16 * 64;
				y[i / 4][i % 4] = Form<kind>::scaled_last ? __fmaf_rn(scales[at], p[i / 4][i % 4], y[i / 4][i % 4])
				                                          : y[i / 4][i % 4] + p[i / 4][i % 4];
			}
		}
	}
	__syncthreads();
#pragma unroll
	for (int i = 0; i < 32; i++) ws[(c + i % 4) * W_STRIDE + r + i / 4 % 4 + i / 16 * 64] = y[i / 4][i % 4];
	__syncthreads();
	for (int i = thread; i < X_ROWS * W_ROWS; i += MANY_THREADS)
		finish(m, in, tile * W_ROWS + i % W_ROWS, first + i / W_ROWS, ws[i / W_ROWS * W_STRIDE + i % W_ROWS]);
}

#define INPUT {x, row_count(count, most), k, adapters, adapter}
#define PARAMETERS MAP_PARAMETERS, const float *x, const int *count, int most, int k, const int *adapters, int adapter
#define KERNEL_F32(which, name, blocks) KERNEL __launch_bounds__(256, blocks) medner_matmul_##which##_##name##_f32(PARAMETERS)
#define MATMUL(name, kind)                                                                                              \
	KERNEL_F32(1, name, kind == F32 ? 1 : kind <= F16 || kind == U4X32 ? 2 : 3) {                                          \
		few<kind, 1>(MAP(0), MAP(1), MAP(2), INPUT);                                                                       \
	}                                                                                                                     \
	KERNEL_F32(4, name, Form<kind>::block == 32 ? 1 : 2) { few<kind, 4>(MAP(0), MAP(1), MAP(2), INPUT); }                 \
	KERNEL_F32(8, name, kind == F32 || kind == INT8 ? 1 : 2) { few<kind, 8>(MAP(0), MAP(1), MAP(2), INPUT); }            \
	KERNEL_F32(many, name, 2) { many<kind>(MAP(0), MAP(1), MAP(2), INPUT); }
EACH_KIND(MATMUL)
