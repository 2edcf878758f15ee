//go:build !noasm

package kernels

var matrixAVX2 = matrixOps{
	vector: [kinds]vectorFunc{
		vectorF32AVX2, vectorBF16AVX2, vectorF16AVX2, vectorInt8AVX2, vector4AVX2, vector4BF16AVX2, vector4F16AVX2,
	},
	vectorColumns: 3, vectorTiles: 2,
	fused: [kinds]int{kindF32: 3, kindBF16: 3, kindF16: 3, kindInt8: 3, kind4: 9, kind4BF16: 6, kind4F16: 6},
	expand: [kinds]expandFunc{
		expandGo[f32Code], // never needed: packed as a panel is
		expandBF16AVX2, expandF16AVX2, expandInt8AVX2, expand4AVX2, expand4BF16AVX2, expand4F16AVX2,
	},
	block: blockAVX2, columns: 6,
	fastOps: fastOps{
		quantise: func(words []uint32, scales []float32, sums []int32, x []float32) {
			n := len(x) / blockK
			quantiseAVX2(words[:n*blockK/4], scales[:n], sums[:2*n], x[:n*blockK])
			quantiseGo(words[n*blockK/4:], scales[n:], sums[2*n:], x[n*blockK:])
		},
		fastVector4: fastVector4AVX2, fastVector8: fastVector8AVX2, fastExpand4: fastExpand4AVX2, fastExpand8: fastExpand8AVX2,
		fastBlock: fastBlockAVX2, fastColumns: 6, pairs: true,
	},
}
