// Package tokenizer turns text into token ids and back, as Hugging Face's
// tokenizers library does for the same tokenizer.json: the same ids, the same
// offsets, the same decoded text. It is for whoever feeds text to a model or
// must know which part of a text a token came from; of this module's public
// packages it needs badinput alone.
//
// # What it reads
//
// [Load] reads a tokenizer.json with a BPE model as Llama-3, SmolLM2, GPT-2,
// Llama-2 and Mistral write it, and of a folder also the added tokens that the
// files beside it name (folder.go, named.go); [FromGGUF] takes the vocabulary of a GGUF file
// and [Tokenizer.MarshalJSON] writes it out as a tokenizer.json. What the package
// can't do as the reference does is refused with a badinput error that names the
// file and the field: a component of an unknown type, a broken file, a limit.
//
// # From text to ids
//
// A text passes five stages:
//
//  1. Added tokens (such as <|eot_id|>) are cut out of the text; special ones
//     only where the caller asked for it, see [EncodeOptions].
//  2. The normalizer rewrites the text between them; every byte of the result
//     remembers the characters of the text that it came from (normalize.go).
//  3. The pre-tokenizer cuts it into words (pretokenize.go). The well-known
//     split patterns have hand-written scanners (scan_llama3.go, scan_gpt2.go);
//     others run on one of two engines for regular expressions.
//  4. Byte pair encoding: a word starts as single characters, or single bytes,
//     and as long as the list of merges has a neighbouring pair, the pair that
//     comes first in that list is joined, leftmost first (bpe.go, merge.go).
//     A cache holds the tokens of recent words.
//  5. The post-processor adds tokens such as <|begin_of_text|>.
//
// All of it takes time linear in the text, but for the merges inside one word,
// which take n log n for a word of n bytes. Components make at most 32 bytes of
// one, a Unicode normal form at most 11, and at most 256 tokens stand around a text
// (growth.go): files that ask for more are refused. Patterns without lookaround run
// on an engine that takes linear time (regex.go); a pattern that takes too long on
// the engine for the others gives an error, [Encoding].Err.
//
// # From ids to text
//
// [Tokenizer.Decode] and [Stream] run the decoder's steps; a stream returns
// text as soon as it can no longer change and never half a character.
//
// # Bytes that aren't UTF-8
//
// Text should be UTF-8. A byte that isn't part of a UTF-8 character counts as one
// character that is neither letter, number nor space; byte-level vocabularies
// encode it as it is.
package tokenizer
