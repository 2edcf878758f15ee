// Package quant knows what the bytes of a stored weight mean. It is for programs
// that read checkpoints, quantise them, or pack them for kernels; it knows no
// model and no file format around the weights.
//
// A [Matrix] is a weight of Rows outputs by Cols inputs in the form in which its
// file holds it; reading rows of it gives float32s. Four kinds exist:
//
//   - [Dense]: plain numbers, from float64 to the two 8-bit floats.
//   - [FourBit]: the NF4 and FP4 of bitsandbytes (Dettmers et al. 2023, arXiv
//     2305.14314). The flattened matrix is cut into blocks, mostly of 64. A
//     weight is codebook[code]·absmax, rounded to the dtype of the quantisation
//     state, where code is its 4 bits and absmax the scale of its block: the
//     largest magnitude in it. With double quantisation the scales have codes
//     of 8 bits themselves: absmax = codebook₂[code₂]·absmax₂ + offset, in
//     blocks of 256.
//   - [Grouped]: the 4-bit integers of AWQ (Lin et al. 2023, arXiv 2306.00978), GPTQ
//     (Frantar et al. 2022, arXiv 2210.17323) and compressed-tensors. Neighbours
//     along a row form groups, mostly of 128. A weight is scale·(code − zero), with
//     the scale and the zero of its group.
//   - [Blocks]: the block formats of GGML (llama.cpp), along rows.
//
// Two optional interfaces give the stored codes in place of numbers, for kernels
// that multiply with codes: [CodeMatrix] for 4 bits, [Int8Matrix] for 8.
//
// [Quantize4Bit] makes a FourBit that is bit-equal with what quantize_4bit of
// bitsandbytes makes on CPUs, and [FourBit.Tensors] the tensors of a checkpoint
// that transformers loads.
//
// Bytes are viewed, not copied, and may lie in a memory-mapped file. Input that
// can't be right is a *badinput.Error that names the field, what was found and
// what was expected; so is a mapped file that shrinks while it is read. Results
// have the same bits on every machine and for any number of threads.
package quant
