// Runs kernels on the shim for the tests: requests on stdin, answers on stdout,
// little-endian words of 8 bytes. Requests: 'A' bytes → address; 'F' address;
// 'W' address bytes data; 'R' address bytes → data; 'L' name-length grid block
// shared seed arguments, name → code, message. Memory starts as ones (NaN).
#include "registry.hpp"
#include <cstdio>
#include <cstdlib>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif
#include <sys/mman.h>
#include <unistd.h>

static void get(void *to, size_t n) {
	if (n && fread(to, 1, n, stdin) != n) _exit(0); // the test has ended
}
static uint64_t word() {
	uint64_t v;
	get(&v, sizeof v);
	return v;
}
static void put(const void *from, size_t n) { fwrite(from, 1, n, stdout); }
static void put(uint64_t v) { put(&v, sizeof v); }

#ifdef SHIM_RACE
// Device memory is one range, which is watched as a whole; nothing is freed.
static void *allocate(size_t n) {
	constexpr size_t reserved = size_t(1) << 34;
	static char *next = [] {
		void *p = mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED) perror("device memory"), abort();
		shim::race_watch(p, static_cast<char *>(p) + reserved);
		return static_cast<char *>(p);
	}();
	char *p = next;
	next += n;
	return p;
}
static void release(void *) {}
#else
static void *allocate(size_t n) { return aligned_alloc(256, n); }
static void release(void *p) { free(p); }
#endif

static void launch() {
	uint64_t length = word();
	shim::Launch l;
	uint64_t grid[3], block[3];
	for (auto &g : grid) g = word();
	for (auto &b : block) b = word();
	l.grid = dim3(unsigned(grid[0]), unsigned(grid[1]), unsigned(grid[2]));
	l.block = dim3(unsigned(block[0]), unsigned(block[1]), unsigned(block[2]));
	l.shared = word();
	l.seed = word();
	std::vector<uint64_t> arguments(word());
	for (auto &a : arguments) a = word();
	std::string name(length, 0);
	get(name.data(), length);
	std::vector<const void *> at;
	for (auto &a : arguments) at.push_back(&a);
	shim::Result r;
	auto it = shim::kernels().find(name);
	if (it == shim::kernels().end())
		r = {shim::launch_failed, "no kernel " + name};
	else if (it->second.sizes.size() != at.size())
		r = {shim::launch_failed, name + " takes " + std::to_string(it->second.sizes.size()) + " arguments"};
	else
		r = shim::run(l, [&] { it->second.call(at.data()); });
	put(uint64_t(r.code));
	put(r.message.size());
	put(r.message.data(), r.message.size());
}

int main() {
	for (;;) {
		char op;
		get(&op, 1);
		switch (op) {
		case 'A': {
			size_t n = word();
			void *p = allocate((n + 255) / 256 * 256);
			memset(p, 0xff, n);
#ifdef __SANITIZE_ADDRESS__
			ASAN_POISON_MEMORY_REGION(static_cast<char *>(p) + n, (n + 255) / 256 * 256 - n);
#endif
			put(uint64_t(p));
			break;
		}
		case 'F':
			release(reinterpret_cast<void *>(word()));
			break;
		case 'W': {
			auto *p = reinterpret_cast<void *>(word());
			get(p, word());
			break;
		}
		case 'R': {
			auto *p = reinterpret_cast<void *>(word());
			put(p, word());
			break;
		}
		case 'L':
			launch();
			break;
		}
		if (op != 'W' && op != 'F') fflush(stdout);
	}
}
