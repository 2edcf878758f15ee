// This file wraps everything that goes beyond plain CUDA C++: each function is
// inline PTX on the device, and on the host (MEDNER_HOST) the shim's function in
// its place.
//
// A unit that is compiled consists of the .cuh files in the order of their names,
// and then one .cu file. No file includes another.

#ifdef MEDNER_HOST
#define DYNAMIC_SHARED(T, name) T *name = reinterpret_cast<T *>(shim::dynamic_shared())
#else
typedef unsigned long long uint64_t;
#define DYNAMIC_SHARED(T, name)                                   \
	extern __shared__ __align__(16) unsigned char medner_dynamic[]; \
	T *name = reinterpret_cast<T *>(medner_dynamic)
#endif

#define KERNEL extern "C" __global__ void
#define INLINE static __device__ __forceinline__
#define INLINE_MEMBER __device__ __forceinline__

typedef unsigned short half_bits; // a float16
typedef unsigned short bf16_bits; // a bfloat16

INLINE float from_bf16(unsigned h) { return __uint_as_float(h << 16); }

// to_bf16 rounds to nearest, ties to even. NaN stays NaN.
INLINE bf16_bits to_bf16(float v) {
	unsigned u = __float_as_uint(v);
	if (v != v) return u >> 16 | 0x40;
	return (u + 0x7fff + (u >> 16 & 1)) >> 16;
}

INLINE float from_f16(unsigned h) {
#ifdef MEDNER_HOST
	return shim::from_f16(h & 0xffff);
#else
	float v;
	asm("cvt.f32.f16 %0, %1;" : "=f"(v) : "h"((half_bits)h));
	return v;
#endif
}

// to_f16 rounds to nearest, ties to even.
INLINE half_bits to_f16(float v) {
#ifdef MEDNER_HOST
	return shim::bits<half_bits>(_Float16(v));
#else
	half_bits h;
	asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(v));
	return h;
#endif
}

// pack_bf16 rounds two numbers to bfloat16, the first into the low half.
INLINE unsigned pack_bf16(float first, float second) {
#ifdef MEDNER_HOST
	return to_bf16(first) | (unsigned)to_bf16(second) << 16;
#else
	unsigned v;
	asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(v) : "f"(second), "f"(first));
	return v;
#endif
}

// pack_f16 rounds two numbers to float16, the first into the low half.
INLINE unsigned pack_f16(float first, float second) {
#ifdef MEDNER_HOST
	return to_f16(first) | (unsigned)to_f16(second) << 16;
#else
	unsigned v;
	asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(v) : "f"(second), "f"(first));
	return v;
#endif
}

// add_bf16 adds two pairs of bfloat16.
INLINE unsigned add_bf16(unsigned a, unsigned b) {
#ifdef MEDNER_HOST
	return to_bf16(from_bf16(a & 0xffff) + from_bf16(b & 0xffff)) | (unsigned)to_bf16(from_bf16(a >> 16) + from_bf16(b >> 16)) << 16;
#else
	unsigned v;
	asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(v) : "r"(a), "r"(0x3f803f80), "r"(b));
	return v;
#endif
}

// prefetch starts to read a line of 128 bytes into the L2 cache.
INLINE void prefetch(const void *global) {
#ifdef MEDNER_HOST
	(void)*static_cast<const volatile char *>(global); // the address is watched
#else
	asm volatile("prefetch.global.L2 [%0];" ::"l"(global));
#endif
}

// mma_bf16 computes d += a·b on tensor cores, for a 16 × 16 and b 16 × 8 in bfloat16
// and d 16 × 8 in float32. Lane 4g+t holds of each matrix:
//
//	a0  row g, columns 2t and 2t+1      a2  row g, columns 2t+8 and 2t+9
//	a1  row g+8, columns 2t and 2t+1    a3  row g+8, columns 2t+8 and 2t+9
//	b0  rows 2t and 2t+1 of column g    b1  rows 2t+8 and 2t+9 of column g
//	d   row g, columns 2t and 2t+1; then row g+8, the same columns
INLINE void mma_bf16(float d[4], unsigned a0, unsigned a1, unsigned a2, unsigned a3, unsigned b0, unsigned b1) {
#ifdef MEDNER_HOST
	unsigned a[4] = {a0, a1, a2, a3}, b[2] = {b0, b1};
	shim::mma_bf16(d, a, b, d);
#else
	asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
	    : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
	    : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
#endif
}

// copy_async starts to fill 16 bytes of shared memory: the first valid bytes from
// global memory, the rest with zeros. copy_commit ends a group of such copies, and
// copy_wait<n> waits until all groups but the latest n are there.
INLINE void copy_async(void *shared, const void *global, int valid) {
#ifdef MEDNER_HOST
	shim::copy_async(shared, global, 16, unsigned(valid));
#else
	asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"((unsigned)__cvta_generic_to_shared(shared)), "l"(global),
	             "r"(valid)
	             : "memory");
#endif
}
INLINE void copy_commit() {
#ifdef MEDNER_HOST
	shim::copy_commit();
#else
	asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
template <int n> INLINE void copy_wait() {
#ifdef MEDNER_HOST
	shim::copy_wait(n);
#else
	asm volatile("cp.async.wait_group %0;" ::"n"(n) : "memory");
#endif
}
