// Package checkpoint opens a model's files and presents them in one way, whichever
// of two layouts they have: the configuration, the weights with their names and
// shapes in transformers, the tokenizer and the chat template. It is for programs
// that look into models, convert them, or need a model's text without its weights; to
// run a model, see package model.
//
// One layout is a directory of the Hugging Face hub: config.json, and safetensors in
// one file or in shards, plain or quantised to 4 bits by bitsandbytes, AWQ, GPTQ or
// compressed-tensors. The other is a GGUF file.
//
// [Open] opens all of a model. It checks that the files hold the weights that the
// configuration asks for and no others; [Checkpoint.Matrix] checks shapes.
// [Checkpoint.Classifier] is the head of a token classification model, such as
// transformers' LlamaForTokenClassification. Weights are views of mapped files, in the
// files' own number formats: nothing is read before a caller asks for it. [OpenText]
// finds the tokenizer, the chat template and what the files say about generation, and
// needs no weights. Errors of bad files are of type *badinput.Error, and name file and
// field.
//
// # Query and key rows in a GGUF
//
// Rotary embeddings turn pairs of a head's dimensions. transformers pairs dimension i
// with i + d/2; ggml's llama architecture pairs 2i with 2i+1. llama.cpp's converter
// therefore stores row j·d/2 + i of a llama's head (j = 0, 1) as row 2i + j:
//
//	transformers, d = 6:  0 1 2 3 4 5
//	GGUF:                 0 3 1 4 2 5
//
// The views of q_proj and k_proj put the rows back. They can do so in every number
// format, since each keeps a row whole. Other families' files have transformers'
// order (arch.Family.PairedInGGUF).
package checkpoint
