//go:build !noasm

package kernels

import "github.com/medner/medner/internal/kinds"

// matrixNEON has kernels for f32, bf16 and 4 bits; the rest is Go.
var matrixNEON = func() matrixOps {
	m := matrixScalar
	m.vector[kinds.F32] = vectorF32NEON
	m.vector[kinds.BF16] = vectorBF16NEON
	m.vector[kinds.Bits4] = vector4NEON
	m.vectorTokens, m.vectorFew = 1, [kinds.Count]int{1, 1, 1, 1, 1, 1, 1}
	m.expand[kinds.BF16], m.expand[kinds.Bits4] = expandBF16NEON, expand4NEON
	m.block, m.blockTokens = blockNEON, 4
	return m
}()

// vectorF32NEON is vectorGo of kinds.F32 for one token.
//
//go:noescape
func vectorF32NEON(a *vectorArgs)

// vectorBF16NEON is vectorGo of kinds.BF16 for one token.
//
//go:noescape
func vectorBF16NEON(a *vectorArgs)

// vector4NEON is vectorGo of kinds.Bits4 for one token.
//
//go:noescape
func vector4NEON(a *vectorArgs)

// expandBF16NEON is expandGo of kinds.BF16.
//
//go:noescape
func expandBF16NEON(panel []float32, words []uint32, scales []float32, code *[32]float32)

// expand4NEON is expandGo of kinds.Bits4.
//
//go:noescape
func expand4NEON(panel []float32, words []uint32, scales []float32, code *[32]float32)

// blockNEON is blockGo.
//
//go:noescape
func blockNEON(a *blockArgs)
