//go:build noasm || !(amd64 || arm64)

package kernels

import "runtime"

// pause lets others run while this goroutine waits.
func pause() { runtime.Gosched() }
