//go:build !noasm

package kernels

import "golang.org/x/sys/cpu"

// nativeVariants are those for amd64, the simplest first.
var nativeVariants = []*variant{
	{name: "avx2", missing: lacking(avx2Features), vector: &vectorAVX2, matrix: &matrixAVX2},
}

type feature struct {
	has  bool
	name string
}

var avx2Features = []feature{
	{cpu.X86.HasAVX2, "AVX2"}, {cpu.X86.HasFMA, "FMA"}, {cpu.X86.HasF16C, "F16C"},
}

// lacking names the first feature that the processor does not have.
func lacking(features []feature) string {
	for _, f := range features {
		if !f.has {
			return f.name
		}
	}
	return ""
}
