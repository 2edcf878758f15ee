// Causal softmax attention over a paged cache, grouped heads, as
// kernels.Attention computes it, in its order of sums. For a query at position p,
// over t = 0 … p:
//
//	s[t] = (Σ_d q[d]·k[t][d])·scale           fused, d ascending
//	e[t] = exp(s[t] - max s),  Z = Σ_t e[t]   16 partial sums by t mod 16
//	o[d] = (Σ_t e[t]·v[t][d]) / Z             fused, t ascending

//
// Two launches: scores, a thread a key; then values, a warp a head and 32 of its
// numbers.

#define PAGE 64
#define KEYS 256 // a block's in scores, and a warp's at a time in values
#define HEADS 4  // that share reading keys, or values

INLINE float number(const float *p) { return *p; }
INLINE float number(const half_bits *p) { return from_f16(*p); }

// A Sequence is where the keys of a row lie: head by head, keys [dim][64], then
// values [64][dim rounded up to 16].
template <class K> struct Sequence {
	const uint64_t *table;
	uint64_t layer;
	size_t head; // numbers before the KV head's

	INLINE_MEMBER const K *page(int number) const { return reinterpret_cast<const K *>(table[number] + layer) + head; }
};

INLINE int padded_dim(int dim) { return (dim + 15) / 16 * 16; }

INLINE float greatest_of_warp(float v) {
	for (int by = 16; by > 0; by /= 2) {
		float other = __shfl_xor_sync(0xffffffff, v, by);
		v = other > v ? other : v;
	}
	return v;
}

// Scores: scores[row][head][t], and for each 256 of them the greatest. Grid:
// keys/256, KV heads, rows.
template <class K>
INLINE void scores(float *scores, float *maxima, const float *q, const int *positions, const int *slots,
                   const uint64_t *tables, int stride, uint64_t layer, int keys, const int *count, int most, int heads,
                   int kv_heads, int dim, float scale) {
	__shared__ float4 query[256]; // [dim] of 4 heads
	__shared__ float4 greatest[KEYS / 32];
	int row = blockIdx.z, group = heads / kv_heads, i = threadIdx.x, t = blockIdx.x * KEYS + i;
	if (row >= row_count(count, most)) return;
	int n = positions[row] + 1;
	if ((int)blockIdx.x * KEYS >= n) return;
	Sequence<K> sequence = {tables + (size_t)slots[row] * stride, layer, (size_t)blockIdx.y * PAGE * (dim + padded_dim(dim))};
	const K *page = sequence.page(min(t, n - 1) / PAGE) + t % PAGE;
	for (int first = 0; first < group; first += HEADS) {
		size_t head = (size_t)row * heads + blockIdx.y * group + first;
		int n_heads = min(HEADS, group - first);
		__syncthreads();
		for (int j = i; j < dim * HEADS; j += KEYS)
			reinterpret_cast<float *>(query)[j] = j % HEADS < n_heads ? q[(head + j % HEADS) * dim + j / HEADS] : 0;
		__syncthreads();
		float s[HEADS] = {0, 0, 0, 0};
#pragma unroll 8
		for (int d = 0; d < dim; d++) {
			float k = number(&page[d * PAGE]);
			float4 x = query[d];
			s[0] = __fmaf_rn(x.x, k, s[0]);
			s[1] = __fmaf_rn(x.y, k, s[1]);
			s[2] = __fmaf_rn(x.z, k, s[2]);
			s[3] = __fmaf_rn(x.w, k, s[3]);
		}
		float best[HEADS];
#pragma unroll
		for (int h = 0; h < HEADS; h++) {
			s[h] *= scale;
			if (t < n && h < n_heads) scores[(head + h) * keys + t] = s[h];
			best[h] = greatest_of_warp(t < n ? s[h] : __uint_as_float(0xff800000));
		}
		if (i % 32 == 0) greatest[i / 32] = make_float4(best[0], best[1], best[2], best[3]);
		__syncthreads();
		if (i < n_heads) {
			float v = __uint_as_float(0xff800000);
			for (int w = 0; w < KEYS / 32; w++) {
				float other = reinterpret_cast<const float *>(greatest)[w * HEADS + i];
				v = other > v ? other : v;
			}
			maxima[(head + i) * gridDim.x + blockIdx.x] = v;
		}
	}
}

