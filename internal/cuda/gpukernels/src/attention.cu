// Causal softmax attention over a paged cache, with groups of query heads that share
// a KV head, as kernels.Attention computes it, in the same order of sums. For a
// query at position p, over t = 0 … p, or with a window over the last window of them:
//
//	s[t] = (Σ_d q[d]·k[t][d])·scale           fused, d ascending
//	e[t] = exp(s[t] - max s),  Z = Σ_t e[t]   16 partial sums by t mod 16
//	o[d] = (Σ_t e[t]·v[t][d]) / Z             fused, t ascending
//
// In float32 a sum over t is one chain, as on the CPU. In fast there is a chain for
// each run of 256 keys, counted from position 0, in a thread block of its own, and
// the runs are added in ascending order. So neither precision's sums depend on what
// else a step does.
//
// There are two launches, and in fast a third: scores, in which each thread does a
// key; values, in which each warp does 32 numbers of a head; and combine.

#define PAGE 64  // positions of a page
#define KEYS 256 // keys of a run, and of a thread block of scores
#define HEADS 4  // query heads that a thread block does, so that it reads keys and values once for them
#define SLICE 32 // numbers of a head that a thread block of values does
#define STAGES 4 // pages of values that are in shared memory or on their way there

INLINE float number(const float *p) { return *p; }
INLINE float number(const half_bits *p) { return from_f16(*p); }

// A Sequence says where the keys and values of a row lie. A page has, for each KV
// head, keys [dim][64] and then values [64][dim rounded up to 16].
template <class K> struct Sequence {
	const uint64_t *table;
	uint64_t layer;
	size_t head; // numbers in a page before those of the KV head

	INLINE_MEMBER const K *page(int number) const { return reinterpret_cast<const K *>(table[number] + layer) + head; }
};

INLINE int padded_dim(int dim) { return (dim + 15) / 16 * 16; }

// first_seen is the first of the n positions that a query at the last of them sees. A
// window of 0 has all.
INLINE int first_seen(int n, int window) { return window ? max(0, n - window) : 0; }

INLINE float greater(float a, float b) { return b > a ? b : a; }

INLINE float greatest_of_warp(float v) {
	for (int by = 16; by > 0; by /= 2) v = greater(v, __shfl_xor_sync(0xffffffff, v, by));
	return v;
}

// scores computes scores[row][head][t], and maxima, the greatest of each 256 of them.
// Grid: keys/256, KV heads, rows.
template <class K>
INLINE void scores(float *scores, float *maxima, const float *q, const int *positions, const int *slots,
                   const uint64_t *tables, int stride, uint64_t layer, int keys, const int *count, int most, int heads,
                   int kv_heads, int dim, int window, float scale) {
	__shared__ float4 query[256]; // [dim] of 4 heads
	__shared__ float greatest[KEYS / 32][HEADS];
	int row = blockIdx.z, group = heads / kv_heads, i = threadIdx.x, t = blockIdx.x * KEYS + i;
	if (row >= row_count(count, most)) return;
	int n = positions[row] + 1, begin = first_seen(n, window);
	if ((int)blockIdx.x * KEYS >= n || (int)(blockIdx.x + 1) * KEYS <= begin) return;
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
#pragma unroll 32 // so that as many reads are under way
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
			best[h] = t >= begin && t < n ? s[h] : __uint_as_float(0xff800000);
		}
		// The warp finds the greatest of all 4 heads together: half of the lanes go on
		// with two of the heads, the other half with the others; then each quarter with
		// one.
		int high = i & 16, late = i & 8;
#pragma unroll
		for (int h = 0; h < 2; h++) {
			float other = __shfl_xor_sync(0xffffffff, high ? best[h] : best[2 + h], 16);
			best[h] = greater(high ? best[2 + h] : best[h], other);
		}
		float other = __shfl_xor_sync(0xffffffff, late ? best[0] : best[1], 8);
		best[0] = greater(late ? best[1] : best[0], other);
