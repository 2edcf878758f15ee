//go:build unix && !linux

package kernels

// adviseHuge does nothing: only Linux takes such advice.
func adviseHuge([]byte) {}

// adviseUnused does nothing: pages are given back with the whole of their memory.
func adviseUnused([]byte) {}
