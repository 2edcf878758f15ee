// Package embedder uses every public package of medner from a module of its
// own, as a program that embeds medner would: it sees no internal package and
// needs nothing but the standard library and medner. One file is about one
// package; make embed runs them all.
package embedder

// What the examples read.
const (
	goldens   = "../testdata/goldens/"
	tinyLlama = goldens + "tiny-llama" // random weights: what it writes means nothing
	adapter   = goldens + "adapters/plain"
)
