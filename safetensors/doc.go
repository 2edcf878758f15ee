// Package safetensors reads and writes the safetensors format, in which most
// models and adapters are published. It is for programs that look into such
// files, convert them, or write their own.
//
// A file is an 8-byte little-endian header length, a JSON header that maps each
// tensor's name to its dtype, shape and range of bytes, and the numbers:
// row-major, little-endian, one tensor after the other without holes. A model
// too large for one file is cut into shards, and an index
// (model.safetensors.index.json) says which shard holds which tensor.
//
// # What it promises
//
//   - Files are mapped into memory and tensors are views of them: opening a file
//     costs its header, whatever its size.
//   - Headers are checked strictly. Any tensor of an opened file lies inside the
//     file, overlaps no other, and has the bytes that its shape and dtype ask for.
//     A file that breaks a rule is a *badinput.Error that names the tensor; a
//     hostile header costs little memory and time.
//   - The same tensors and metadata are written as the same bytes, in whatever
//     order they are given; a file appears whole or not at all.
//   - A Reader may be used by any number of goroutines.
//
// The documentation of Hugging Face's library safetensors describes the format.
package safetensors
