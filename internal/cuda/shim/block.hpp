// The scheduler runs the blocks of a kernel one after the other, and the threads of a
// block as fibers, in orders that a seed shuffles.
//
// A thread runs until it waits at a barrier or at an operation of its warp, or
// ends. Barriers are strict, as in compute-sanitizer's synccheck: all threads of a
// block meet at one place in the source, all lanes of a mask meet at one operation,
// and none of them may have ended before. A launch that can't go on fails with a
// message that says which threads wait where.
#pragma once
#include "fiber.hpp"
#include "race.hpp"
#include "vectors.hpp"
#include <cstdarg>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

// The built-in variables of CUDA, which are valid while a kernel runs.
inline uint3 threadIdx, blockIdx;
inline dim3 blockDim, gridDim;
constexpr int warpSize = 32;

// The section that holds __shared__ variables, if there are any.
extern "C" {
extern char __start_medner_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_medner_shared[] __attribute__((weak, visibility("hidden")));
}

namespace shim {

// How a launch ended. The numbers are those of CUresult.
enum Code { ok = 0, illegal_address = 700, misaligned_address = 716, launch_failed = 719 };

struct Result {
	Code code = ok;
	std::string message; // says which thread of which block failed, and at what
};

struct Launch {
	dim3 grid, block;
	size_t shared = 0; // dynamic shared memory, bytes
	uint64_t seed = 0; // 0: threads and blocks run in ascending order
};

// A Copy is a cp.async that may not have happened yet.
struct Copy {
	void *to;
	const void *from;
	unsigned bytes, zeros; // bytes copied, then zeros
};

enum class State { ready, at_barrier, in_warp, ended };

// A Resolve computes an operation of a warp once all its lanes are there. at[i] is
// where lane i has its operands and gets its result, nullptr if lane i takes no part.
using Resolve = void (*)(void *at[32], unsigned mask);

struct Thread {
	Fiber fiber;
	uint3 index;
	unsigned linear; // number in the block; the lane is linear % 32
	State state;
	unsigned line; // of the source, where the thread waits
	const char *what;
	unsigned mask; // while in_warp: the lanes that take part
	Resolve resolve;
	void *operands;
	bool vote;  // while at_barrier: the predicate
	int votes;  // after the barrier: of how many threads the predicate was true
	std::vector<std::vector<Copy>> copies; // groups of cp.async; the last is open
};

// Random is the generator splitmix64.
struct Random {
	uint64_t state;
	uint64_t next() {
		uint64_t z = state += 0x9e3779b97f4a7c15;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		return z ^ z >> 31;
	}
	unsigned below(unsigned n) { return unsigned((next() >> 32) * n >> 32); }
};

// A Scheduler is the state of the launch that runs. One launch runs at a time.
struct Scheduler {
	Launch launch;
	const std::function<void()> *kernel;
	Fiber fiber; // stands for the stack of the scheduler itself
	Random random;
	std::vector<std::unique_ptr<Thread>> threads; // kept for later launches
	std::vector<Thread *> ready;
	Thread *current = nullptr;
	unsigned count, ended, waiting; // threads of the block
	unsigned in_warp[32];           // how many lanes of each warp wait in an operation of the warp
	Result result;
	char *dynamic = nullptr; // shared memory of the block
	char *dynamic_end = nullptr; // where the guard page after it begins
	static constexpr size_t dynamic_limit = 256 << 10;

