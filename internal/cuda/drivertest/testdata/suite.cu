// Kernels of the driver's test suite.

#ifdef MEDNER_HOST
#define DYNAMIC_SHARED(T, name) T *name = reinterpret_cast<T *>(shim::dynamic_shared())
#else
#define DYNAMIC_SHARED(T, name) extern __shared__ T name[]
#endif
#define KERNEL extern "C" __global__ void

// x[i] = a·x[i] + b
KERNEL suite_scale(float *x, float a, float b, int n) {
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n) x[i] = __fmaf_rn(a, x[i], b);
}

// Parameters of all sizes: out[0] = a + b + c + d + e.
KERNEL suite_sizes(double *out, unsigned char a, short b, int c, long long d, double e) {
	out[0] = a + b + c + (double)d + e;
}

// Turns each block of blockDim.x·per values around through dynamic shared memory.
KERNEL suite_reverse(float *out, const float *in, int per) {
	DYNAMIC_SHARED(float, part);
	int n = blockDim.x * per, base = blockIdx.x * n;
	for (int i = threadIdx.x; i < n; i += blockDim.x) part[i] = in[base + i];
	__syncthreads();
	for (int i = threadIdx.x; i < n; i += blockDim.x) out[base + i] = part[n - 1 - i];
}

// Has static shared memory and launch bounds.
KERNEL __launch_bounds__(128) suite_bounded(int *out) {
	__shared__ int all[128];
	all[threadIdx.x] = threadIdx.x;
	__syncthreads();
	out[threadIdx.x] = all[127 - threadIdx.x];
}

// Writes far away from what it was given.
KERNEL suite_stray(float *x) { x[1LL << 34] = 1; }
