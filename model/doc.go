// Package model generates with a decoder of the Llama family: it continues
// prompts of token ids, for many callers at once.
//
// Programs that embed a language model need this package. [Open] reads a
// checkpoint, a directory in Hugging Face's layout or a GGUF file, with PEFT
// adapters, and packs it for a device. [Model.Generate] continues a prompt,
// [Model.Logits] scores one, and [Model.Classify] labels the tokens of a text with
// the head of a token classification model or adapter. A [Model] serves any number of
// goroutines; for tokens as they are written see Request.OnToken. Packages tokenizer and
// tokenizer/chat put text into ids and back; [Model.Text] finds the model's own.
//
// # What it promises
//
// In the precision [F32], greedy requests get the ids that transformers' generate
// gives, and label scores equal those of transformers' token classification models but
// for the order of sums. What a request gets depends on the request and the model alone:
// the number of threads, other requests, the size of chunks, drafts, the prefix cache and
// the processor's instruction set change no bit of it. The same holds for [Sampling] with
// its seed, and in the precision [Fast].
//
// Bad files and bad requests are badinput errors; the other errors that a
// caller can tell apart are listed in this package. A call returns when its
// context ends. [Model.Drain] ends a service in order, Options.Queue bounds what
// waits.
//
// # How it works
//
// One goroutine owns the device. Each of its steps feeds, in one pass over the
// weights, pieces of the prompts that are being read and the latest token of
// every sequence that is being written; requests join and leave between steps
// (scheduler.go, phase.go). Three things make a step worth more:
//
//   - Batching: the weights are read once for all rows of a step.
//   - The prefix cache keeps the keys and values of prompts that were read, so
//     that a system prompt which many requests share is read once.
//   - Drafts: what followed the latest n-gram where it stood before, in prompt
//     or output, is expected to follow again, and the step verifies these
//     tokens, each under its own penalty and constraint. Only tokens that the
//     model chooses itself are accepted. Answers that copy from their prompt
//     are written several tokens a step.
package model
