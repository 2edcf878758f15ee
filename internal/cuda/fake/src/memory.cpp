// Device memory lies in one reserved range of addresses, and no address is given out
// twice. An allocation is NaN at first. A guard page follows it; up to 255 bytes in
// between are watched. Memory can be accessed while work runs on the device, and at
// no other time.
#include "state.hpp"
#include <sys/mman.h>

namespace fake {

constexpr size_t alignment = 256, page = shim::page_bytes, reserved = size_t(1) << 40;

static size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

// map maps memory at from, so that bytes end at most 255 bytes before a guard page.
static Block map(char *from, size_t bytes, int protection) {
	size_t padded = round_up(bytes, alignment), mapped = round_up(padded, page);
	if (mmap(from, mapped, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		return {0, 0, nullptr};
	return {bytes, mapped, from};
}

static uintptr_t start(const Block &b) { return uintptr_t(b.base) + b.mapped - round_up(b.bytes, alignment); }

static char *arena(size_t mapped) {
	static char *next = [] {
		void *p = mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED) perror("fake CUDA driver: address space"), abort();
		shim::race_watch(p, static_cast<char *>(p) + reserved);
		return static_cast<char *>(p) + page;
	}();
	char *p = next;
	next += mapped + page;
	return p;
}

int allocate(Context &c, size_t bytes, uintptr_t *out) {
	State &s = state();
	if (!bytes) return say(invalid_value, "an allocation of no bytes");
	if (s.settings.due("fail_alloc")) return say(out_of_memory, "a planted failure");
	if (bytes > size_t(s.settings["memory"] - s.used))
		return say(out_of_memory, "%zu bytes asked for, %lld of %lld in use", bytes, s.used, s.settings["memory"]);
	size_t mapped = round_up(round_up(bytes, alignment), page);
	Block b = map(arena(mapped), bytes, PROT_READ | PROT_WRITE);
	if (!b.base) return say(out_of_memory, "mmap failed");
	memset(b.base, 0xff, mapped);
	mprotect(b.base, mapped, PROT_NONE);
	s.used += (long long)bytes;
	c.memory[*out = start(b)] = b;
	return success;
}

int release(Context &c, uintptr_t address) {
	auto it = c.memory.find(address);
	if (it == c.memory.end()) return say(invalid_value, "%#zx isn't the start of an allocation", size_t(address));
	state().used -= (long long)it->second.bytes;
	map(it->second.base, it->second.mapped, PROT_NONE); // gives the pages back, keeps the addresses
	c.memory.erase(it);
	return success;
}

int allocate_pinned(Context &c, size_t bytes, void **out) {
	if (!bytes) return say(invalid_value, "an allocation of no bytes");
	if (state().settings.due("fail_pinned")) return say(out_of_memory, "a planted failure");
	size_t mapped = round_up(round_up(bytes, alignment), page);
	void *p = mmap(nullptr, mapped + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) return say(out_of_memory, "mmap failed");
	Block b{bytes, mapped, static_cast<char *>(p)};
	mprotect(b.base + mapped, page, PROT_NONE);
	memset(b.base, 0xff, mapped);
	c.pinned[start(b)] = b;
	*out = reinterpret_cast<void *>(start(b));
	return success;
}

int release_pinned(Context &c, void *address) {
	auto it = c.pinned.find(uintptr_t(address));
	if (it == c.pinned.end()) return say(invalid_value, "%p isn't the start of pinned memory", address);
	munmap(it->second.base, it->second.mapped + page);
	c.pinned.erase(it);
	return success;
}

static bool within(const std::map<uintptr_t, Block> &blocks, uintptr_t address, size_t bytes) {
	auto it = blocks.upper_bound(address);
	if (it == blocks.begin()) return false;
	--it;
	return address + bytes >= address && address + bytes <= it->first + it->second.bytes;
}
bool on_device(Context &c, uintptr_t address, size_t bytes) { return within(c.memory, address, bytes); }
bool in_pinned(Context &c, const void *p, size_t bytes) { return within(c.pinned, uintptr_t(p), bytes); }

static int depth; // how many Opened there are; the mutex of the state guards it

Opened::Opened(Context &c) : context(c) {
	if (depth++) return;
	for (auto &[address, b] : c.memory) {
		mprotect(b.base, b.mapped, PROT_READ | PROT_WRITE);
#ifdef __SANITIZE_ADDRESS__
		ASAN_POISON_MEMORY_REGION(b.base, b.mapped);
		ASAN_UNPOISON_MEMORY_REGION(reinterpret_cast<void *>(address), b.bytes);
#endif
	}
}

Opened::~Opened() {
	if (--depth) return;
	for (auto &[address, b] : context.memory) {
#ifdef __SANITIZE_ADDRESS__
		ASAN_UNPOISON_MEMORY_REGION(b.base, b.mapped);
#endif
		auto clean = [](const char *from, const char *to) {
			while (from < to && *from == char(0xff)) from++;
			return from >= to;
		};
		const char *first = reinterpret_cast<const char *>(address);
		if (!clean(b.base, first) || !clean(first + b.bytes, b.base + b.mapped))
			context.lost = say(illegal_address, "something was written beside the %zu bytes at %#zx", b.bytes, size_t(address));
		mprotect(b.base, b.mapped, PROT_NONE);
	}
}

} // namespace fake

using namespace fake;

ENTRY cuMemGetInfo_v2(size_t *available, size_t *total) {
	return with_context("cuMemGetInfo_v2", [&](Context &) {
		*total = size_t(state().settings["memory"]);
		*available = *total - size_t(state().used);
		return int(success);
	});
}

ENTRY cuMemAlloc_v2(uintptr_t *out, size_t bytes) {
	return with_context("cuMemAlloc_v2", [&](Context &c) {
		if (capturing(c)) return int(capture_unsupported);
		return allocate(c, bytes, out);
	});
}

ENTRY cuMemFree_v2(uintptr_t address) {
	return with_context("cuMemFree_v2", [&](Context &c) {
		if (capturing(c)) return int(capture_unsupported);
		if (int r = drain_all(c)) return r;
		return release(c, address);
	});
}

ENTRY cuMemHostAlloc(void **out, size_t bytes, unsigned) {
	return with_context("cuMemHostAlloc", [&](Context &c) { return allocate_pinned(c, bytes, out); });
}
ENTRY cuMemAllocHost_v2(void **out, size_t bytes) {
	return with_context("cuMemAllocHost_v2", [&](Context &c) { return allocate_pinned(c, bytes, out); });
}
ENTRY cuMemFreeHost(void *p) {
	return with_context("cuMemFreeHost", [&](Context &c) {
		if (int r = drain_all(c)) return r;
		return release_pinned(c, p);
	});
}
