// Package cuda holds the kernels of a decoder step for NVIDIA GPUs: CUDA
// sources (src), the PTX made of them (ptx, embedded), the layout of weights
// in device memory, and a Go method for each kernel that launches it. Package
// kernels is its sibling for CPUs; like that one it knows no model.
//
// # Precisions
//
// [F32] computes what package kernels computes, in every bit: the same order
// of sums, the same roundings, the same exponential. [Fast] multiplies bf16
// activations by weights rounded to bf16, on tensor cores. In both, an element
// of a product depends on its weights and its row of input alone, in every
// bit: never on the rows that share a launch. So does attention.
//
// # Memory
//
// Every method queues work in a stream and returns; it must be called inside
// [driver.Context.Do] of the context that the kernels were loaded into.
// Whatever differs from step to step lies in device memory (token ids,
// positions, page tables, adapters, choices, the number of rows), so that a
// captured graph can be launched again for other values. Launches are shaped by
// the bounds that their Go arguments give: [Rows].Most, for one.
//
// Rows of numbers lie one after the other without gaps. Inputs of products
// (what [Kernels.RMSNorm], [Kernels.SiLUMul] and [Kernels.Attention] write and
// [Kernels.MatMul] reads) have elements of [Precision.InputBytes]; everything
// else is float32. Pointers to numbers are aligned to 16 bytes.
package gpukernels
