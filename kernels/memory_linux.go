package kernels

import "golang.org/x/sys/unix"

// adviseHuge asks for large pages: walking a matrix then takes few entries of
// the page tables. Refusal is harmless.
func adviseHuge(mem []byte) { _ = unix.Madvise(mem, unix.MADV_HUGEPAGE) }
