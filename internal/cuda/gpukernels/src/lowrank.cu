// The low-rank paths of adapters, of which each row has its own, for up to three
// linear maps of one input: h = Down x, and then
// y = residual + (rowScale ∘ (y + scale·(Up h)) + bias).

// A LowRank is what an adapter does to a linear map. Of what it doesn't do, the
// address is 0.
struct LowRank {
	uint64_t down, up, row_scale, bias;
	int rank, kind_down, kind_up; // kinds: F32, BF16, F16
	float scale;
};

// block_sum returns the partial sum of a row of a dense matrix and a block of K that
// begins at from.
template <int kind> INLINE float block_sum(const char *tile, int k, int row, int from, const float *x) {
	float p = 0;
	for (int at = from; at < min(from + BLOCK_K, k); at++) p = __fmaf_rn(code_at<kind>(tile, k, row, at), load(&x[at]), p);
	return p;
}
template <int kind> INLINE float block_sum(const char *tile, int k, int row, int from, const bf16_bits *x) {
	float p = 0;
	for (int at = from; at < min(from + BLOCK_K, k); at++) p = __fmaf_rn(code_at<kind>(tile, k, row, at), load(&x[at]), p);
	return p;
}

template <class T> INLINE float block_sum(int kind, const char *w, int k, int row, int from, const T *x) {
	int tile = row / TILE_ROWS;
	row %= TILE_ROWS;
	if (kind == F32) return block_sum<F32>(w + tile * tile_bytes<F32>(k), k, row, from, x);
	if (kind == BF16) return block_sum<BF16>(w + tile * tile_bytes<BF16>(k), k, row, from, x);
	return block_sum<F16>(w + tile * tile_bytes<F16>(k), k, row, from, x);
}

// chosen returns the entry of a row's adapter, 0 if it has none.
INLINE const LowRank *chosen(const LowRank *table, const int *adapters, int row) {
	return table && adapters && adapters[row] >= 0 ? table + adapters[row] : 0;
}

// down sets hidden[map][row][rank] = Down x. A warp does a number: its lanes share
// out the blocks of K, whose sums are joined in ascending order. Grid: ranks/4,
// rows, maps.
template <class T>
INLINE void down(float *hidden, const LowRank *table0, const LowRank *table1, const LowRank *table2, const T *x,
                 const int *adapters, const int *count, int most, int k, int most_rank) {
	int row = blockIdx.y, map = blockIdx.z, lane = threadIdx.x % 32, r = blockIdx.x * 4 + threadIdx.x / 32;
	if (row >= row_count(count, most)) return;
	const LowRank *l = chosen(map == 0 ? table0 : map == 1 ? table1 : table2, adapters, row);
	if (!l || !l->down || r >= l->rank) return;
	const char *a = reinterpret_cast<const char *>(l->down);
	float y = 0;
	for (int from = 0; from < k; from += 32 * BLOCK_K) {
		float p = from + lane * BLOCK_K < k ? block_sum(l->kind_down, a, k, r, from + lane * BLOCK_K, x + (size_t)row * k) : 0;
		for (int b = 0; b < 32 && from + b * BLOCK_K < k; b++) y += __shfl_sync(0xffffffff, p, b);
	}
	if (lane == 0) hidden[((size_t)map * most + row) * most_rank + r] = y;
}

#define DOWN(name, T)                                                                                                   \
	KERNEL __launch_bounds__(128)                                                                                        \
	    medner_lowrank_down_##name(float *hidden, const LowRank *table0, const LowRank *table1, const LowRank *table2,   \
	                               const T *x, const int *adapters, const int *count, int most, int k, int most_rank) {  \
		down(hidden, table0, table1, table2, x, adapters, count, most, k, most_rank);                                     \
	}
DOWN(f32, float)
DOWN(fast, bf16_bits)

// up finishes y. A thread does a number of it. Grid: outputs/128, rows.
KERNEL __launch_bounds__(128)
    medner_lowrank_up(float *out, const float *y, const float *hidden, const LowRank *table, const float *bias,
                      const float *residual, const int *adapters, const int *count, int most, int rows, int most_rank) {
	int row = blockIdx.y, j = blockIdx.x * blockDim.x + threadIdx.x;
	if (row >= row_count(count, most) || j >= rows) return;
	size_t at = (size_t)row * rows + j;
	float v = y[at];
	const LowRank *l = chosen(table, adapters, row);
	if (l && l->down) {
		float delta = 0;
		for (int from = 0; from < l->rank; from += BLOCK_K)
			delta += block_sum(l->kind_up, reinterpret_cast<const char *>(l->up), l->rank, j, from, hidden + (size_t)row * most_rank);
		v += l->scale * delta;
		if (l->row_scale) v *= reinterpret_cast<const float *>(l->row_scale)[j];
	}
	if (l && l->bias) bias = reinterpret_cast<const float *>(l->bias);
	if (bias) v += bias[j];
	if (residual) v = residual[at] + v;
	out[at] = v;
}
