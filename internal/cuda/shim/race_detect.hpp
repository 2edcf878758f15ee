// The shadow of the race detector (race.hpp): for each watched byte, which thread
// wrote it last and which threads have read it since.
#pragma once
#include "block.hpp"
#include <unordered_map>

namespace shim {

struct Access {
	uint32_t block, time;
	uint16_t thread;
};

// A Byte is the shadow of one byte.
struct Byte {
	uint32_t launch = 0; // the launch of the accesses below; those of older launches are over
	bool written = false, atomic = false, read = false;
	bool many = false;   // whether several threads have read; thread and time are those of the last
	bool warps = false;  // whether they are of several warps
	bool blocks = false; // whether they are of several blocks
	Access writer, reader;
};

struct Detector {
	struct Range {
		uintptr_t from, to;
	};
	Range watched[64];  // device memory
	unsigned ranges = 0;
	Range shared[2];    // shared memory of the block: static and dynamic
	uint32_t launch = 0, time = 0; // time counts barriers and warp operations
	uint32_t barrier = 0;          // the time when the block last met
	uint32_t warp_full[32];        // the time when all lanes of a warp last met
	uint32_t warp_pair[32][32][32]; // the time when two lanes of a warp last met
	std::unordered_map<uintptr_t, std::unique_ptr<Byte[]>> pages;
	uintptr_t last_page = 0;
	Byte *last = nullptr;

	SHIM_UNWATCHED Byte &at(uintptr_t address) {
		uintptr_t page = address / page_bytes;
		if (page != last_page || !last) {
			auto &p = pages[page];
			if (!p) p = std::make_unique<Byte[]>(page_bytes);
			last = p.get(), last_page = page;
		}
		Byte &b = last[address % page_bytes];
		if (b.launch != launch) b = {}, b.launch = launch;
		return b;
	}

	// before says whether an access is ordered before what thread t does now.
	SHIM_UNWATCHED bool before(const Access &a, unsigned t, uint32_t block) {
		if (a.block != block) return false;
		if (a.thread == t || barrier > a.time) return true;
		if (a.thread / 32 != t / 32) return false;
		return warp_full[t / 32] > a.time || warp_pair[t / 32][a.thread % 32][t % 32] > a.time;
	}