	Result run(const Launch &, const std::function<void()> &);
	void run_blocks();
	void run_block();
	void clear_shared();
	void finish(Thread &);
	[[noreturn]] void fail(Code, const char *format, ...) __attribute__((format(printf, 3, 4)));
	void deadlock();
	void yield() {
		Thread &t = *current;
		switch_to(t.fiber, fiber);
	}
};
inline Scheduler scheduler;

inline std::string place(const uint3 &b, const uint3 &t) {
	char s[120];
	snprintf(s, sizeof s, "block (%u,%u,%u) thread (%u,%u,%u)", b.x, b.y, b.z, t.x, t.y, t.z);
	return s;
}

// fail ends the launch from within a thread.
inline void Scheduler::fail(Code code, const char *format, ...) {
	char s[400];
	va_list list;
	va_start(list, format);
	vsnprintf(s, sizeof s, format, list);
	va_end(list);
	result = {code, place(blockIdx, current->index) + ": " + s};
	Thread &t = *current;
	switch_to(t.fiber, fiber, true);
	abort(); // the fiber is not resumed
}

// deadlock says which threads wait for what, when none can go on.
inline void Scheduler::deadlock() {
	std::string s = "threads wait for each other: ";
	const Thread *kinds[4] = {};
	unsigned counts[4] = {}, n = 0;
	for (unsigned i = 0; i < count; i++) {
		const Thread *t = threads[i].get();
		unsigned k = 0;
		while (k < n && !(kinds[k]->state == t->state && kinds[k]->line == t->line && kinds[k]->mask == t->mask)) k++;
		if (k == 4) continue;
		if (k == n) kinds[n++] = t;
		counts[k]++;
	}
	for (unsigned k = 0; k < n; k++) {
		const Thread &t = *kinds[k];
		char part[160];
		if (t.state == State::ended)
			snprintf(part, sizeof part, "%s%u ended (first: %u)", k ? "; " : "", counts[k], t.linear);
		else
			snprintf(part, sizeof part, "%s%u in %s of line %u, mask %08x (first: %u)", k ? "; " : "", counts[k], t.what,
			         t.line, t.mask, t.linear);
		s += part;
	}
	result = {launch_failed, place(blockIdx, threads[0]->index) + ": " + s};
}

inline void make_ready(Thread &t) {
	t.state = State::ready;
	scheduler.ready.push_back(&t);
}

// barrier waits for the whole block, and returns the number of threads whose vote is
// true.
inline int barrier(bool vote, const char *what, unsigned line) {
	Scheduler &s = scheduler;
	Thread &t = *s.current;
	t.state = State::at_barrier;
	t.what = what, t.line = line, t.mask = ~0u, t.vote = vote;
	if (++s.waiting == s.count) {
		int votes = 0;
		for (unsigned i = 0; i < s.count; i++) {
			const Thread &o = *s.threads[i];
			if (o.line != line || o.what != what)
				s.fail(launch_failed, "divergent barrier: %s of line %u, but thread %u is in %s of line %u", what, line,
				       o.linear, o.what, o.line);
			votes += o.vote;
		}
		s.waiting = 0;
		race_barrier();
		for (unsigned i = 0; i < s.count; i++) {
			s.threads[i]->votes = votes;
			make_ready(*s.threads[i]);
		}
	}
	s.yield();
	return t.votes;
}

// collective waits for the lanes in mask. The last of them computes the result of all.
inline void collective(unsigned mask, void *operands, Resolve resolve, const char *what, unsigned line) {
	Scheduler &s = scheduler;
	Thread &t = *s.current;
	unsigned lane = t.linear % 32, first = t.linear - lane;
	if (s.count - first < 32) mask &= (1u << (s.count - first)) - 1;
	t.state = State::in_warp;
	t.what = what, t.line = line, t.mask = mask, t.resolve = resolve, t.operands = operands;
	if (!(mask >> lane & 1)) s.fail(launch_failed, "%s of line %u: lane %u is not in its mask %08x", what, line, lane, mask);
	void *at[32] = {};
	bool all = ++s.in_warp[first / 32] >= unsigned(__builtin_popcount(mask));
	for (unsigned i = 0; i < 32 && all; i++) {
		if (!(mask >> i & 1)) continue;
		const Thread &o = *s.threads[first + i];
		all = o.state == State::in_warp && o.resolve == resolve && o.mask == mask && o.line == line;
		at[i] = o.operands;
	}
	if (all) {
		if (resolve) resolve(at, mask);
		race_warp(first, mask);
		s.in_warp[first / 32] -= unsigned(__builtin_popcount(mask));
		for (unsigned i = 0; i < 32; i++)
			if (mask >> i & 1) make_ready(*s.threads[first + i]);
	}
	s.yield();
}

} // namespace shim
