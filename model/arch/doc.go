// Package arch describes decoders: the hyperparameters of config.json and
// generation_config.json, checked, in every spelling that transformers has used
// over the years, and the linear maps and norms of a layer, with their names and
// shapes. It is for those who read checkpoints themselves; package model does so
// for its callers.
//
// # Rotary frequencies
//
// A head of dimension d turns its pairs (x[i], x[i+d/2]) at position p by the
// angle p·f(i), where f(i) = θ^(-2i/d) for i in [0, d/2). Scaling stretches
// the wavelengths λ = 2π/f for contexts longer than those of pre-training:
//
//   - linear: f/factor at every i.
//   - llama3: f where λ is below original/high_freq_factor, f/factor where it
//     is above original/low_freq_factor, and in between (1-s)·f/factor + s·f
//     with s = (original/λ - low_freq_factor) / (high_freq_factor - low_freq_factor).
//   - factors: f(i)/factors[i], from a tensor that a GGUF file may have.
//
// [Rope.InvFreq] computes them in f32, operation by operation as
// transformers' modeling_rope_utils does.
//
// # Adding a model family
//
// A decoder that differs from the known ones only in which configuration
// fields it reads, and in which biases and norms its layers have, is one more
// entry of the table in family.go. A new kind of norm or linear map is one more
// entry of the tables in layer.go, which every reader of weights goes through,
// and its place in the two decoders, model/internal/cpu and model/internal/cuda.
package arch
