// Package ner finds chemicals, diseases and the influences of the former on the
// latter in articles, by asking a language model and checking what it says.
//
//	extractor, err := ner.Open(ctx, "")
//	…
//	for result, err := range extractor.Extract(ctx, docs...) {
//
// An [Extractor] asks a model, for each document and task, for a list
// (package prompt), reads the answer (answer), finds its items in the article
// (ground), and reports each occurrence with offsets and a confidence
// (confidence). What it leaves out, it reports with the reason. Many questions
// are in flight at once, for the engine to answer in one batch; results come
// in the documents' order whatever the order of the answers.
//
// # Profiles
//
// [Default] grounds items in the article alone and keeps what it doubts,
// flagged. [SeedCompat] does what the author of the model card did, filter for
// filter (package seedcompat), and is there to be compared with.
//
// # Long articles
//
// An article with more tokens than a chunk holds is cut at ends of sentences,
// with an overlap, and the answers are merged; a warning says so.
//
// This is research software: what it finds is no basis for a diagnosis or a
// treatment.
package ner
