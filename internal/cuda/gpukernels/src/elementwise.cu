// Kernels that do the same to each row: norms, the inside of the gated MLP, sums,
// gathering.

// rmsnorm sets out = (x / √(mean x² + eps)) ∘ gain. A thread block of 128 does a row.
// Σ x² has 16 partial sums, by index mod 16. gains has for each adapter the address
// of its own gains, or 0; gains may itself be 0.
#define NORM_CHUNK 4096
template <class T>
INLINE void rmsnorm(T *out, const float *x, const float *gain, const uint64_t *gains, const int *adapters, const int *count,
                    int most, int k, float eps) {
	__shared__ float staged[NORM_CHUNK];
	__shared__ float partial[16];
	__shared__ float inverse;
	int row = blockIdx.x, i = threadIdx.x;
	if (row >= row_count(count, most)) return;
	x += (size_t)row * k;
	float s = 0;
	for (int from = 0; from < k; from += NORM_CHUNK) {
		int n = min(NORM_CHUNK, k - from);
		for (int j = i; j < n; j += blockDim.x) staged[j] = x[from + j];
		__syncthreads();
		if (i < 16)
#pragma unroll 16 // so that as many reads of shared memory are under way
			for (int j = i; j < n; j += 16) s = __fmaf_rn(staged[j], staged[j], s);
		__syncthreads();
	}
	if (i < 16) partial[i] = s;
	__syncthreads();
	if (i == 0) inverse = 1 / sqrtf(join_sums(partial) / (float)k + eps);
	__syncthreads();
	if (gains && adapters && adapters[row] >= 0 && gains[adapters[row]])
		gain = reinterpret_cast<const float *>(gains[adapters[row]]);
	for (int j = i; j < k; j += blockDim.x) store(&out[(size_t)row * k + j], x[j] * inverse * gain[j]);
}

// silu_mul sets out = silu(gate) ∘ up, with silu(x) = x / (1 + e⁻ˣ). A thread does a
// number.
template <class T>
INLINE void silu_mul(T *out, const float *gate, const float *up, const int *count, int most, int k) {
	int row = blockIdx.y, j = blockIdx.x * blockDim.x + threadIdx.x;
	if (row >= row_count(count, most) || j >= k) return;
	size_t at = (size_t)row * k + j;
	float g = gate[at];
	store(&out[at], g / (1 + exp32(-g)) * up[at]);
}

#define INPUTS(name, T)                                                                                                 \
	KERNEL __launch_bounds__(128)                                                                                        \
	    medner_rmsnorm_##name(T *out, const float *x, const float *gain, const uint64_t *gains, const int *adapters,     \
	                          const int *count, int most, int k, float eps) {                                            \
		rmsnorm(out, x, gain, gains, adapters, count, most, k, eps);                                                      \
	}                                                                                                                    \
	KERNEL __launch_bounds__(256) medner_silu_mul_##name(T *out, const float *gate, const float *up, const int *count,   \
	                                                     int most, int k) {                                              \
		silu_mul(out, gate, up, count, most, k);                                                                          \
	}
INPUTS(f32, float)
INPUTS(fast, bf16_bits)

// add sets x += y.
KERNEL __launch_bounds__(256) medner_add(float *x, const float *y, const int *count, int most, int k) {
	int row = blockIdx.y, j = blockIdx.x * blockDim.x + threadIdx.x;
	if (row < row_count(count, most) && j < k) x[(size_t)row * k + j] += y[(size_t)row * k + j];
}

// gather sets out[row] = x[from[row]], in words of 4 bytes.
KERNEL __launch_bounds__(256) medner_gather(unsigned *out, const unsigned *x, const int *from, const int *count, int most,
                                            int words) {
	int row = blockIdx.y, j = blockIdx.x * blockDim.x + threadIdx.x;
	if (row < row_count(count, most) && j < words) out[(size_t)row * words + j] = x[(size_t)from[row] * words + j];
}
