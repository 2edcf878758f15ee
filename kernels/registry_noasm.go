//go:build noasm || !(amd64 || arm64)

package kernels

// nativeVariants are those of this processor's architecture: none.
var nativeVariants []*variant
