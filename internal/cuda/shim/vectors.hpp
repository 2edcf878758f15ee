// The vector types of CUDA, with its alignments.
#pragma once

#define SHIM_VECTOR(name, type, two, four)                                          \
	struct alignas(two) name##2 { type x, y; };                                      \
	struct name##3 { type x, y, z; };                                                \
	struct alignas(four) name##4 { type x, y, z, w; };                               \
	inline name##2 make_##name##2(type x, type y) { return {x, y}; }                 \
	inline name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; }      \
	inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }

SHIM_VECTOR(char, signed char, 2, 4)
SHIM_VECTOR(uchar, unsigned char, 2, 4)
SHIM_VECTOR(short, short, 4, 8)
SHIM_VECTOR(ushort, unsigned short, 4, 8)
SHIM_VECTOR(int, int, 8, 16)
SHIM_VECTOR(uint, unsigned, 8, 16)
SHIM_VECTOR(float, float, 8, 16)
SHIM_VECTOR(longlong, long long, 16, 16)
SHIM_VECTOR(ulonglong, unsigned long long, 16, 16)
SHIM_VECTOR(double, double, 16, 16)
#undef SHIM_VECTOR

struct dim3 {
	unsigned x, y, z;
	constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
