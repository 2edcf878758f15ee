// Kernels without a bug, each using a part of the shim.
#define DYNAMIC_SHARED(T, name) T *name = reinterpret_cast<T *>(shim::dynamic_shared())

// reverse turns each block of n values around through dynamic shared memory.
extern "C" __global__ void reverse(float *out, const float *in) {
	DYNAMIC_SHARED(float, part);
	int i = threadIdx.x, n = blockDim.x, base = blockIdx.x * n;
	part[i] = in[base + i];
	__syncthreads();
	out[base + i] = part[n - 1 - i];
}

// sum adds each block's values: shuffles within a warp, static shared memory across.
extern "C" __global__ void __launch_bounds__(1024) sum(float *out, const float *in) {
	__shared__ float partial[32];
	unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
	float v = in[blockIdx.x * blockDim.x + threadIdx.x];
	for (int by = 16; by > 0; by /= 2) v += __shfl_xor_sync(0xffffffff, v, by);
	if (lane == 0) partial[warp] = v;
	__syncthreads();
	if (warp == 0) {
		v = lane < blockDim.x / 32 ? partial[lane] : 0;
		for (int by = 16; by > 0; by /= 2) v += __shfl_down_sync(0xffffffff, v, by);
		if (lane == 0) out[blockIdx.x] = v;
	}
}

// product is d = a·bᵀ of bf16 matrices, a 16×16 and b 8×16, by one warp.
extern "C" __global__ void product(float *d, const unsigned short *a, const unsigned short *b) {
	__shared__ __align__(16) unsigned short as[16][16], bs[8][16];
	int l = threadIdx.x;
	shim::copy_async(&as[l / 2][l % 2 * 8], a + l * 8, 16);
	if (l < 16) shim::copy_async(&bs[l / 2][l % 2 * 8], b + l * 8, 16);
	shim::copy_commit();
	shim::copy_wait(0);
	__syncwarp();
	unsigned fa[4], fb[2];
	shim::ldmatrix<4>(fa, &as[l % 16][l / 16 * 8]);
	shim::ldmatrix<2>(fb, &bs[l % 8][l / 8 % 2 * 8]);
	float c[4] = {};
	shim::mma_bf16(c, fa, fb, c);
	for (int r = 0; r < 4; r++) d[(l / 4 + r / 2 * 8) * 8 + l % 4 * 2 + r % 2] = c[r];
}

// count adds one to *n for each thread of the grid.
extern "C" __global__ void count(unsigned *n) { atomicAdd(n, 1u); }
