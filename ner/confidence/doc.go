// Package confidence turns the log-probabilities of a written item into a
// number between 0 and 1 that says how likely the item is to be right.
//
// An item's [Features] come from the model's raw log-probabilities, before
// penalty and mask: their mean and minimum over the item's tokens, that of the
// first token (was this item wanted at all?), and of the item's end (did the
// model hold it complete?). A pair has those of its weaker side.
//
// Uncalibrated, they make a score that ranks items and promises nothing else.
// A [Curve] makes a probability of it: a logistic regression joins the
// features, and an isotonic regression (pool adjacent violators; Ayer et al.,
// 1955; Zadrozny and Elkan, KDD 2002) maps its result to the share of right
// items seen there, drawn a little towards the share of all. A [Calibration] holds the curve of each task with what it
// was fitted for; another model, adapter, prompt or precision needs another.
package confidence
