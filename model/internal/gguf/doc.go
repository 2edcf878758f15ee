// Package gguf reads GGUF files, llama.cpp's single-file format: versions 2
// and 3, little-endian.
//
// A file is a magic number and a version, counts of tensors and of metadata
// pairs, the pairs (a key, a type, a value; arrays are of one type), a
// description of each tensor (name, dimensions with the fastest first, type,
// offset), and the tensors' bytes, each at a multiple of general.alignment.
//
// Files are mapped into memory. [Open] walks the metadata and the descriptions once
// and checks them strictly, so that every later read stays inside the file. An array
// is decoded when a caller asks for it.
//
// See https://github.com/ggml-org/ggml/blob/master/docs/gguf.md for the format.
package gguf
