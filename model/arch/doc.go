// Package arch holds what a checkpoint says about its shape: the
// hyperparameters of config.json and generation_config.json, checked, in the
// spellings that transformers has used over the years.
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
//   - factors: f(i)/factors[i], as a GGUF may carry it.
//
// [Rope.InvFreq] computes them in f32, operation by operation as
// transformers' modeling_rope_utils does.
//
// # Adding a model family
//
// A decoder that differs from Llama's in nothing but its configuration is one
// more entry of the table in family.go.
package arch