// Values: out[row][head][d]. Each warp recomputes its head's exponentials. Grid:
// dim/32, heads/4, rows.
template <class K, class T>
INLINE void values(T *out, const float *scores, const float *maxima, const int *positions, const int *slots,
                   const uint64_t *tables, int stride, uint64_t layer, int keys, const int *count, int most, int heads,
                   int kv_heads, int dim) {
	__shared__ __align__(16) float terms[HEADS][KEYS];
	int row = blockIdx.z, lane = threadIdx.x % 32, warp = threadIdx.x / 32, head = blockIdx.y * HEADS + warp;
	if (row >= row_count(count, most) || head >= heads) return;
	int n = positions[row] + 1, d = blockIdx.x * 32 + lane, width = padded_dim(dim);
	int kv_head = head / (heads / kv_heads);
	Sequence<K> sequence = {tables + (size_t)slots[row] * stride, layer,
	                        (size_t)kv_head * PAGE * (dim + width) + (size_t)dim * PAGE + min(d, dim - 1)};
	scores += ((size_t)row * heads + head) * keys;
	maxima += ((size_t)row * heads + head) * ((keys + KEYS - 1) / KEYS);
	float greatest = __uint_as_float(0xff800000);
	for (int i = lane; i * KEYS < n; i += 32) greatest = maxima[i] > greatest ? maxima[i] : greatest;
	greatest = greatest_of_warp(greatest);
	float o = 0, z = 0, *e = terms[warp];
	for (int from = 0; from < n; from += KEYS) {
		int length = min(KEYS, n - from);
		__syncwarp();
		for (int t = lane; t < length; t += 32) e[t] = exp32(scores[from + t] - greatest);
		__syncwarp();
		if (lane < 16)
			for (int t = lane; t < length; t += 16) z += e[t];
		for (int at = 0; at < length; at += PAGE) {
			const K *v = sequence.page((from + at) / PAGE);
			int end = min(PAGE, length - at), t = 0;
			for (; t + 8 <= end; t += 8) {
				float4 early = *reinterpret_cast<const float4 *>(e + at + t), late = *reinterpret_cast<const float4 *>(e + at + t + 4);
				float x[8];
#pragma unroll
				for (int i = 0; i < 8; i++) x[i] = number(&v[(t + i) * width]);
				o = __fmaf_rn(early.x, x[0], o);
				o = __fmaf_rn(early.y, x[1], o);
				o = __fmaf_rn(early.z, x[2], o);
				o = __fmaf_rn(early.w, x[3], o);
				o = __fmaf_rn(late.x, x[4], o);
				o = __fmaf_rn(late.y, x[5], o);
				o = __fmaf_rn(late.z, x[6], o);
				o = __fmaf_rn(late.w, x[7], o);
			}
			for (; t < end; t++) o = __fmaf_rn(e[at + t], number(&v[t * width]), o);
		}
	}
	for (int by = 8; by > 0; by /= 2) z += __shfl_down_sync(0xffffffff, z, by); // lanes 0 … 15 by halves
	z = __shfl_sync(0xffffffff, z, 0);
	if (d < dim) store(&out[((size_t)row * heads + head) * dim + d], o / z);
}

#define CACHE const int *positions, const int *slots, const uint64_t *tables, int stride, uint64_t layer
#define SHAPE int keys, const int *count, int most, int heads, int kv_heads, int dim
#define SCORES(kv, K)                                                                                                   \
	KERNEL __launch_bounds__(KEYS)                                                                                       \
	    medner_scores_##kv(float *to, float *maxima, const float *q, CACHE, SHAPE, float scale) {                        \
		scores<K>(to, maxima, q, positions, slots, tables, stride, layer, keys, count, most, heads, kv_heads, dim, scale); \
	}
#define VALUES(kv, K, input, T)                                                                                         \
	KERNEL __launch_bounds__(32 * HEADS)                                                                                 \
	    medner_values_##kv##_##input(T *out, const float *from, const float *maxima, CACHE, SHAPE) {                     \
		values<K>(out, from, maxima, positions, slots, tables, stride, layer, keys, count, most, heads, kv_heads, dim);    \
	}
SCORES(kv32, float)
SCORES(kv16, half_bits)
VALUES(kv32, float, f32, float)
VALUES(kv16, half_bits, f32, float)
VALUES(kv32, float, fast, bf16_bits)
VALUES(kv16, half_bits, fast, bf16_bits)
