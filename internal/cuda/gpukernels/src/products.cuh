// This file has what the matrix products share. A sum has one order, however many
// rows x has: each block of K (64; int8: 32) has a partial sum p, which begins at
// 0, and y = fma(scale, p, y), or y + p of weights without scales, over the blocks
// in ascending order. p depends on the kernel: in matmul_f32.cu it is a chain of
// fused sums, k ascending; in matmul_fast.cu a chain of four (int8: two)
// tensor-core products.

// A Map is one matrix and what is added to its product: y = residual + (W x + bias).
struct Map {
	const char *w;
	float *y;
	const float *bias, *residual;
	int rows;
};

#define MAP_PARAMETER(i) const char *w##i, float *y##i, const float *bias##i, const float *residual##i, int rows##i
#define MAP_PARAMETERS MAP_PARAMETER(0), MAP_PARAMETER(1), MAP_PARAMETER(2)
#define MAP(i) {w##i, y##i, bias##i, residual##i, rows##i}

// An Input is x, [rows][k], and says which of its rows take part.
template <class T> struct Input {
	const T *x;
	int rows, k;
	const int *adapters; // the adapter of each row; 0: all rows take part
	int adapter;         // whose rows take part
};

INLINE int tiles_of(int rows, int each) { return (rows + each - 1) / each; }

// find finds a tile by its number among the tiles of all maps, a tile being each
// rows: it sets m to the tile's map, and tile to its number there. It returns
// whether there is such a tile.
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

// finish stores the product y of row out of W and a row of x, with bias and residual.
template <class T> INLINE void finish(const Map &m, const Input<T> &in, int out, int row, float y) {
	if (out >= m.rows || row >= in.rows || (in.adapters && in.adapters[row] != in.adapter)) return;
	size_t at = (size_t)row * m.rows + out;
	if (m.bias) y += m.bias[out];
	if (m.residual) y = m.residual[at] + y;
	m.y[at] = y;
}

// Products with few rows of x, at most 8. A thread block of 8 warps takes 16 rows of
// W at a time. The warps share out the blocks of K and leave their partial sums in
// shared memory, where one thread for each element of y joins them. K is cut into
// segments of 48 blocks of 64. The partial sums of a segment with 8 rows, and a
// table of 64 KiB, just fit the shared memory of GPUs of compute capability 8.6
// and 8.9.
#define FEW_ROWS 8
#define SEGMENT 48
#define FEW_THREADS 256
#define FEW_WARPS (FEW_THREADS / 32)

// The table of 4-bit kinds has the two weights that each byte stands for, once for
// each lane: the entry of (byte, lane) is at byte·256 + lane·size. So an address
// takes one byte permutation, and no two lanes read from one bank.
#define TABLE_BYTES (64 << 10)
INLINE unsigned table_address(unsigned word, int byte, unsigned lane_offset) {
	return __byte_perm(word, lane_offset, 0x7604 | byte << 4);
}

// build_table fills the table. An entry has two floats, or two bfloat16 if packed.
template <int kind> INLINE void build_table(char *table, const char *tile, int k, bool packed) {
	if (!Form<kind>::codebook) return;
	const float *code = codebook<kind>(tile, k);
	int each = packed ? 8 : 16; // pieces of 16 bytes that the entries of a byte take
	for (int i = threadIdx.x; i < 256 * each; i += FEW_THREADS) {
		int byte = i / each;
		float first = __ldg(code + (byte >> 4)), second = __ldg(code + (byte & 15));
		unsigned low = packed ? pack_bf16(first, second) : __float_as_uint(first);
		unsigned high = packed ? low : __float_as_uint(second);
		*reinterpret_cast<uint4 *>(table + byte * 256 + i % each * 16) = make_uint4(low, high, low, high);
	}
}

// open begins the work of a thread block: it starts to read the first tile into the
// cache, and builds the table meanwhile.
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

// Few has the partial sums of a segment, and joins them.
template <int kind> struct Few {
	static const int per = BLOCK_K / Form<kind>::block; // partial sums for 64 along K
	float *partial;                                     // [SEGMENT·per][rows of x][16]
	float *scales;                                      // [SEGMENT·per][16], as they lie in the tile
	float4 staged[per];

	// prefetch starts to read the scales of the blocks of a segment.
	INLINE_MEMBER void prefetch(const char *tile, int k, int first, int blocks) {
		if (!Form<kind>::scaled_last) return;
		const float4 *from = reinterpret_cast<const float4 *>(tile + tile_codes<kind>(k)) + first * per * 4;
		for (int i = 0; i < per; i++) {
			int at = i * FEW_THREADS + threadIdx.x;
			if (at < blocks * per * 4) staged[i] = __ldg(from + at);
		}
	}
	// arrive makes the partial sums and scales visible to all threads.
	INLINE_MEMBER void arrive(int blocks) {
		if (Form<kind>::scaled_last)
			for (int i = 0; i < per; i++) {
				int at = i * FEW_THREADS + threadIdx.x;
				if (at < blocks * per * 4) reinterpret_cast<float4 *>(scales)[at] = staged[i];
			}
		__syncthreads();
	}
	// join adds the partial sums of a segment to y, for a row of the tile and a row
	// (column) of x.
	INLINE_MEMBER float join(float y, int row, int column, int columns, int blocks) const {
#pragma unroll 8
		for (int b = 0; b < blocks * per; b++) {
			float p = partial[(b * columns + column) * TILE_ROWS + row];
			y = Form<kind>::scaled_last ? __fmaf_rn(scale_of<kind>(scales[b * TILE_ROWS + paired(row)]), p, y) : y + p;
		}
		return y;
	}
};
