// The race detector. With SHIM_RACE, code that is compiled with -fsanitize=thread
// calls the functions below at each access; ThreadSanitizer itself is not linked. A
// launch ends when two threads access a byte, at least one of them writing, without
// a barrier between them, in whatever order the threads happened to run.
//
// It watches shared memory, and the device memory that race_watch is told of.
// Threads of different blocks are in no order. Threads of one block are ordered by
// barriers of the block and by operations of a warp that both took part in. Atomics
// are ordered among themselves.
#pragma once
#include <cstddef>

#ifdef SHIM_RACE
#define SHIM_UNWATCHED __attribute__((no_sanitize("thread"), noinline))
namespace shim {
void race_launch();
void race_block(char *dynamic, char *dynamic_end, char *fixed, char *fixed_end);
void race_barrier();
void race_warp(unsigned first, unsigned mask); // the lanes in mask, of the warp that begins at thread first, have met
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
