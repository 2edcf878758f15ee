// Package checkpoint opens a model's files, in either of the layouts that
// models come in, and presents them in one way: the configuration, the weights
// under the names and in the shapes of transformers, the tokenizer and the
// chat template. It is for programs that look into models, convert them, or need
// a model's text without its weights; to run a model, see package model.
//
// The layouts are a directory of the Hugging Face hub (config.json,
// safetensors in one file or in shards, plain or pre-quantised by
// bitsandbytes to 4 bits) and a GGUF file.
//
// [Open] opens all of a model. It checks that the weights which the
// configuration asks for are there and that no others are; [Checkpoint.Matrix]
// checks shapes. Weights are views of mapped files, in the files' own number
// formats: nothing is read before it is asked for. [OpenText] finds the
// tokenizer, the chat template and what the files say about generation, and
// needs no weights. Bad files are *badinput.Error that name file and field.
//
// # Query and key rows in a GGUF
//
// Rotary embeddings turn pairs of a head's dimensions. transformers pairs i
// with i + d/2, ggml the neighbours 2i and 2i+1, so llama.cpp's converter
// stores row j·d/2 + i of a head (j = 0, 1) as row 2i + j. The views of
// q_proj and k_proj put the rows back, whatever format they are stored in,
// since every format keeps a row whole.
package checkpoint