#pragma unroll
		for (int by = 4; by > 0; by /= 2) best[0] = greater(best[0], __shfl_xor_sync(0xffffffff, best[0], by));
		if (i % 8 == 0) greatest[i / 32][i / 8 % 4] = best[0];
		__syncthreads();
		if (i < n_heads) {
			float v = __uint_as_float(0xff800000);
			for (int w = 0; w < KEYS / 32; w++) v = greater(v, greatest[w][i]);
			maxima[(head + i) * gridDim.x + blockIdx.x] = v;
		}
	}
}

// values calls use(d, o, z, at, run) with the sums over the keys of a run (split) or
// of all: o = Σ e·v[d] and z = Σ e, for the head at = row·heads + head. Grid: slices
// of dim, for each run if split; KV heads, and for each its query heads by 4; rows.
template <class K, bool split, class Use>
INLINE void values(const float *scores, const float *maxima, const int *positions, const int *slots, const uint64_t *tables,
                   int stride, uint64_t layer, int keys, const int *count, int most, int heads, int kv_heads, int dim,
                   int window, Use use) {
	__shared__ __align__(16) K tiles[STAGES][PAGE][SLICE];
	__shared__ __align__(16) float terms[STAGES][HEADS][PAGE]; // scores, then exponentials
	const int each = 16 / sizeof(K);                          // numbers in a copy of 16 bytes
	int thread = threadIdx.x, lane = thread % 32, warp = thread / 32, row = blockIdx.z;
	if (row >= row_count(count, most)) return;
	int group = heads / kv_heads, parts = (group + HEADS - 1) / HEADS, kv_head = blockIdx.y / parts;
	int member = blockIdx.y % parts * HEADS; // the first head of the thread block within its group
	int head = kv_head * group + member + warp;
	bool mine = member + warp < group;
	int slices = (dim + SLICE - 1) / SLICE, first = blockIdx.x % slices * SLICE, run = blockIdx.x / slices;
	int to = positions[row] + 1, begin = first_seen(to, window);
	int from = max(split ? run * KEYS : 0, begin / PAGE * PAGE); // the page of the first position
	if (from >= to || (split && from >= (run + 1) * KEYS)) return;
	size_t at = (size_t)row * heads + head;
	float greatest = __uint_as_float(0xff800000);
	if (mine) {
		const float *own = maxima + at * ((keys + KEYS - 1) / KEYS);
		for (int i = begin / KEYS + lane; i * KEYS < to; i += 32) greatest = greater(greatest, own[i]);
		greatest = greatest_of_warp(greatest);
	}
	if (split) to = min(to, (run + 1) * KEYS);
	int width = padded_dim(dim), pieces = min(SLICE, width - first) / each;
	Sequence<K> sequence = {tables + (size_t)slots[row] * stride, layer,
	                        (size_t)kv_head * PAGE * (dim + width) + (size_t)dim * PAGE + first};
	// stage starts to copy the values and scores of a page.
	auto stage = [&](int start, int which) {
		int length = min(PAGE, to - start);
		if (length > 0) {
			const K *v = sequence.page(start / PAGE);
			for (int i = thread; i < length * pieces; i += 32 * HEADS)
				copy_async(&tiles[which][i / pieces][i % pieces * each], v + i / pieces * width + i % pieces * each, 16);
			int h = thread / 16, t = thread % 16 * 4;
			if (h < HEADS && member + h < group && t < length)
				copy_async(&terms[which][h][t], scores + (at - warp + h) * keys + start + t, min(16, 4 * (length - t)));
		}
		copy_commit();
	};
	for (int i = 0; i < STAGES - 1; i++) stage(from + i * PAGE, i);
	float o = 0, z = 0;
	int which = 0;
	for (int start = from; start < to; start += PAGE, which = (which + 1) % STAGES) {
		copy_wait<STAGES - 2>();
		__syncthreads(); // all threads see this page, and are done with the one before it
		stage(start + (STAGES - 1) * PAGE, (which + STAGES - 1) % STAGES);
		if (!mine) continue;
		int length = min(PAGE, to - start), hidden = max(0, begin - start), t = hidden;
		float *e = terms[which][warp];
		for (int t = lane; t < length; t += 32) e[t] = exp32(e[t] - greatest);
		__syncwarp();
		if (lane < 16)
			for (int t = lane; t < length; t += 16) z += t < hidden ? 0 : e[t];
		const K *v = &tiles[which][0][lane];
		for (; t % 8 != 0 && t < length; t++) o = __fmaf_rn(e[t], number(v + t * SLICE), o);
		for (; t + 8 <= length; t += 8) {
			float4 early = *reinterpret_cast<const float4 *>(e + t), late = *reinterpret_cast<const float4 *>(e + t + 4);
			float x[8];
#pragma unroll
			for (int i = 0; i < 8; i++) x[i] = number(v + (t + i) * SLICE);
			o = __fmaf_rn(early.x, x[0], o);
			o = __fmaf_rn(early.y, x[1], o);
			o = __fmaf_rn(early.z, x[2], o);
			o = __fmaf_rn(early.w, x[3], o);
			o = __fmaf_rn(late.x, x[4], o);
			o = __fmaf_rn(late.y, x[5], o);
			o = __fmaf_rn(late.z, x[6], o);
			o = __fmaf_rn(late.w, x[7], o);
		}
		for (; t < length; t++) o = __fmaf_rn(e[t], number(v + t * SLICE), o);
	}
	if (!mine) return;
	for (int by = 8; by > 0; by /= 2) z += __shfl_down_sync(0xffffffff, z, by); // of lanes 0 … 15, by halves
	z = __shfl_sync(0xffffffff, z, 0);
	if (first + lane < dim) use(first + lane, o, z, at, run);
}

