// Kernels with one planted bug each.
#define DYNAMIC_SHARED(T, name) T *name = reinterpret_cast<T *>(shim::dynamic_shared())

extern "C" __global__ void missing_barrier(float *out, const float *in) {
	DYNAMIC_SHARED(float, part);
	int i = threadIdx.x, n = blockDim.x;
	part[i] = in[i];
	out[i] = part[n - 1 - i];
}

// The second pass overwrites what slower threads still read.
extern "C" __global__ void missing_second_barrier(float *out, const float *in) {
	__shared__ float part[64];
	int i = threadIdx.x;
	for (int pass = 0; pass < 2; pass++) {
		part[i] = in[pass * 64 + i];
		__syncthreads();
		out[pass * 64 + i] = part[63 - i];
	}
}

extern "C" __global__ void missing_syncwarp(float *out, const float *in) {
	__shared__ float part[32];
	int i = threadIdx.x;
	part[i] = in[i];
	out[i] = part[(i + 1) % 32];
}

extern "C" __global__ void lost_update(float *out, const float *in) {
	(void)in;
	out[0] += 1;
}

extern "C" __global__ void blocks_race(float *out, const float *in) {
	out[threadIdx.x] = in[blockIdx.x];
}

extern "C" __global__ void unwaited_copy(float *out, const float *in) {
	__shared__ float part[64];
	shim::copy_async(&part[threadIdx.x], &in[threadIdx.x], 4);
	shim::copy_commit();
	out[threadIdx.x] = part[threadIdx.x];
	shim::copy_wait(0);
}

extern "C" __global__ void divergent_barrier(float *out, const float *in) {
	if (threadIdx.x < 32)
		__syncthreads();
	else
		out[0] = in[0];
}

extern "C" __global__ void two_barriers(float *out, const float *in) {
	if (threadIdx.x < 32) {
		__syncthreads();
	} else {
		__syncthreads();
	}
	out[threadIdx.x] = in[threadIdx.x];
}

extern "C" __global__ void divergent_shuffle(float *out, const float *in) {
	float v = in[threadIdx.x];
	if (threadIdx.x % 2) v = __shfl_xor_sync(0xffffffff, v, 1);
	out[threadIdx.x] = v;
}

extern "C" __global__ void absent_lane(float *out, const float *in) {
	if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0xffff, in[threadIdx.x], 20);
}

extern "C" __global__ void past_shared(float *out, const float *in) {
	DYNAMIC_SHARED(float, part);
	part[threadIdx.x + 4] = in[threadIdx.x];
	out[threadIdx.x] = part[threadIdx.x + 4];
}

extern "C" __global__ void past_static(float *out, const float *in) {
	__shared__ float part[32];
	part[threadIdx.x] = in[threadIdx.x];
	out[threadIdx.x] = part[threadIdx.x];
}

extern "C" __global__ void misaligned(float *out, const float *in) {
	if (threadIdx.x == 0) *reinterpret_cast<float4 *>(out) = *reinterpret_cast<const float4 *>(in + 1);
}

extern "C" __global__ void uninitialised(float *out, const float *in) {
	__shared__ float part[64];
	if (threadIdx.x > 0) part[threadIdx.x] = in[threadIdx.x];
	__syncthreads();
	out[threadIdx.x] = part[threadIdx.x];
}
