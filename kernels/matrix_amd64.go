//go:build !noasm

package kernels

import "github.com/medner/medner/internal/kinds"

var matrixAVX2 = matrixOps{
	vector: vectorsAVX2, vectorTokens: 3, vectorTiles: 2,
	vectorFew: [kinds.Count]int{
		kinds.F32: 3, kinds.BF16: 8, kinds.F16: 12, kinds.Int8: 8, kinds.Bits4: 3, kinds.Bits4BF16: 3, kinds.Bits4F16: 3,
		kinds.U4: 3, kinds.U4x32: 3,
	},
	expand: expandsAVX2, group: groupAVX2,
	block: blockAVX2, blockTokens: 6,
	fastOps: fastOps{
		quantise: func(words []uint32, scales []float32, sums []int32, x []float32, n int) {
			whole := len(x) / blockK
			quantiseAVX2(words, scales, sums, x[:whole*blockK], n)
			if rest := x[whole*blockK:]; len(rest) > 0 {
				quantiseGo(words[whole*n*blockWords:], scales[whole*n:], sums[2*whole*n:], rest, n)
			}
		},
		fastVector: fastVectorsAVX2, fastVectorTokens: 4, fastFew: fewTokens(8, 16),
		fastExpand: fastExpandsAVX2, masked: true,
		fastBlock4: fastBlock4AVX2, fastBlock8: fastBlock8AVX2, raised4: codeMost, few4: codeMost,
		addChannel: channelsAVX2,
	},
}

// matrixAVX512 borrows the kernels over integers of AVX2: the wider instructions for
// them came with VNNI.
var matrixAVX512 = matrixOps{
	vector: vectorsAVX512, vectorTokens: 4, vectorTiles: 6,
	vectorFew: [kinds.Count]int{
		kinds.F32: 4, kinds.BF16: 8, kinds.F16: 12, kinds.Int8: 8, kinds.Bits4: 8, kinds.Bits4BF16: 4, kinds.Bits4F16: 4,
		kinds.U4: 8, kinds.U4x32: 8,
	},
	expand: expandsAVX512, group: groupAVX2,
	block: blockAVX512, blockTokens: 14,
	fastOps: matrixAVX2.fastOps,
}

var matrixVNNI = func() matrixOps {
	m := matrixAVX512
	m.fastOps = fastOps{
		quantise:   m.quantise,
		fastVector: fastVectorsVNNI, fastVectorTokens: 8, fastFew: fewTokens(8, 8),
		fastExpand: fastExpandsVNNI,
		fastBlock4: fastBlockVNNI, fastBlock8: fastBlockVNNI, raised4: 128, raised8: 128, few4: 128, few8: 128,
		addChannel: m.addChannel,
	}
	return m
}()

// matrixVBMI has its own products of few tokens with weights that are rounded.
var matrixVBMI = func() matrixOps {
	m := matrixVNNI
	m.vector[kinds.Bits4BF16], m.vector[kinds.Bits4F16] = vector4BF16VBMI, vector4F16VBMI
	return m
}()
