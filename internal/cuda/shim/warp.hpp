// Operations of a warp (shuffles, votes, reductions), and the barriers of a block.
#pragma once
#include "block.hpp"

namespace shim {

template <class T> struct Shuffle {
	T value, result;
	unsigned from; // the lane whose value this lane asks for
};

template <class T> void resolve_shuffle(void *at[32], unsigned mask) {
	for (unsigned i = 0; i < 32; i++) {
		if (!at[i]) continue;
		auto *own = static_cast<Shuffle<T> *>(at[i]);
		if (!(mask >> own->from & 1))
			scheduler.fail(launch_failed, "shuffle: lane %u reads lane %u, which takes no part", i, own->from);
		own->result = static_cast<Shuffle<T> *>(at[own->from])->value;
	}
}

template <class T> T shuffle(unsigned mask, T value, unsigned from, const char *what, unsigned line) {
	static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles take 4 or 8 bytes");
	Shuffle<T> operands{value, value, from};
	collective(mask, &operands, resolve_shuffle<T>, what, line);
	return operands.result;
}

inline unsigned lane() { return scheduler.current->linear % 32; }

struct Vote {
	unsigned value, result;
};

template <class F> void resolve_vote(void *at[32], F fold) {
	unsigned r = 0;
	bool first = true;
	for (unsigned i = 0; i < 32; i++) {
		if (!at[i]) continue;
		unsigned v = static_cast<Vote *>(at[i])->value;
		r = first ? v : fold(r, v);
		first = false;
	}
	for (unsigned i = 0; i < 32; i++)
		if (at[i]) static_cast<Vote *>(at[i])->result = r;
}

inline unsigned vote(unsigned mask, unsigned value, Resolve resolve, const char *what, unsigned line) {
	Vote operands{value, 0};
	collective(mask, &operands, resolve, what, line);
	return operands.result;
}

} // namespace shim

#define SHIM_LINE unsigned line = __builtin_LINE()

inline void __syncthreads(SHIM_LINE) { shim::barrier(false, "__syncthreads", line); }
inline int __syncthreads_count(int p, SHIM_LINE) { return shim::barrier(p, "__syncthreads_count", line); }
inline int __syncthreads_or(int p, SHIM_LINE) { return shim::barrier(p, "__syncthreads_or", line) > 0; }
inline int __syncthreads_and(int p, SHIM_LINE) {
	return shim::barrier(p, "__syncthreads_and", line) == int(shim::scheduler.count);
}
inline void __syncwarp(unsigned mask = ~0u, SHIM_LINE) {
	shim::collective(mask, nullptr, nullptr, "__syncwarp", line);
}

template <class T> T __shfl_sync(unsigned mask, T v, int source, int width = 32, SHIM_LINE) {
	return shim::shuffle(mask, v, (shim::lane() & -width) + (source & (width - 1)), "__shfl_sync", line);
}
template <class T> T __shfl_up_sync(unsigned mask, T v, unsigned by, int width = 32, SHIM_LINE) {
	unsigned lane = shim::lane(), first = lane & -width;
	return shim::shuffle(mask, v, lane >= first + by ? lane - by : lane, "__shfl_up_sync", line);
}
template <class T> T __shfl_down_sync(unsigned mask, T v, unsigned by, int width = 32, SHIM_LINE) {
	unsigned lane = shim::lane(), end = (lane & -width) + width;
	return shim::shuffle(mask, v, lane + by < end ? lane + by : lane, "__shfl_down_sync", line);
}
template <class T> T __shfl_xor_sync(unsigned mask, T v, int with, int width = 32, SHIM_LINE) {
	unsigned lane = shim::lane(), end = (lane & -width) + width;
	return shim::shuffle(mask, v, (lane ^ with) < end ? lane ^ with : lane, "__shfl_xor_sync", line);
}

inline unsigned __ballot_sync(unsigned mask, int p, SHIM_LINE) {
	return shim::vote(mask, p ? 1u << shim::lane() : 0, [](void *at[32], unsigned) {
		shim::resolve_vote(at, [](unsigned a, unsigned b) { return a | b; });
	}, "__ballot_sync", line);
}
inline int __any_sync(unsigned mask, int p, SHIM_LINE) { return __ballot_sync(mask, p, line) != 0; }
inline int __all_sync(unsigned mask, int p, SHIM_LINE) { return __ballot_sync(mask, !p, line) == 0; }

#define SHIM_REDUCE(name, type, expression)                                               \
	inline type name(unsigned mask, type v, SHIM_LINE) {                                   \
		return type(shim::vote(mask, unsigned(v), [](void *at[32], unsigned) {             \
			shim::resolve_vote(at, [](unsigned x, unsigned y) {                            \
				type a = type(x), b = type(y);                                             \
				return unsigned(expression);                                               \
			});                                                                            \
		}, #name, line));                                                                  \
	}
SHIM_REDUCE(__reduce_add_sync, unsigned, a + b)
SHIM_REDUCE(__reduce_min_sync, unsigned, a < b ? a : b)
SHIM_REDUCE(__reduce_max_sync, unsigned, a > b ? a : b)
SHIM_REDUCE(__reduce_or_sync, unsigned, a | b)
SHIM_REDUCE(__reduce_and_sync, unsigned, a &b)
#undef SHIM_REDUCE
