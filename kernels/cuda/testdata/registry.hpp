// The kernels by name, called with arguments of 8 bytes.
#pragma once
#include "shim.hpp"
#include <map>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

struct Kernel {
	size_t arguments;
	std::function<void(const uint64_t *)> call;
};
std::map<std::string, Kernel> &kernels();

template <class T> T argument(uint64_t word) {
	static_assert(sizeof(T) <= 8, "parameters take at most 8 bytes");
	T v;
	memcpy(&v, &word, sizeof v);
	return v;
}

template <class... A, size_t... i> Kernel kernel(void (*f)(A...), std::index_sequence<i...>) {
	return {sizeof...(A), [f](const uint64_t *words) { f(argument<A>(words[i])...); }};
}

struct Register {
	template <class... A> Register(const char *name, void (*f)(A...)) {
		kernels()[name] = kernel(f, std::index_sequence_for<A...>());
	}
};
