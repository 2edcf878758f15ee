// Package gorgonia holds no code: its test computes a decoder layer as a
// graph of gorgonia.org/gorgonia, an implementation that shares nothing with
// ours, and compares. It is a module of its own so that gorgonia stays out of
// the engine's dependencies.
//
// The graph keeps to products, sums and elementwise functions of matrices,
// head by head: gorgonia's batched products and tensors of higher rank have
// bugs (gorgonia issues 552 and 555). Row sums are products with ones, and
// the rotary embedding is x ⊙ cos + (x R) ⊙ sin, R being the matrix that
// swaps the halves of a head and negates the second.
//
//	make oracle
package gorgonia
