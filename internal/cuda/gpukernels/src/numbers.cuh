// Functions that compute what the functions of package kernels compute, with the
// same operations in the same order, so that f32 results have the bits of the CPU.
// Sources are compiled without contraction: nothing but __fmaf_rn and __fma_rn
// fuses.

// exp32 computes kernels.exp32: 2^n·e^r, with n = round(x·log2 e), r = x - n·ln 2,
// and a polynomial for e^r. Below the normal range it is 0.
INLINE float exp32(float x) {
	if (x < -87.33654f) return 0;
	if (x > 88.72283f) return __uint_as_float(0x7f800000);
	float t = __fmaf_rn(x, 1.44269504f, 12582912.0f);
	float n = t - 12582912.0f;
	float r = __fmaf_rn(n, -0.693147181f, x);
	r = __fmaf_rn(n, 1.9046542e-09f, r);
	float p = __fmaf_rn(0x1.6a23dp-10f, r, 0x1.123a2p-7f);
	p = __fmaf_rn(p, r, 0x1.5558f2p-5f);
	p = __fmaf_rn(p, r, 0x1.555492p-3f);
	p = __fmaf_rn(p, r, 0x1.fffffcp-2f);
	p = __fmaf_rn(p, r, 1.0f);
	p = __fmaf_rn(p, r, 1.0f);
	return __uint_as_float(__float_as_uint(p) + (__float_as_uint(t) << 23));
}

// log64 computes kernels.log64 of a normal x > 0: e·ln 2 + log m for x = 2^e·m, with
// log m = 2·artanh((m-1)/(m+1)).
INLINE double log64(double x) {
	long long u = __double_as_longlong(x);
	int e = (int)(u >> 52) - 1022;
	double m = __longlong_as_double((u & 0x000fffffffffffffll) | 0x3fe0000000000000ll);
	if (m < 0.70710678118654752440) {
		m *= 2;
		e--;
	}
	double f = (m - 1) / (m + 1), z = f * f, p = 0;
	for (int k = 21; k >= 1; k -= 2) p = __fma_rn(p, z, 1.0 / k);
	return __fma_rn((double)e, 0.693147180559945309417, 2 * f * p);
}

// sin_cos computes kernels.sinCos, for 0 ≤ x < 2^40.
INLINE void sin_cos(double x, double &sin, double &cos) {
	const double sin_terms[8] = {-1. / 6, 1. / 120, -1. / 5040, 1. / 362880, -1. / 39916800, 1. / 6227020800.,
	                             -1. / 1307674368000., 1. / 355687428096000.};
	const double cos_terms[8] = {-1. / 2, 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800, 1. / 479001600.,
	                             -1. / 87178291200., 1. / 20922789888000.};
	double k = rint(x * (2 / 3.14159265358979323846));
	double r = __fma_rn(-k, 1.57079632679489661923, x);
	r = __fma_rn(-k, 6.123233995736766e-17, r);
	double z = r * r, s = 0, c = 0;
	for (int i = 7; i >= 0; i--) {
		s = __fma_rn(s, z, sin_terms[i]);
		c = __fma_rn(c, z, cos_terms[i]);
	}
	s = __fma_rn(s * z, r, r);
	c = __fma_rn(c, z, 1);
	int quarter = (int)((long long)k & 3);
	sin = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
	cos = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
}

// join_sums adds 16 partial sums by halves: s[i] += s[i+8], then s[i+4], s[i+2],
// s[i+1].
INLINE float join_sums(const float *partial) {
	float s[16];
	for (int i = 0; i < 16; i++) s[i] = partial[i];
	for (int h = 8; h > 0; h /= 2)
		for (int i = 0; i < h; i++) s[i] += s[i + h];
	return s[0];
}

// row_count returns the rows of a launch: *count in device memory if count is not 0,
// but at most most.
INLINE int row_count(const int *count, int most) { return count ? min(*count, most) : most; }

// store and load convert to and from the input type of products, which is float, or
// bf16_bits in the fast precision.
INLINE void store(float *to, float v) { *to = v; }
INLINE void store(bf16_bits *to, float v) { *to = to_bf16(v); }
INLINE float load(const float *from) { return *from; }
INLINE float load(const bf16_bits *from) { return from_bf16(*from); }
