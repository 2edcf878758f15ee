//go:build unix && !linux

package kernels

// adviseHuge does nothing: only Linux has to be asked for large pages.
func adviseHuge([]byte) {}
