// Package model opens a Llama-family checkpoint and generates from it:
// greedily, as transformers' generate does, for many requests at once.
//
// [Open] joins the rooms below it: the files (model/checkpoint), what adapters
// add (lora), and a device that computes (model/backend). A [Model] then runs
// one loop that owns the device. Every step of the loop feeds, in one pass over
// the weights, a piece of some waiting prompts and the latest tokens of every
// sequence that is being written; requests join and leave between steps.
//
// Three things make a step worth more, and none of them changes a bit of what
// is written, for the arithmetic of a position depends on its absolute
// position and its prefix alone:
//
//   - The prefix cache keeps the keys and values of prompts that were read, so
//     that a shared system prompt or a repeated article is read once.
//   - Drafts: what follows the latest n-gram where it occurred before, in the
//     prompt or the output, is guessed to follow again, and the guesses are
//     verified in one step, each under its own penalty and mask. Extraction
//     copies its input, so that many guesses hold.
//   - Batching: the weights are read once for all rows of a step.
package model
