// Package confidence turns the log-probabilities of the tokens of an item, a
// mention or a pair that a model wrote, into a number between 0 and 1. It is for
// programs that fit a calibration to a model of their own, and for package ner.
//
// An item's [Features] are raw log-probabilities, before penalty and mask: the mean
// and the minimum over the item's tokens, that of its first token (did the model
// want this item at all?), and that of the line end, or end of the answer, after it
// (did the model take the item for complete?). A pair has the features of its weaker
// side.
//
// Without a calibration, [Features.Score] ranks items and promises nothing else.
// A [Curve] gives probabilities. It is fitted to items that are known to be
// right or wrong: a logistic regression joins the features to one number, and an
// isotonic regression (pool adjacent violators; Ayer et al., 1955; Zadrozny and
// Elkan, KDD 2002) maps ranges of this number to the share of right items in
// them, drawn a little towards the share among all items.
//
// A [Calibration] is the file of a curve for each task. Its [Key] says what it
// was fitted for: another model, adapter, prompt or precision needs another.
package confidence
