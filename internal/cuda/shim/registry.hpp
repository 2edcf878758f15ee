// Kernels by name, for callers that know their arguments only as bytes.
#pragma once
#include "shim.hpp"
#include <map>
#include <utility>

namespace shim {

struct Kernel {
	std::vector<size_t> sizes;                // of the parameters, bytes
	std::function<void(const void *const *)> call; // reads each argument where its pointer says
};

inline std::map<std::string, Kernel> &kernels() {
	static std::map<std::string, Kernel> all;
	return all;
}

template <class T> T argument(const void *at) {
	static_assert(sizeof(T) <= 8, "parameters take at most 8 bytes");
	T v;
	memcpy(&v, at, sizeof v);
	return v;
}

// Register makes a kernel known under its name; one for each, in the unit that
// defines it.
struct Register {
	template <class... A> Register(const char *name, void (*f)(A...)) { add(name, f, std::index_sequence_for<A...>()); }
	template <class... A, size_t... i> void add(const char *name, void (*f)(A...), std::index_sequence<i...>) {
		kernels()[name] = {{sizeof(A)...}, [f](const void *const *at) {
			                   (void)at;
			                   f(argument<A>(at[i])...);
		                   }};
	}
};

} // namespace shim
