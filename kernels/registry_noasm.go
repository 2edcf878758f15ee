//go:build noasm || !(amd64 || arm64)

package kernels

// nativeVariants is empty: this build has plain Go only.
var nativeVariants []*variant
