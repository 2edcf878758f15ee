// Finds kernels by name, for callers that have their arguments as bytes.
#pragma once
#include "shim.hpp"
#include <map>
#include <utility>

namespace shim {

struct Kernel {
	std::vector<size_t> sizes;                // bytes of each parameter
	std::function<void(const void *const *)> call; // takes a pointer to each argument
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

// A Register makes a kernel known under its name. The unit that defines a kernel has
// one for it.
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
