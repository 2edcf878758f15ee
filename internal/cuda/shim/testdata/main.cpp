// Runs one kernel of good.cu or bad.cu once and says how it went: "ok", "wrong",
// or the launch's code and message. Arguments: kernel, seed.
#include "shim.hpp"

#include "good.cu"

#undef DYNAMIC_SHARED
#include "bad.cu"

#include <map>
#include <sys/mman.h>

// guarded allocates n values that end at a guard page, filled with NaN.
template <class T> T *guarded(size_t n) {
	size_t bytes = (n * sizeof(T) + 4095) / 4096 * 4096;
	char *p = static_cast<char *>(mmap(nullptr, bytes + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	mprotect(p + bytes, 4096, PROT_NONE);
	shim::fill_nan(p, p + bytes);
	shim::race_watch(p, p + bytes);
	return reinterpret_cast<T *>(p + bytes) - n;
}

static int report(const shim::Result &r, bool right) {
	if (r.code)
		printf("%d %s\n", r.code, r.message.c_str());
	else
		puts(right ? "ok" : "wrong");
	return 0;
}

int main(int, char **args) {
	std::string name = args[1];
	shim::Launch l;
	l.seed = strtoull(args[2], nullptr, 10);
	constexpr int n = 128;
	float *in = guarded<float>(n), *out = guarded<float>(n);
	for (int i = 0; i < n; i++) in[i] = float(i + 1);
	bool right = true;
	if (name == "reverse") {
		l.grid = 2, l.block = 64, l.shared = 64 * 4;
		auto r = shim::run(l, [&] { reverse(out, in); });
		for (int i = 0; i < n; i++) right &= out[i] == in[i / 64 * 64 + 63 - i % 64];
		return report(r, right);
	}
	if (name == "sum") {
		l.grid = 2, l.block = 64;
		auto r = shim::run(l, [&] { sum(out, in); });
		return report(r, out[0] == 2080 && out[1] == 6176);
	}
	if (name == "count") {
		unsigned *total = guarded<unsigned>(1);
		*total = 0;
		l.grid = dim3(3, 2, 2), l.block = dim3(5, 3, 2);
		auto r = shim::run(l, [&] { count(total); });
		return report(r, *total == 360);
	}
	if (name == "product") {
		auto *a = guarded<unsigned short>(256), *b = guarded<unsigned short>(128);
		for (int i = 0; i < 256; i++) a[i] = (unsigned short)(shim::bits<unsigned>(float(i % 23 - 11)) >> 16);
		for (int i = 0; i < 128; i++) b[i] = (unsigned short)(shim::bits<unsigned>(float(i % 17 - 5)) >> 16);
		l.block = 32;
		auto r = shim::run(l, [&] { product(out, a, b); });
		for (int i = 0; i < 16; i++)
			for (int j = 0; j < 8; j++) {
				float want = 0;
				for (int k = 0; k < 16; k++) want += float((i * 16 + k) % 23 - 11) * float((j * 16 + k) % 17 - 5);
				right &= out[i * 8 + j] == want;
			}
		return report(r, right);
	}
	std::map<std::string, void (*)(float *, const float *)> bad = {
	    {"missing_barrier", missing_barrier}, {"missing_second_barrier", missing_second_barrier},
	    {"missing_syncwarp", missing_syncwarp}, {"lost_update", lost_update}, {"blocks_race", blocks_race},
	    {"unwaited_copy", unwaited_copy}, {"divergent_barrier", divergent_barrier}, {"two_barriers", two_barriers},
	    {"divergent_shuffle", divergent_shuffle}, {"absent_lane", absent_lane}, {"past_shared", past_shared},
	    {"past_static", past_static}, {"misaligned", misaligned}, {"uninitialised", uninitialised}};
	out[0] = 0;
	l.block = name == "missing_syncwarp" || name == "absent_lane" ? 32 : 64;
	l.grid = name == "blocks_race" ? 2 : 1;
	l.shared = 64 * 4;
	auto r = shim::run(l, [&] { bad.at(name)(out, in); });
	for (int i = 0; i < 64; i++) {
		float want = in[i];
		if (name == "missing_barrier" || name == "missing_second_barrier") want = in[63 - i];
		if (name == "missing_syncwarp") want = i < 32 ? in[(i + 1) % 32] : out[i];
		if (name == "lost_update") want = i ? out[i] : 64;
		if (want == want) right &= out[i] == want;
	}
	return report(r, right);
}
