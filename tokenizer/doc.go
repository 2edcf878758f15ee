// Package tokenizer turns text into token ids and back, as Hugging Face's
// tokenizers library does for the same tokenizer.json: the same ids, the same
// offsets, the same decoded text.
//
// # What it reads
//
// [Load] reads a tokenizer.json with a BPE model as Llama-3, SmolLM2, GPT-2,
// Llama-2 and Mistral write it; [FromGGUF] takes the vocabulary of a GGUF file
// and [Tokenizer.MarshalJSON] writes it out as a tokenizer.json. A component of
// another type is refused by its name.
//
// # From text to ids
//
// A text passes five stations:
//
//  1. Added tokens (such as <|eot_id|>) are cut out of the text; special ones
//     only where the caller asked for it, see [EncodeOptions].
//  2. The normalizer rewrites what lies between them, every byte remembering
//     the characters it came from (normalize.go).
//  3. The pre-tokenizer cuts it into words (pretokenize.go). The well-known
//     split patterns have hand-written scanners (scan_llama3.go, scan_gpt2.go);
//     others run on a backtracking engine.
//  4. Byte pair encoding: a word starts as single characters, or single bytes,
//     and as long as some neighbouring pair is in the list of merges, the pair
//     that comes first in that list is joined, leftmost first (bpe.go,
//     merge.go). Words that were seen lately come from a cache.
//  5. The post-processor adds tokens such as <|begin_of_text|>.
//
// All of it takes time linear in the text, but for the merges inside one word,
// which take n log n for a word of n bytes.
//
// # From ids to text
//
// [Tokenizer.Decode] and [Stream] run the decoder's steps; a stream returns
// text as soon as it can no longer change and never half a character.
//
// # Bytes that aren't UTF-8
//
// Text should be UTF-8. A byte that isn't counts as one character that is
// neither letter, number nor space, and byte-level vocabularies encode it as
// it is.
package tokenizer
