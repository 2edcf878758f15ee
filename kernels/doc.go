// Package kernels computes what a decoder step is made of, on CPUs: products
// with packed weights, norms, rotary positions, attention over a paged cache,
// and the greedy choice. It knows slices, shapes and packed weights, and no
// model. It is for whoever writes a decoder of their own.
//
// Matrices are row-major slices. A row of activations x is called a token,
// whatever it stands for; K is the dimension that a product sums over. Shapes that
// don't fit are faults of the program: functions panic. What depends on data,
// such as packing, returns an error.
//
// # The same bits
//
// Every result is a fixed function of its operands, in every bit: whatever the
// instruction set, the number of threads, the tokens that share a product, or
// the way in which a prompt is cut. The rules:
//
//   - An element of a product has a lane of its own, and sums along K in
//     ascending order, block by block ([Weights.MatMul]). Threads share out
//     rows of weights, never K ([Pool]).
//   - A sum over one vector has 16 partial sums, by index mod 16, joined by
//     halves: s[i] += s[i+8], then s[i+4], s[i+2], s[i+1].
//   - Attention depends on absolute positions alone ([Attention]).
//   - Where an operation is fused, it is fused everywhere: plain Go computes
//     the fused multiply-add of float32 in float64, rounding to odd where two
//     roundings could differ from one.
//   - One exponential, of its own; square roots and quotients correctly
//     rounded; no approximations of reciprocals.
//
// # Variants
//
// Each kernel exists in plain Go, named with Go at the end, which says what it
// computes, and in assembly written by the generators in internal/gen. The
// best variant that the processor has, and that agrees with plain Go in a test
// at start, is chosen when first needed; the environment variable MEDNER_CPU
// names another. The build tag noasm leaves plain Go alone.
package kernels
