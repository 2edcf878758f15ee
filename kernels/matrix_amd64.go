//go:build !noasm

package kernels

import "github.com/medner/medner/internal/kinds"

var matrixAVX2 = matrixOps{
	vector: [kinds.Count]vectorFunc{
		vectorF32AVX2, vectorBF16AVX2, vectorF16AVX2, vectorInt8AVX2, vector4AVX2, vector4BF16AVX2, vector4F16AVX2,
	},
	vectorTokens: 3, vectorFew: [kinds.Count]int{3, 8, 12, 8, 3, 3, 3}, vectorTiles: 2,
	expand: [kinds.Count]expandFunc{
		expandGo(kinds.F32), // never needed: packed as a panel is
		expandBF16AVX2, expandF16AVX2, expandInt8AVX2, expand4AVX2, expand4BF16AVX2, expand4F16AVX2,
	},
	block: blockAVX2, blockTokens: 6,
	fastOps: fastOps{
		quantise: func(words []uint32, scales []float32, sums []int32, x []float32, n int) {
			whole := len(x) / blockK
			quantiseAVX2(words, scales, sums, x[:whole*blockK], n)
			if rest := x[whole*blockK:]; len(rest) > 0 {
				quantiseGo(words[whole*n*blockWords:], scales[whole*n:], sums[2*whole*n:], rest, n)
			}
		},
		fastVector4: fastVector4AVX2, fastVector8: fastVector8AVX2, fastVectorTokens: 4, fastFew: 8,
		fastExpand4: fastExpand4AVX2, fastExpand8: fastExpand8AVX2,
		signed:     true,
		fastBlock4: fastBlock4AVX2, fastBlock8: fastBlock8AVX2, raised4: codeMost,
		addChannel4: addChannel4AVX2, addChannel8: addChannel8AVX2,
	},
}

// matrixAVX512 borrows the kernels over integers of AVX2: the wider instructions for
// them came with VNNI.
var matrixAVX512 = matrixOps{
	vector: [kinds.Count]vectorFunc{
		vectorF32AVX512, vectorBF16AVX512, vectorF16AVX512, vectorInt8AVX512,
		vector4AVX512, vector4BF16AVX512, vector4F16AVX512,
	},
	vectorTokens: 4, vectorFew: [kinds.Count]int{4, 8, 12, 8, 8, 4, 4}, vectorTiles: 6,
	expand: [kinds.Count]expandFunc{
		expandGo(kinds.F32),
		expandBF16AVX512, expandF16AVX512, expandInt8AVX512, expand4AVX512, expand4BF16AVX512, expand4F16AVX512,
	},
	block: blockAVX512, blockTokens: 14,
	fastOps: matrixAVX2.fastOps,
}

var matrixVNNI = func() matrixOps {
	m := matrixAVX512
	m.fastOps = fastOps{
		quantise:    m.quantise,
		fastVector4: fastVector4VNNI, fastVector8: fastVector8VNNI, fastVectorTokens: 8, fastFew: 8,
		fastExpand4: fastExpand4VNNI, fastExpand8: fastExpand8VNNI,
		fastBlock4: fastBlockVNNI, fastBlock8: fastBlockVNNI, raised4: 128, raised8: 128,
		addChannel4: m.addChannel4, addChannel8: m.addChannel8,
	}
	return m
}()
