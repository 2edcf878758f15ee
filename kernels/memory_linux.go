package kernels

import "golang.org/x/sys/unix"

// adviseHuge asks for large pages, so that reading a matrix takes few entries of the
// page tables. A refusal is harmless.
func adviseHuge(mem []byte) { _ = unix.Madvise(mem, unix.MADV_HUGEPAGE) }

// adviseUnused gives pages back that nothing will read or write.
func adviseUnused(mem []byte) { _ = unix.Madvise(mem, unix.MADV_DONTNEED) }
