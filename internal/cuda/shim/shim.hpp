// The part of CUDA C++ that kernel sources without includes use, for a C++ compiler.
// A source is compiled after this header, with MEDNER_HOST defined.
//
// Sources differ from plain CUDA in two things. They declare dynamic shared memory by
// a macro, which is `T *name = reinterpret_cast<T *>(shim::dynamic_shared())` here.
// And in place of inline PTX they call the functions of tensor.hpp.
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
// One block runs at a time, so that variables of the program serve as shared memory.
#define __shared__ static __attribute__((section("medner_shared")))

inline void __trap() { shim::scheduler.fail(shim::launch_failed, "__trap"); }
