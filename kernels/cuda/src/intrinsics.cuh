// What goes beyond plain CUDA C++, each wrapped once: inline PTX on the device,
// and on the host (MEDNER_HOST) what the shim has in its place.
//
// A unit is this file, numbers.cuh and weights.cuh, in this order, and then one
// .cu file; no file includes another.

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

typedef unsigned short half_bits; // a float16
typedef unsigned short bf16_bits; // a bfloat16

INLINE float from_bf16(unsigned h) { return __uint_as_float(h << 16); }

// to_bf16 rounds to nearest, ties to even; NaN stays NaN.
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
