// Rotary positions, and how keys and values are stored in the paged cache.

// angles sets angles[row] to h cosines and then h sines of position·invFreq. The
// product is rounded to float32 before, the cosine and sine after. A thread block
// does a row.
KERNEL medner_angles(float *angles, const int *positions, const float *inv_freq, const int *count, int most, int h) {
	int row = blockIdx.x;
	if (row >= row_count(count, most)) return;
	for (int i = threadIdx.x; i < h; i += blockDim.x) {
		double sin, cos;
		sin_cos((double)((float)positions[row] * inv_freq[i]), sin, cos);
		angles[(size_t)row * 2 * h + i] = (float)cos;
		angles[(size_t)row * 2 * h + h + i] = (float)sin;
	}
}

INLINE void store_half(half_bits *to, float v) { *to = to_f16(v); }
INLINE void store_half(float *to, float v) { *to = v; }

// rotated returns number d of a head after turning it. The first 2h numbers turn:
// number i with number h+i, by angle i.
INLINE float rotated(const float *head, int d, const float *angles, int h) {
	if (d < h) return head[d] * angles[d] - head[d + h] * angles[h + d];
	if (d < 2 * h) return head[d] * angles[d - h] + head[d - h] * angles[d];
	return head[d];
}

// rope turns queries in place, and stores turned keys, and values, at their
// positions. A thread block does a row and a head: query heads first, then KV heads.
// A page holds 64 positions and has for each KV head keys [dim][64], then values
// [64][dim rounded up to 16]. tables[slot][position/64] is the address of a page.
template <class T>
INLINE void rope(float *q, const float *k, const float *v, const float *angles, const int *positions, const int *slots,
                 const uint64_t *tables, int stride, uint64_t layer, const int *count, int most, int heads, int kv_heads,
                 int dim, int h) {
	__shared__ float head[256];
	int row = blockIdx.x, which = blockIdx.y, d = threadIdx.x;
	if (row >= row_count(count, most)) return;
	bool query = which < heads;
	if (!query) which -= heads;
	float *source = query ? q + ((size_t)row * heads + which) * dim : const_cast<float *>(k) + ((size_t)row * kv_heads + which) * dim;
	if (d < dim) head[d] = source[d];
	__syncthreads();
	if (d >= dim) return;
	float turned = rotated(head, d, angles + (size_t)row * 2 * h, h);
	if (query) {
		source[d] = turned;
		return;
	}
	int position = positions[row], values = (dim + 15) / 16 * 16;
	T *page = reinterpret_cast<T *>(tables[(size_t)slots[row] * stride + position / 64] + layer) +
	          (size_t)which * 64 * (dim + values);
	store_half(&page[d * 64 + position % 64], turned);
	store_half(&page[dim * 64 + position % 64 * values + d], v[((size_t)row * kv_heads + which) * dim + d]);
}

#define ROPE(name, T)                                                                                                   \
	KERNEL __launch_bounds__(256)                                                                                        \
	    medner_rope_##name(float *q, const float *k, const float *v, const float *angles, const int *positions,          \
	                       const int *slots, const uint64_t *tables, int stride, uint64_t layer, const int *count,       \
	                       int most, int heads, int kv_heads, int dim, int h) {                                          \
		rope<T>(q, k, v, angles, positions, slots, tables, stride, layer, count, most, heads, kv_heads, dim, h);           \
	}
ROPE(kv32, float)
ROPE(kv16, half_bits)
