//go:build !noasm

package kernels

import "golang.org/x/sys/cpu"

// nativeVariants lists the variants for amd64, the simplest first.
var nativeVariants = []*variant{
	{name: "avx2", missing: lacking(avx2Features), vector: &vectorAVX2, matrix: &matrixAVX2},
	{name: "avx512", missing: lacking(avx512Features), vector: &vectorAVX512, matrix: &matrixAVX512},
	{name: "avx512vnni", missing: lacking(vnniFeatures), vector: &vectorVNNI, matrix: &matrixVNNI},
	{name: "avx512vbmi", missing: lacking(vbmiFeatures), vector: &vectorVNNI, matrix: &matrixVBMI},
}

type feature struct {
	has  bool
	name string
}

var avx2Features = []feature{
	{cpu.X86.HasAVX2, "AVX2"}, {cpu.X86.HasFMA, "FMA"}, {cpu.X86.HasF16C, "F16C"},
}

var avx512Features = append(avx2Features[:len(avx2Features):len(avx2Features)],
	feature{cpu.X86.HasAVX512F, "AVX-512F"}, feature{cpu.X86.HasAVX512DQ, "AVX-512DQ"},
	feature{cpu.X86.HasAVX512BW, "AVX-512BW"}, feature{cpu.X86.HasAVX512VL, "AVX-512VL"},
	feature{cpu.X86.HasBMI2, "BMI2"})

var vnniFeatures = append(avx512Features[:len(avx512Features):len(avx512Features)],
	feature{cpu.X86.HasAVX512VNNI, "AVX-512VNNI"})

var vbmiFeatures = append(vnniFeatures[:len(vnniFeatures):len(vnniFeatures)],
	feature{cpu.X86.HasAVX512VBMI, "AVX-512VBMI"})

// lacking names the first feature that the processor does not have.
func lacking(features []feature) string {
	for _, f := range features {
		if !f.has {
			return f.name
		}
	}
	return ""
}
