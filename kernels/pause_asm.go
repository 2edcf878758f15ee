//go:build !noasm && (amd64 || arm64)

package kernels

// pause tells the processor that this is a waiting loop.
//
//go:noescape
func pause()