	SHIM_UNWATCHED bool readers_before(const Byte &b, unsigned t, uint32_t block) {
		if (!b.many) return before(b.reader, t, block);
		if (b.blocks || b.reader.block != block) return false;
		return barrier > b.reader.time || (!b.warps && b.reader.thread / 32 == t / 32 && warp_full[t / 32] > b.reader.time);
	}
};
inline Detector detector;

SHIM_UNWATCHED inline uint32_t block_number() {
	return (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
}

enum class Kind { read, write, atomic };

SHIM_UNWATCHED inline void race(uintptr_t address, const char *now, const char *then, const Access &a) {
	Detector &d = detector;
	bool shared = false;
	for (const auto &r : d.shared) shared |= address >= r.from && address < r.to;
	scheduler.fail(launch_failed, "race in %s memory at %#zx: %s, and thread %u of block %u %s", shared ? "shared" : "global",
	               size_t(address), now, a.thread, a.block, then);
}

SHIM_UNWATCHED inline void access(uintptr_t address, size_t bytes, Kind kind) {
	Detector &d = detector;
	if (!scheduler.current) return;
	bool watched = false;
	for (const auto &r : d.shared) watched |= address >= r.from && address < r.to;
	for (unsigned i = 0; i < d.ranges && !watched; i++) watched = address >= d.watched[i].from && address < d.watched[i].to;
	if (!watched) return;
	unsigned t = scheduler.current->linear;
	uint32_t block = block_number();
	const char *now = kind == Kind::read ? "reads" : kind == Kind::write ? "writes" : "changes by an atomic";
	Access me{block, d.time, uint16_t(t)};
	for (; bytes > 0; bytes--, address++) {
		Byte &b = d.at(address);
		if (b.written && !(b.atomic && kind == Kind::atomic) && !d.before(b.writer, t, block))
			race(address, now, "wrote it", b.writer);
		if (kind == Kind::read) {
			if (b.read && b.reader.block == block && d.barrier > b.reader.time && !b.blocks) b.read = b.many = b.warps = false;
			if (b.read && (b.reader.thread != t || b.reader.block != block)) {
				b.many = true;
				b.warps |= b.reader.thread / 32 != t / 32;
				b.blocks |= b.reader.block != block;
			}
			b.read = true, b.reader = me;
			continue;
		}
		if (b.read && !d.readers_before(b, t, block)) race(address, now, "read it", b.reader);
		b.written = true, b.atomic = kind == Kind::atomic, b.writer = me;
		b.read = b.many = b.warps = b.blocks = false;
	}
}

inline void race_launch() {
	Detector &d = detector;
	d.launch++, d.time = 0, d.barrier = 0;
}

inline void race_block(char *dynamic, char *dynamic_end, char *fixed, char *fixed_end) {
	Detector &d = detector;
	d.shared[0] = {uintptr_t(dynamic), uintptr_t(dynamic_end)};
	d.shared[1] = {uintptr_t(fixed), uintptr_t(fixed_end)};
	for (const auto &r : d.shared)
		for (uintptr_t a = r.from; a < r.to; a++) d.at(a) = {};
	memset(d.warp_full, 0, sizeof d.warp_full);
	memset(d.warp_pair, 0, sizeof d.warp_pair);
	d.barrier = ++d.time;
}

inline void race_barrier() { detector.barrier = ++detector.time; }

inline void race_warp(unsigned first, unsigned mask) {
	Detector &d = detector;
	d.time++;
	unsigned present = scheduler.count - first >= 32 ? ~0u : (1u << (scheduler.count - first)) - 1;
	if (mask == present) {
		d.warp_full[first / 32] = d.time;
		return;
	}
	for (unsigned i = 0; i < 32; i++)
		for (unsigned j = 0; j < 32 && mask >> i & 1; j++)
			if (mask >> j & 1) d.warp_pair[first / 32][i][j] = d.time;
}

inline void race_read(const void *p, size_t n) { access(uintptr_t(p), n, Kind::read); }
inline void race_write(void *p, size_t n) { access(uintptr_t(p), n, Kind::write); }
inline void race_atomic(void *p, size_t n) { access(uintptr_t(p), n, Kind::atomic); }

inline void race_watch(const void *from, const void *to) {
	if (detector.ranges == 64) abort();
	detector.watched[detector.ranges++] = {uintptr_t(from), uintptr_t(to)};
}

} // namespace shim

// The functions that -fsanitize=thread calls. They are weak, as each unit defines them.
#define SHIM_WEAK __attribute__((no_sanitize("thread"), weak))
#define SHIM_HOOK(name, bytes, kind, ...) \
	SHIM_WEAK void __tsan_##name(__VA_ARGS__) { shim::access(uintptr_t(p), bytes, shim::Kind::kind); }
#define SHIM_HOOKS(n)                            \
	SHIM_HOOK(read##n, n, read, void *p)         \
	SHIM_HOOK(write##n, n, write, void *p)       \
	SHIM_HOOK(unaligned_read##n, n, read, void *p) \
	SHIM_HOOK(unaligned_write##n, n, write, void *p)
extern "C" {
SHIM_HOOKS(1)
SHIM_HOOKS(2)
SHIM_HOOKS(4)
SHIM_HOOKS(8)
SHIM_HOOKS(16)
SHIM_HOOK(read_range, n, read, void *p, size_t n)
SHIM_HOOK(write_range, n, write, void *p, size_t n)
SHIM_WEAK void __tsan_init() {}
SHIM_WEAK void __tsan_func_entry(void *) {}
SHIM_WEAK void __tsan_func_exit() {}
SHIM_WEAK void __tsan_vptr_update(void **, void *) {}
SHIM_WEAK void __tsan_vptr_read(void **) {}
}
#undef SHIM_HOOKS
#undef SHIM_WEAK
#undef SHIM_HOOK
