// Package convert writes a checkpoint anew: its projections quantised to
// bitsandbytes' NF4 or FP4, or all of it as plain numbers, in a directory that
// transformers (with bitsandbytes) loads as it is.
//
// A projection becomes the tensors that bitsandbytes itself would save, with a
// quantisation state in float32, so that a weight reads as code·absmax and
// nothing is rounded after. Embeddings, the head, norms and biases keep their
// numbers.
//
// Weights stream from the source to the destination. What is held of them is
// at most the quantised projections of one output shard.
package quantize
