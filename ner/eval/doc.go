// Package eval measures annotations against gold ones.
//
// # Levels
//
//   - document: per document and task the set of case-folded strings, as the
//     model card's author scores. Pairs read "chemical | disease"; gold pairs
//     given as concepts stand for the first mention of each. Gold in the seed's
//     own format is read and compared by its rules ([Seed]).
//   - mention: a mention is (document, start, end, type). Strict wants both the
//     borders and the type, exact the borders, type the type and an overlap;
//     partial counts a mere overlap half. Mentions pair one to one.
//   - concept: (document, type, identifier), the BioCreative V evaluation's key.
//   - relation: (document, chemical identifier, disease identifier), likewise.
//
// Where predictions bring no identifiers at all, their strings get those of the
// gold mention with the same text in the same document; a string that no gold
// mention has counts as a false positive. [Report.Resolution] says how often
// that happened.
//
// With TP true positives among P predicted and G gold items, precision is TP/P,
// recall TP/G and F1 2·TP/(P+G), each 0 where undefined. Micro pools the counts
// of the tasks; macro is the mean of the tasks' precision, recall and F1.
// Intervals are percentiles of a bootstrap over documents with a fixed seed.
package eval
