// y = x Wᵀ, up to three matrices of one input: a thread an element of y. It sums
// as kernels.Weights.MatMul does: p = fma(w, x, p) along a block of K, from 0;
// then y = fma(scale, p, y), or y + p of weights without a scale.

// A Map is one matrix with what is added: y = W x + bias + residual.
struct Map {
	const char *w;
	float *y;
	const float *bias, *residual;
	int rows;
};

#define MAP_PARAMETERS(i) const char *w##i, float *y##i, const float *bias##i, const float *residual##i, int rows##i
#define MAPS {{w0, y0, bias0, residual0, rows0}, {w1, y1, bias1, residual1, rows1}, {w2, y2, bias2, residual2, rows2}}

template <int kind, class T> INLINE float product(const char *tile, int k, int row, const T *x) {
	float y = 0;
	for (int from = 0; from < k; from += Form<kind>::block) {
		float p = 0;
		for (int at = from; at < min(from + Form<kind>::block, k); at++)
			p = __fmaf_rn(factor_at<kind>(tile, k, row, at), load(&x[at]), p);
		y = Form<kind>::scaled_last ? __fmaf_rn(scale_at<kind>(tile, k, from / Form<kind>::block, row), p, y) : y + p;
	}
	return y;
}

// Grid: rows of W, all matrices' one after the other, each a multiple of 128; rows of x.
template <int kind, class T>
INLINE void matmul(const Map *maps, const T *x, const int *count, int most, int k, const int *adapters, int adapter) {
	int row = blockIdx.y, out = blockIdx.x * blockDim.x + threadIdx.x;
	if (row >= row_count(count, most) || (adapters && adapters[row] != adapter)) return;
	for (int i = 0; i < 3; i++) {
		Map m = maps[i];
		int span = (m.rows + 127) / 128 * 128;
		if (out >= span) {
			out -= span;
			continue;
		}
		if (out >= m.rows) return;
		size_t at = (size_t)row * m.rows + out;
		float y = product<kind>(m.w + out / TILE_ROWS * tile_bytes<kind>(k), k, out % TILE_ROWS, x + (size_t)row * k);
		if (m.bias) y += m.bias[out];
		if (m.residual) y = m.residual[at] + y;
		m.y[at] = y;
		return;
	}
}

#define MATMUL(name, kind, input, T)                                                                                    \
	KERNEL __launch_bounds__(128)                                                                                        \
	    medner_matmul_##name##_##input(MAP_PARAMETERS(0), MAP_PARAMETERS(1), MAP_PARAMETERS(2), const T *x,              \
	                                   const int *count, int most, int k, const int *adapters, int adapter) {            \
		Map maps[3] = MAPS;                                                                                               \
		matmul<kind>(maps, x, count, most, k, adapters, adapter);                                                         \
	}
#define MATMULS(input, T)                \
	MATMUL(f32, F32, input, T)            \
	MATMUL(bf16, BF16, input, T)          \
	MATMUL(f16, F16, input, T)            \
	MATMUL(int8, INT8, input, T)          \
	MATMUL(4bit, BITS4, input, T)         \
	MATMUL(4bit_bf16, BITS4_BF16, input, T) \
	MATMUL(4bit_f16, BITS4_F16, input, T)
MATMULS(f32, float)
MATMULS(fast, bf16_bits)
