//go:build !noasm

package kernels

import "golang.org/x/sys/cpu"

// vectorVariants are those that this processor has.
func vectorVariants() map[string]*vectorOps {
	v := map[string]*vectorOps{"scalar": &vectorScalar}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C {
		v["avx2"] = &vectorAVX2
	}
	return v
}
