//go:build unix && !linux

package kernels

// adviseHuge is for Linux, where large pages must be asked for.
func adviseHuge([]byte) {}
