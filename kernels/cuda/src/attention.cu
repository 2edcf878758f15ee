// Causal softmax attention over a paged cache, grouped heads, as
// kernels.Attention computes it, in its order of sums. For a query at position p,
// over t = 0 … p:
//
//	s[t] = (Σ_d q[d]·k[t][d])·scale           fused, d ascending
//	e[t] = exp(s[t] - max s),  Z = Σ_t e[t]   16 partial sums by t mod 16
//	o[d] = (Σ_t e[t]·v[t][d]) / Z             fused, t ascending

#define PAGE 64
#define ATTENTION_THREADS 256

INLINE float number(const float *p) { return *p; }
INLINE float number(const half_bits *p) { return from_f16(*p); }

// A block is a row and a query head; scores is [rows][heads][keys].
template <class K, class T>
INLINE void attention(T *out, const float *q, const int *positions, const int *slots, const uint64_t *tables, int stride,
                      uint64_t layer, float *scores, int keys, const int *count, int most, int heads, int kv_heads, int dim,
                      float scale) {
	__shared__ float query[256];
	__shared__ float partial[ATTENTION_THREADS];
	__shared__ float total;
	int row = blockIdx.x, head = blockIdx.y, i = threadIdx.x;
	if (row >= row_count(count, most)) return;
	int n = positions[row] + 1, values = (dim + 15) / 16 * 16;
	size_t from = (size_t)(head / (heads / kv_heads)) * PAGE * (dim + values);
	const uint64_t *table = tables + (size_t)slots[row] * stride;
	q += ((size_t)row * heads + head) * dim;
	scores += ((size_t)row * heads + head) * keys;
	if (i < dim) query[i] = q[i];
	__syncthreads();

	float greatest = __uint_as_float(0xff800000);
	for (int t = i; t < n; t += ATTENTION_THREADS) {
		const K *page = reinterpret_cast<const K *>(table[t / PAGE] + layer) + from;
		float s = 0;
		for (int d = 0; d < dim; d++) s = __fmaf_rn(query[d], number(&page[d * PAGE + t % PAGE]), s);
		s *= scale;
		scores[t] = s;
		greatest = s > greatest ? s : greatest;
	}
	partial[i] = greatest;
	__syncthreads();
	for (int h = ATTENTION_THREADS / 2; h > 0; h /= 2) {
		if (i < h && partial[i + h] > partial[i]) partial[i] = partial[i + h];
		__syncthreads();
	}
	greatest = partial[0];
	for (int t = i; t < n; t += ATTENTION_THREADS) scores[t] = exp32(scores[t] - greatest);
	__syncthreads();
	if (i < 16) {
		float z = 0;
		for (int t = i; t < n; t += 16) z += scores[t];
		partial[i] = z;
	}
	__syncthreads();
	if (i == 0) total = join_sums(partial);
	__syncthreads();
	if (i >= dim) return;
	float o = 0;
	for (int t = 0; t < n; t++) {
		const K *page = reinterpret_cast<const K *>(table[t / PAGE] + layer) + from;
		o = __fmaf_rn(scores[t], number(&page[dim * PAGE + t % PAGE * values + i]), o);
	}
	store(&out[((size_t)row * heads + head) * dim + i], o / total);
}

#define ATTENTION(kv, K, input, T)                                                                                      \
	KERNEL __launch_bounds__(ATTENTION_THREADS)                                                                          \
	    medner_attention_##kv##_##input(T *out, const float *q, const int *positions, const int *slots,                  \
	                                    const uint64_t *tables, int stride, uint64_t layer, float *scores, int keys,     \
	                                    const int *count, int most, int heads, int kv_heads, int dim, float scale) {     \
		attention<K>(out, q, positions, slots, tables, stride, layer, scores, keys, count, most, heads, kv_heads, dim,    \
		             scale);                                                                                              \
	}
ATTENTION(kv32, float, f32, float)
ATTENTION(kv16, half_bits, f32, float)
ATTENTION(kv32, float, fast, bf16_bits)
ATTENTION(kv16, half_bits, fast, bf16_bits)
