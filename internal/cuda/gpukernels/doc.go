// Package gpukernels has the kernels of a decoder step for NVIDIA GPUs: CUDA
// sources (src), the PTX made of them (ptx, embedded), the layout of weights in
// device memory, and for each kernel a Go method that launches it. Package kernels
// is its sibling for CPUs. Neither knows a model.
//
// # Precisions
//
// [F32] computes what package kernels computes, in every bit: the same order
// of sums, the same roundings, the same exponential. [Fast] multiplies bf16
// activations by weights rounded to bf16, on tensor cores. In both, every bit of
// an element of a product depends on its weights and its row of the input alone,
// never on the rows that share a launch. The same holds for attention.
//
// # Memory
//
// Every method queues work in a stream and returns. It must be called inside
// [driver.Context.Do] of the context that the kernels were loaded into.
// Everything that differs from step to step lies in device memory (token ids,
// positions, page tables, adapters, choices, the number of rows), so that a
// captured graph can be launched again for other values. The grid of a launch
// depends on the bounds that its Go arguments give, as [Rows].Most does.
//
// Rows of numbers lie one after the other without gaps. The inputs of products,
// which [Kernels.RMSNorm], [Kernels.SiLUMul] and [Kernels.Attention] write and
// [Kernels.MatMul] reads, are of the input type: float32, or bfloat16 in Fast
// ([Precision.InputBytes]). All other numbers are float32. Pointers to numbers
// are aligned to 16 bytes.
package gpukernels
