// CUDA C++ for a C++ compiler: what kernel sources without includes use of it.
// A source is compiled after this header, with MEDNER_HOST defined.
//
// Where the sources must differ from plain CUDA: dynamic shared memory is
// declared by a macro that is `T *name = reinterpret_cast<T *>(shim::dynamic_shared())`
// here, and inline PTX is replaced by tensor.hpp.
#pragma once
#include "block.hpp"
#include "numbers.hpp"
#include "race.hpp"
#include "run.hpp"
#include "tensor.hpp"
#include "vectors.hpp"
#include "warp.hpp"

#ifdef SHIM_RACE
#include "race_detect.hpp"
#endif

#define __global__ __attribute__((visibility("default")))
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __grid_constant__
#define __constant__ static
// One block runs at a time, so a block's variables can be the program's.
#define __shared__ static __attribute__((section("medner_shared")))

inline void __trap() { shim::scheduler.fail(shim::launch_failed, "__trap"); }
