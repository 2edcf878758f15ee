// The race detector: with SHIM_RACE the compiler's -fsanitize=thread calls the
// functions below at each access (ThreadSanitizer itself is not linked), and two
// threads that touch a byte, one of them writing, with no barrier of theirs in
// between end the launch, whatever order they ran in.
//
// Watched are shared memory and what is told to race_watch (device memory).
// Blocks have no order among each other; threads are ordered by barriers of the
// block and by operations of the warp that both took part in. Atomics are
// ordered among themselves.
#pragma once
#include <cstddef>

#ifdef SHIM_RACE
#define SHIM_UNWATCHED __attribute__((no_sanitize("thread"), noinline))
namespace shim {
void race_launch();
void race_block(char *dynamic, char *dynamic_end, char *fixed, char *fixed_end);
void race_barrier();
void race_warp(unsigned first, unsigned mask); // lanes in mask of the warp that starts at thread first
void race_read(const void *, size_t);
void race_write(void *, size_t);
void race_atomic(void *, size_t);
void race_watch(const void *from, const void *to);
} // namespace shim
#else
#define SHIM_UNWATCHED
namespace shim {
inline void race_launch() {}
inline void race_block(char *, char *, char *, char *) {}
inline void race_barrier() {}
inline void race_warp(unsigned, unsigned) {}
inline void race_read(const void *, size_t) {}
inline void race_write(void *, size_t) {}
inline void race_atomic(void *, size_t) {}
inline void race_watch(const void *, const void *) {}
} // namespace shim
#endif