// combine sets out = Σ o / Σ z over the runs of a row. Grid: heads·dim/256, rows.
KERNEL __launch_bounds__(256)
    medner_combine_fast(bf16_bits *out, const float *sums, const float *totals, const int *positions, int runs, const int *count,
                        int most, int heads, int dim, int window) {
	int row = blockIdx.y, i = blockIdx.x * 256 + threadIdx.x;
	if (row >= row_count(count, most) || i >= heads * dim) return;
	size_t at = ((size_t)row * heads + i / dim) * runs;
	float o = 0, z = 0;
	for (int run = first_seen(positions[row] + 1, window) / KEYS; run <= positions[row] / KEYS; run++) {
		o += sums[(at + run) * dim + i % dim];
		z += totals[at + run];
	}
	store(&out[(size_t)row * heads * dim + i], o / z);
}

#define CACHE const int *positions, const int *slots, const uint64_t *tables, int stride, uint64_t layer
#define SHAPE int keys, const int *count, int most, int heads, int kv_heads, int dim, int window
#define SCORES(kv, K)                                                                                                   \
	KERNEL __launch_bounds__(KEYS)                                                                                       \
	    medner_scores_##kv(float *to, float *maxima, const float *q, CACHE, SHAPE, float scale) {                        \
		scores<K>(to, maxima, q, positions, slots, tables, stride, layer, keys, count, most, heads, kv_heads, dim, window, \
		          scale);                                                                                                    \
	}
#define VALUES_F32(kv, K)                                                                                               \
	KERNEL __launch_bounds__(32 * HEADS)                                                                                 \
	    medner_values_##kv##_f32(float *out, const float *from, const float *maxima, CACHE, SHAPE) {                     \
		values<K, false>(from, maxima, positions, slots, tables, stride, layer, keys, count, most, heads, kv_heads, dim,   \
		                 window, [=](int d, float o, float z, size_t at, int) { out[at * dim + d] = o / z; });                     \
	}
#define VALUES_FAST(kv, K)                                                                                              \
	KERNEL __launch_bounds__(32 * HEADS)                                                                                 \
	    medner_values_##kv##_fast(float *sums, float *totals, const float *from, const float *maxima, CACHE, SHAPE) {    \
		values<K, true>(from, maxima, positions, slots, tables, stride, layer, keys, count, most, heads, kv_heads, dim,    \
		                window, [=](int d, float o, float z, size_t at, int run) {                                                 \
			                size_t part = at * ((keys + KEYS - 1) / KEYS) + run;                                           \
			                sums[part * dim + d] = o;                                                                      \
			                if (d == 0) totals[part] = z;                                                                  \
		                });                                                                                                \
	}
SCORES(kv32, float)
SCORES(kv16, half_bits)
VALUES_F32(kv32, float)
VALUES_F32(kv16, half_bits)
VALUES_FAST(kv32, float)
VALUES_FAST(kv16, half_bits)
