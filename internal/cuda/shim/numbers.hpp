// CUDA's scalar functions: rounding, bits, conversions, atomics.
//
// Functions that CUDA approximates (__expf, rsqrtf) are exact here, so that tests
// compare their results within the tolerance that CUDA documents.
#pragma once
#include "race.hpp"
#include <cmath>
#include <cstdint>
#include <cstring>

namespace shim {
template <class To, class From> inline To bits(From v) {
	static_assert(sizeof(To) == sizeof(From), "bits of equal size");
	To r;
	memcpy(&r, &v, sizeof r);
	return r;
}
} // namespace shim

inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __frcp_rn(float a) { return 1 / a; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float __frsqrt_rn(float a) { return float(1 / std::sqrt(double(a))); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __expf(float a) { return expf(a); }
inline float __exp2f(float a) { return exp2f(a); }
inline float __logf(float a) { return logf(a); }
inline float __log2f(float a) { return log2f(a); }
inline float rsqrtf(float a) { return float(1 / std::sqrt(double(a))); }
inline float __saturatef(float a) { return !(a > 0) ? 0 : a > 1 ? 1 : a; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }

inline int __float_as_int(float v) { return shim::bits<int>(v); }
inline unsigned __float_as_uint(float v) { return shim::bits<unsigned>(v); }
inline float __int_as_float(int v) { return shim::bits<float>(v); }
inline float __uint_as_float(unsigned v) { return shim::bits<float>(v); }
inline long long __double_as_longlong(double v) { return shim::bits<long long>(v); }
inline double __longlong_as_double(long long v) { return shim::bits<double>(v); }
inline int __float2int_rn(float v) { return int(nearbyintf(v)); }
inline int __float2int_rz(float v) { return int(v); }
inline int __float2int_rd(float v) { return int(floorf(v)); }
inline float __int2float_rn(int v) { return float(v); }
inline float __uint2float_rn(unsigned v) { return float(v); }
inline float __double2float_rn(double v) { return float(v); }

inline int __popc(unsigned v) { return __builtin_popcount(v); }
inline int __popcll(unsigned long long v) { return __builtin_popcountll(v); }
inline int __clz(int v) { return v ? __builtin_clz(unsigned(v)) : 32; }
inline int __ffs(int v) { return __builtin_ffs(v); }
inline unsigned __brev(unsigned v) {
	unsigned r = 0;
	for (int i = 0; i < 32; i++) r |= (v >> i & 1) << (31 - i);
	return r;
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by) {
	return unsigned((uint64_t(high) << 32 | low) << (by & 31) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned by) {
	return unsigned((uint64_t(high) << 32 | low) >> (by & 31));
}
inline int __mulhi(int a, int b) { return int(int64_t(a) * b >> 32); }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned(uint64_t(a) * b >> 32); }

// __byte_perm picks four of the eight bytes of x (0 to 3) and y (4 to 7), as prmt
// does. The high bit of a selector asks for the sign of the byte, repeated.
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
	uint64_t from = uint64_t(y) << 32 | x;
	unsigned r = 0;
	for (int i = 0; i < 4; i++) {
		unsigned s = selector >> (4 * i) & 15, b = unsigned(from >> (8 * (s & 7)) & 255);
		if (s & 8) b = b & 128 ? 255 : 0;
		r |= b << (8 * i);
	}
	return r;
}

inline int min(int a, int b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
inline long long min(long long a, long long b) { return a < b ? a : b; }
inline long long max(long long a, long long b) { return a > b ? a : b; }
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }

template <class T> inline T __ldg(const T *p) { return *p; }
template <class T> inline T __ldcg(const T *p) { return *p; }
template <class T> inline T __ldcs(const T *p) { return *p; }
template <class T> inline void __stcg(T *p, T v) { *p = v; }
template <class T> inline void __stcs(T *p, T v) { *p = v; }

// Atomics are plain operations, as no other thread runs meanwhile. The race detector
// is told of them.
namespace shim {
template <class T, class F> SHIM_UNWATCHED T atomic(T *p, F f) {
	race_atomic(p, sizeof *p);
	T before = *p;
	*p = f(before);
	return before;
}
} // namespace shim

template <class T> T atomicAdd(T *p, T v) { return shim::atomic(p, [=](T o) { return T(o + v); }); }
template <class T> T atomicMax(T *p, T v) { return shim::atomic(p, [=](T o) { return o > v ? o : v; }); }
template <class T> T atomicMin(T *p, T v) { return shim::atomic(p, [=](T o) { return o < v ? o : v; }); }
template <class T> T atomicOr(T *p, T v) { return shim::atomic(p, [=](T o) { return T(o | v); }); }
template <class T> T atomicAnd(T *p, T v) { return shim::atomic(p, [=](T o) { return T(o & v); }); }
template <class T> T atomicExch(T *p, T v) { return shim::atomic(p, [=](T) { return v; }); }
template <class T> T atomicCAS(T *p, T is, T v) { return shim::atomic(p, [=](T o) { return o == is ? v : o; }); }
inline unsigned atomicInc(unsigned *p, unsigned top) {
	return shim::atomic(p, [=](unsigned o) { return o >= top ? 0 : o + 1; });
}
inline void __threadfence() {}
inline void __threadfence_block() {}
