// What all matrix products share. A sum has one order, whatever the number of
// rows of x: for each block of K (64; int8: 32) a partial sum p, from 0, and then
// y = fma(scale, p, y), or y + p where weights have no scale, blocks ascending.
// p is the kernels' own: ascending fused sums in matmul_f32.cu, four (int8: two)
// chained tensor-core products in matmul_fast.cu.

// A Map is one matrix with what is added: y = residual + (W x + bias).
struct Map {
	const char *w;
	float *y;
	const float *bias, *residual;
	int rows;
};

#define MAP_PARAMETER(i) const char *w##i, float *y##i, const float *bias##i, const float *residual##i, int rows##i
#define MAP_PARAMETERS MAP_PARAMETER(0), MAP_PARAMETER(1), MAP_PARAMETER(2)
#define MAP(i) {w##i, y##i, bias##i, residual##i, rows##i}

// An Input is x, [rows][k], and which rows of it count.
template <class T> struct Input {
	const T *x;
	int rows, k;
	const int *adapters; // 0: all rows
	int adapter;
};

INLINE int tiles_of(int rows, int each) { return (rows + each - 1) / each; }

// find turns a number among the tiles of all maps, of each rows, into a map and
// its tile.
INLINE bool find(Map m0, Map m1, Map m2, int each, int &tile, Map &m) {
	m = m0;
	if (tile < tiles_of(m0.rows, each)) return true;
	tile -= tiles_of(m0.rows, each);
	m = m1;
	if (tile < tiles_of(m1.rows, each)) return true;
	tile -= tiles_of(m1.rows, each);
	m = m2;
	return tile < tiles_of(m2.rows, each);
}

// finish stores the sum of one row of W and one of x.
template <class T> INLINE void finish(const Map &m, const Input<T> &in, int out, int row, float y) {
	if (out >= m.rows || row >= in.rows || (in.adapters && in.adapters[row] != in.adapter)) return;
	size_t at = (size_t)row * m.rows + out;
	if (m.bias) y += m.bias[out];
	if (m.residual) y = m.residual[at] + y;
	m.y[at] = y;
}

// Products with few rows of x (at most 8): a block of 8 warps takes 16 rows of W
// at a time; warps share out the blocks of K and leave their partial sums in
// shared memory, where a thread for each element of y joins them. K goes by in
// segments of 48 blocks of 64: with 8 rows, what shared memory GPUs of compute
// capability 8.6 and 8.9 have beside a table of 64 KiB.
#define FEW_ROWS 8
#define SEGMENT 48
#define FEW_THREADS 256
#define FEW_WARPS (FEW_THREADS / 32)

// The table of 4-bit kinds: what each byte, two weights, stands for, an entry a
// lane: entry(byte, lane) at byte·256 + lane·size. So a lane's address is one
// byte permutation, and lanes never meet in a bank.
#define TABLE_BYTES (64 << 10)
INLINE unsigned table_address(unsigned word, int byte, unsigned lane_offset) {
	return __byte_perm(word, lane_offset, 0x7604 | byte << 4);
}

// build_table fills it: two floats an entry, or two bfloat16 (packed).
template <int kind> INLINE void build_table(char *table, const char *tile, int k, bool packed) {
	if (!Form<kind>::codebook) return;
	const float *code = codebook<kind>(tile, k);
	int each = packed ? 8 : 16; // 16 bytes of a byte's entries
	for (int i = threadIdx.x; i < 256 * each; i += FEW_THREADS) {
		int byte = i / each;
		float first = __ldg(code + (byte >> 4)), second = __ldg(code + (byte & 15));
		unsigned low = packed ? pack_bf16(first, second) : __float_as_uint(first);
		unsigned high = packed ? low : __float_as_uint(second);
		*reinterpret_cast<uint4 *>(table + byte * 256 + i % each * 16) = make_uint4(low, high, low, high);
	}
}

// open begins a block's work: memory reads its first tile while it builds the table.
template <int kind> INLINE void open(char *table, Map m0, Map m1, Map m2, int k, bool packed) {
	if (!Form<kind>::codebook) return;
	Map m;
	int tile = blockIdx.x;
	find(m0, m1, m2, TILE_ROWS, tile, m);
	const char *w = m.w + tile * tile_bytes<kind>(k);
	for (int at = threadIdx.x * 128; at < tile_bytes<kind>(k); at += FEW_THREADS * 128) prefetch(w + at);
	build_table<kind>(table, m0.w, k, packed);
	__syncthreads();
}

template <int kind> struct Few {
	static const int per = BLOCK_K / Form<kind>::block; // partial sums per 64 of K
	float *partial;                                     // [SEGMENT·per][rows of x][16]
	float *scales;                                      // [SEGMENT·per][16]
	float4 staged[per];

	// prefetch starts to read the scales of a segment's blocks.
	INLINE_MEMBER void prefetch(const char *tile, int k, int first, int blocks) {
		if (!Form<kind>::scaled_last) return;
		const float4 *from = reinterpret_cast<const float4 *>(tile + tile_codes<kind>(k)) + first * per * 4;
		for (int i = 0; i < per; i++) {
			int at = i * FEW_THREADS + threadIdx.x;
			if (at < blocks * per * 4) staged[i] = __ldg(from + at);
		}
	}
	// arrive makes partial sums and scales known to all threads.
	INLINE_MEMBER void arrive(int blocks) {
		if (Form<kind>::scaled_last)
			for (int i = 0; i < per; i++) {
				int at = i * FEW_THREADS + threadIdx.x;
				if (at < blocks * per * 4) reinterpret_cast<float4 *>(scales)[at] = staged[i];
			}
		__syncthreads();
	}
	// join adds a segment's partial sums to y, of a row of the tile and a row of x.
	INLINE_MEMBER float join(float y, int row, int column, int columns, int blocks) const {
#pragma unroll 8
		for (int b = 0; b < blocks * per; b++) {
			float p = partial[(b * columns + column) * TILE_ROWS + row];
			y = Form<kind>::scaled_last ? __fmaf_rn(scales[b * TILE_ROWS + paired(row)], p, y) : y + p;
		}
		return y;
	}
};
