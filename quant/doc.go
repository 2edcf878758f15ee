// Package quant knows what the bytes of a weight mean.
//
// A [Matrix] is a weight in the form in which its file holds it; reading rows
// of it gives float32s. Three kinds exist:
//
//   - [Dense]: plain numbers, from float64 to the two 8-bit floats.
//   - [FourBit]: bitsandbytes' NF4 and FP4 (Dettmers et al. 2023, arXiv
//     2305.14314). The flattened tensor is cut into blocks, mostly of 64; a
//     weight is code[i]·absmax, rounded to the dtype of the quantisation
//     state, where i is its 4-bit index and absmax the largest magnitude of
//     its block. With double quantisation the absmax are 8-bit themselves:
//     code₂[j]·absmax₂ + offset, in blocks of 256.
//   - [Blocks]: the block formats of GGML, by row.
//
// [Quantize4Bit] makes a FourBit that is bit-equal with bitsandbytes'
// quantize_4bit, and [FourBit.Tensors] the tensors of a checkpoint that
// transformers loads.
package quant
