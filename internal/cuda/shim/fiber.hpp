// Fibers: each CUDA thread has a stack of its own, and the program switches stacks.
//
// On x86-64 a switch saves the six registers that a call preserves. Elsewhere, or
// with SHIM_UCONTEXT, ucontext does it. AddressSanitizer is told of each switch.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#if !defined(__x86_64__) && !defined(SHIM_UCONTEXT)
#define SHIM_UCONTEXT
#endif
#ifdef SHIM_UCONTEXT
#include <ucontext.h>
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace shim {

#ifdef __SANITIZE_ADDRESS__
constexpr size_t stack_bytes = 256 << 10; // sanitizers make frames larger, by red zones
#else
constexpr size_t stack_bytes = 64 << 10;
#endif
constexpr size_t page_bytes = 4096;

#ifndef SHIM_UCONTEXT
extern "C" void shim_switch(void **save, void *to);
asm(R"(
	.text
	.type shim_switch, @function
shim_switch:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret
	.size shim_switch, .-shim_switch
)");
#endif

// A Fiber is a stack and the place where it stopped. The zero Fiber stands for the
// stack of the thread that runs the scheduler.
struct Fiber {
#ifdef SHIM_UCONTEXT
	ucontext_t at;
#else
	void *at = nullptr;
#endif
	char *stack = nullptr; // lowest address that may be used
	size_t bytes = 0;
	void *fake = nullptr; // the fake stack that AddressSanitizer keeps for the fiber

	// allocate maps the stack, with a guard page below it.
	void allocate() {
		if (stack) return;
		void *p = mmap(nullptr, stack_bytes + page_bytes, PROT_READ | PROT_WRITE,
		               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED || mprotect(p, page_bytes, PROT_NONE)) {
			perror("shim: stack");
			abort();
		}
		stack = static_cast<char *>(p) + page_bytes;
		bytes = stack_bytes;
	}

	// start prepares the stack, so that the next switch to the fiber calls entry, which
	// must not return.
	void start(void (*entry)()) {
		allocate();
#ifdef __SANITIZE_ADDRESS__
		ASAN_UNPOISON_MEMORY_REGION(stack, bytes);
		fake = nullptr;
#endif
#ifdef SHIM_UCONTEXT
		getcontext(&at);
		at.uc_stack.ss_sp = stack;
		at.uc_stack.ss_size = bytes;
		at.uc_link = nullptr;
		makecontext(&at, entry, 0);
#else
		void **sp = reinterpret_cast<void **>(stack + bytes);
		*--sp = nullptr; // entry finds the stack as after a call
		*--sp = reinterpret_cast<void *>(entry);
		for (int i = 0; i < 6; i++) *--sp = nullptr;
		at = sp;
#endif
	}
};

// entered is the first thing that a fiber does: it tells AddressSanitizer that
// the switch from the scheduler is done, and notes where the scheduler's stack is.
inline void entered(Fiber &self, Fiber &scheduler) {
#ifdef __SANITIZE_ADDRESS__
	const void *bottom = nullptr;
	__sanitizer_finish_switch_fiber(self.fake, &bottom, &scheduler.bytes);
	scheduler.stack = const_cast<char *>(static_cast<const char *>(bottom));
#else
	(void)self, (void)scheduler;
#endif
}

// switch_to leaves fiber from and goes on with fiber to. last says that from ends.
inline void switch_to(Fiber &from, Fiber &to, bool last = false) {
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_start_switch_fiber(last ? nullptr : &from.fake, to.stack, to.bytes);
#else
	(void)last;
#endif
#ifdef SHIM_UCONTEXT
	swapcontext(&from.at, &to.at);
#else
	shim_switch(&from.at, to.at);
#endif
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(from.fake, nullptr, nullptr);
#endif
}

} // namespace shim
