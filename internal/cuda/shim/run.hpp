// Launches: the order of blocks and threads, shared memory that is NaN at the start
// of each block, and faults of the kernel that become error codes.
#pragma once
#include "block.hpp"
#include <csetjmp>
#include <csignal>
#include <mutex>

namespace shim {

// Faults turns signals that a kernel raises into results, as long as the Faults
// lives. Sanitised builds leave signals to the sanitizer, which says more.
struct Faults {
	static constexpr int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
	static inline thread_local sigjmp_buf *back = nullptr; // set on the thread that runs the kernel
	static inline thread_local void *address;
	static inline struct sigaction before[4];

	static void handle(int number, siginfo_t *info, void *context) {
		if (back) {
			address = info->si_addr;
			siglongjmp(*back, number);
		}
		for (int i = 0; i < 4; i++) { // a signal of another thread is handled as before
			if (signals[i] != number) continue;
			if (before[i].sa_flags & SA_SIGINFO) return before[i].sa_sigaction(number, info, context);
			if (before[i].sa_handler != SIG_DFL && before[i].sa_handler != SIG_IGN) return before[i].sa_handler(number);
			sigaction(number, &before[i], nullptr); // the fault happens again, and is handled as before
		}
	}
#ifndef __SANITIZE_ADDRESS__
	explicit Faults(sigjmp_buf *to) {
		struct sigaction action = {};
		action.sa_sigaction = handle;
		action.sa_flags = SA_SIGINFO | SA_ONSTACK;
		for (int i = 0; i < 4; i++) sigaction(signals[i], &action, &before[i]);
		back = to;
	}
	~Faults() {
		back = nullptr;
		for (int i = 0; i < 4; i++) sigaction(signals[i], &before[i], nullptr);
	}
#else
	explicit Faults(sigjmp_buf *) {}
#endif
	static Result result(int number) {
		char s[100];
		switch (number) {
		case SIGILL: // what -fsanitize-undefined-trap-on-error raises
			return {misaligned_address, "misaligned address, index outside an array, or other undefined behaviour"};
		case SIGFPE:
			return {launch_failed, "division by zero"};
		}
		snprintf(s, sizeof s, "illegal address %p", address);
		return {illegal_address, s};
	}
};

// fill_nan sets all bits, which is NaN in every float format. No sanitizer watches it.
__attribute__((no_sanitize("address"), optimize("no-tree-loop-distribute-patterns")))
inline void fill_nan(char *from, char *to) {
	for (; from < to && uintptr_t(from) % 8; from++) *from = char(0xff);
	for (; from + 8 <= to; from += 8) *reinterpret_cast<volatile uint64_t *>(from) = ~uint64_t(0);
	for (; from < to; from++) *from = char(0xff);
}

inline void Scheduler::clear_shared() {
	if (!dynamic_end) {
		void *p = mmap(nullptr, dynamic_limit + page_bytes, PROT_READ | PROT_WRITE,
		               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED) abort();
		dynamic_end = static_cast<char *>(p) + dynamic_limit;
		mprotect(dynamic_end, page_bytes, PROT_NONE);
	}
	size_t bytes = (launch.shared + 15) / 16 * 16; // so that it begins aligned, and ends at most 15 bytes before the guard page
	dynamic = dynamic_end - bytes;
#ifdef __SANITIZE_ADDRESS__
	ASAN_POISON_MEMORY_REGION(dynamic_end - dynamic_limit, dynamic_limit);
	ASAN_UNPOISON_MEMORY_REGION(dynamic, launch.shared);
#endif
	fill_nan(dynamic, dynamic_end);
	if (__start_medner_shared) fill_nan(__start_medner_shared, __stop_medner_shared);
	race_block(dynamic, dynamic_end, __start_medner_shared, __stop_medner_shared);
}

inline void copies_finish(Thread &, size_t groups_left); // async.hpp

inline void thread_main() {
	Scheduler &s = scheduler;
	entered(s.current->fiber, s.fiber);
	(*s.kernel)();
	Thread &t = *s.current;
	copies_finish(t, 0);
	t.state = State::ended;
	s.ended++;
	switch_to(t.fiber, s.fiber, true);
	abort();
}

inline void Scheduler::run_block() {
	clear_shared();
	ready.clear();
	ended = waiting = 0;
	memset(in_warp, 0, sizeof in_warp);
	for (unsigned i = 0; i < count; i++) {
		Thread &t = *threads[i];
		unsigned rest = i / launch.block.x;
		t.index = {i % launch.block.x, rest % launch.block.y, rest / launch.block.y};
		t.linear = i;
		if (t.copies.size() != 1 || !t.copies.front().empty()) t.copies.assign(1, {});
		t.fiber.start(thread_main);
		make_ready(t);
	}
	size_t head = 0; // without a seed, threads take turns in this queue
	while (head < ready.size() && !result.code) {
		Thread *t;
		if (launch.seed) {
			unsigned i = random.below(unsigned(ready.size()));
			t = ready[i];
			ready[i] = ready.back();
			ready.pop_back();
		} else {
			t = ready[head++];
			if (head == 4096) ready.erase(ready.begin(), ready.begin() + 4096), head = 0;
		}
		current = t;
		threadIdx = t->index;
		switch_to(fiber, t->fiber);
		current = nullptr;
	}
	if (!result.code && ended < count) deadlock();
}

inline void Scheduler::run_blocks() {
	uint64_t blocks = uint64_t(launch.grid.x) * launch.grid.y * launch.grid.z;
	std::vector<uint32_t> order(blocks);
	for (uint64_t i = 0; i < blocks; i++) order[i] = uint32_t(i);
	if (launch.seed)
		for (uint64_t i = blocks; i > 1; i--) std::swap(order[i - 1], order[random.below(unsigned(i))]);
	for (uint32_t b : order) {
		unsigned rest = b / launch.grid.x;
		blockIdx = {b % launch.grid.x, rest % launch.grid.y, rest / launch.grid.y};
		run_block();
		if (result.code) return;
	}
}

// run returns when all blocks have ended, or one has failed.
#pragma GCC diagnostic ignored "-Wclobbered" // variables that are used after a fault don't change before it
inline Result Scheduler::run(const Launch &l, const std::function<void()> &k) {
	static std::mutex one_at_a_time;
	std::lock_guard<std::mutex> lock(one_at_a_time);
	launch = l, kernel = &k, result = {}, random = {l.seed};
	count = l.block.x * l.block.y * l.block.z;
	while (threads.size() < count) threads.push_back(std::make_unique<Thread>());
	blockDim = l.block, gridDim = l.grid;
	race_launch();
	sigjmp_buf back;
	Faults faults(&back);
	if (int number = sigsetjmp(back, 1)) {
		result = Faults::result(number);
		result.message = place(blockIdx, threadIdx) + ": " + result.message;
	} else {
		run_blocks();
	}
	current = nullptr;
	return result;
}

inline Result run(const Launch &l, const std::function<void()> &kernel) { return scheduler.run(l, kernel); }

} // namespace shim
