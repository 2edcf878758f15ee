//go:build !noasm

package kernels

// nativeVariants lists the variants for arm64, the simplest first. Every processor
// has NEON.
var nativeVariants = []*variant{
	{name: "neon", vector: &vectorNEON, matrix: &matrixNEON},
}
