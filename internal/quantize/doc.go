// Package quantize writes a checkpoint anew, in a directory that transformers
// (with bitsandbytes) loads as it is: its projections quantised to bitsandbytes'
// NF4 or FP4, or every weight as plain numbers.
//
// A projection becomes the tensors that bitsandbytes itself would save, with a
// quantisation state in float32, so that a weight reads as code·absmax and
// nothing is rounded after. Embeddings, the head, norms and biases keep their
// numbers.
//
// Weights stream from the source to the destination. At most the quantised
// projections of one output file are held in memory.
package quantize
