//go:build !noasm

package kernels

// nativeVariants are those for arm64, the simplest first.
var nativeVariants []*variant
