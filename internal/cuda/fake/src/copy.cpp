// Copies and fills. They read host memory when they run, not when they are
// queued.
#include "state.hpp"

namespace fake {

static int queue(Context &c, void *stream, std::function<void()> f) {
	return push(c, stream, {Op::work, [f](uint64_t) {
		                        f();
		                        return shim::Result();
	                        }, nullptr, 0});
}

static int check(Context &c, uintptr_t device, size_t bytes) {
	if (on_device(c, device, bytes)) return success;
	return say(invalid_value, "%zu bytes at %#zx don't lie in one allocation of device memory", bytes, size_t(device));
}

// check_host refuses host memory that isn't pinned while a graph is captured.
static int check_host(Context &c, void *stream, const void *host, size_t bytes) {
	Stream *s = stream_of(c, stream);
	if (!host && bytes) return say(invalid_value, "host memory at nullptr");
	if (!s || !s->capture || in_pinned(c, host, bytes)) return success;
	s->invalidated = true;
	return say(capture_unsupported, "a copy of pageable memory can't be captured");
}

static int to_device(Context &c, uintptr_t to, const void *from, size_t bytes, void *stream) {
	if (int r = check(c, to, bytes)) return r;
	if (int r = check_host(c, stream, from, bytes)) return r;
	return queue(c, stream, [=] { memcpy(reinterpret_cast<void *>(to), from, bytes); });
}

static int to_host(Context &c, void *to, uintptr_t from, size_t bytes, void *stream) {
	if (int r = check(c, from, bytes)) return r;
	if (int r = check_host(c, stream, to, bytes)) return r;
	return queue(c, stream, [=] { memcpy(to, reinterpret_cast<const void *>(from), bytes); });
}

static int on_device_copy(Context &c, uintptr_t to, uintptr_t from, size_t bytes, void *stream) {
	if (int r = check(c, to, bytes)) return r;
	if (int r = check(c, from, bytes)) return r;
	return queue(c, stream, [=] { memmove(reinterpret_cast<void *>(to), reinterpret_cast<const void *>(from), bytes); });
}

static int fill(Context &c, uintptr_t to, unsigned char value, size_t bytes, void *stream) {
	if (int r = check(c, to, bytes)) return r;
	return queue(c, stream, [=] { memset(reinterpret_cast<void *>(to), value, bytes); });
}

// now queues work in stream 0 and waits for it.
template <class F> static int now(const char *call, F f) {
	return with_context(call, [&](Context &c) {
		if (capturing(c)) return int(capture_unsupported);
		if (int r = f(c)) return r;
		return drain_all(c);
	});
}

} // namespace fake

using namespace fake;

ENTRY cuMemcpyHtoDAsync_v2(uintptr_t to, const void *from, size_t bytes, void *stream) {
	return with_context("cuMemcpyHtoDAsync_v2", [&](Context &c) { return to_device(c, to, from, bytes, stream); });
}
ENTRY cuMemcpyDtoHAsync_v2(void *to, uintptr_t from, size_t bytes, void *stream) {
	return with_context("cuMemcpyDtoHAsync_v2", [&](Context &c) { return to_host(c, to, from, bytes, stream); });
}
ENTRY cuMemcpyDtoDAsync_v2(uintptr_t to, uintptr_t from, size_t bytes, void *stream) {
	return with_context("cuMemcpyDtoDAsync_v2", [&](Context &c) { return on_device_copy(c, to, from, bytes, stream); });
}
ENTRY cuMemsetD8Async(uintptr_t to, unsigned char value, size_t bytes, void *stream) {
	return with_context("cuMemsetD8Async", [&](Context &c) { return fill(c, to, value, bytes, stream); });
}
ENTRY cuMemcpyHtoD_v2(uintptr_t to, const void *from, size_t bytes) {
	return now("cuMemcpyHtoD_v2", [&](Context &c) { return to_device(c, to, from, bytes, nullptr); });
}
ENTRY cuMemcpyDtoH_v2(void *to, uintptr_t from, size_t bytes) {
	return now("cuMemcpyDtoH_v2", [&](Context &c) { return to_host(c, to, from, bytes, nullptr); });
}
