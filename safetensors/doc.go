// Package safetensors reads and writes the safetensors format.
//
// A file is an 8-byte little-endian header length, a JSON header that maps
// each tensor's name to its dtype, shape and byte range, and the numbers:
// row-major, little-endian, one tensor after the other without holes. A model
// too large for one file is cut into shards, and an index
// (model.safetensors.index.json) says which shard holds which tensor.
//
// Files are mapped into memory and tensors are views of them: opening costs
// the header, whatever the size. Headers are checked strictly, so that any
// tensor of an opened file lies inside it and has the bytes that its shape
// and dtype ask for.
//
// See https://huggingface.co/docs/safetensors for the format.
package safetensors
