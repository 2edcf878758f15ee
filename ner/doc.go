// Package ner finds chemicals, diseases and the influences of the former on the
// latter in articles, by asking a language model and checking what it says. It
// is for programs that annotate documents: a batch job, a service, a pipeline
// that has other uses for the model too.
//
//	extractor, err := ner.Open(ctx, "")
//	…
//	for result, err := range extractor.Extract(ctx, docs...) {
//
// [Open] opens a model for one extractor. [New] makes an extractor on a model
// that is open already, which other extractors and the caller's own requests may
// share; its weights are held once. [Extractor.With] derives an extractor with
// other options for one request, which costs little. [NewWithEngine] takes
// something else than a model.
//
// An [Extractor] finds chemicals and diseases by either [Method]: it asks the
// model, for each document and task, for a list (package prompt), reads the items
// of the answer and finds them in the article; or it has the model's token
// classification head label the article, and reads mentions off the labels. Pairs
// are always asked for. It reports each occurrence with its offsets and a
// confidence (package confidence), and what it leaves out with the reason.
//
// # What it promises
//
//   - Results come in the order of the documents, and are the same whatever else
//     the model is doing: each question's answer is the same, bit for bit, in any
//     batch.
//   - A document that can't be annotated is a *[DocumentError] in its place and
//     stops no other. Options that can't be followed are *badinput.Error.
//   - The questions in flight are bounded ([WithConcurrency]), and so is what is
//     read ahead of the results.
//   - An Extractor may be used by any number of goroutines.
//
// # Profiles
//
// [Default] keeps the model to lists of spans of the article and reports nothing
// else; with [WithGrounded] off it lets the model write freely, and flags what
// the article doesn't have. [SeedCompat] is there to be compared with: it
// reads answers filter for filter as the author of the published Llama-3.2-3B
// adapter did for the adapter's model card. Names with "seed" in this module mean
// that card, its prompts, file format and filters.
//
// # Long articles
//
// An article with more tokens than a piece may have ([WithChunkTokens]) is cut
// at ends of sentences, where its subject changes or else with an overlap, and the
// answers are merged; a warning says so.
//
// This is research software: what it finds is no basis for a diagnosis or a
// treatment.
package ner
