// Package eval scores predicted annotations against gold ones, compares two
// predictions, measures how far confidences are probabilities, and writes all of
// that as a page. It is for those who choose a model or a prompt; it knows no
// model itself. The same documents give the same numbers, intervals included.
//
// # Levels
//
// [Evaluate] compares sets of items at several levels. An item is
//
//   - at the document level: a document, a task, and a text without regard to
//     case and white space, as the author of the model card scores. A pair reads
//     "chemical | disease"; concepts in a gold pair stand for the text of their
//     first mention. Gold documents in the model card's own format are compared
//     by its rules, see [Seed].
//   - at the mention levels: a document, the start and end of a mention, and its
//     type. Gold and predicted mentions are paired one to one. A pair counts at
//     the strict level if borders and type agree, at the exact level if the
//     borders do, and at the type level if the type does and the mentions
//     overlap. At the partial level, equal borders count as 1 and an overlap as ½,
//     whatever the types. These are the four measures of SemEval-2013 task 9
//     (Segura-Bedmar, Martínez and Herrero-Zazo 2013), after MUC-5 (Chinchor and
//     Sundheim 1993); the Python package nervaluate computes them too. Each level
//     has the pairing that gives it the most true positives, found as a maximum
//     matching; one pairing for all levels, as nervaluate has, may miss some.
//   - at the concept level: a document, a type and a concept identifier, as in the
//     evaluation of BioCreative V.
//   - at the relation level: a document and the concept identifiers of a chemical
//     and a disease, as in that evaluation.
//
// If no prediction has any concept identifier, a predicted text gets the
// identifiers of the first gold mention in the same document that has the text. A
// text that no gold mention has counts as a false positive. [Report.Resolution]
// says how often either happened.
//
// # Types
//
// Chemicals and diseases are scored. A [TypeMap] knows the names that well-known
// corpora give them, such as SpecificDisease and ChemicalEntity. Other types are
// counted in [Report.Types] and named in a warning; gold that has none of the
// scored types is an error.
//
// # Measures
//
// With TP true positives among P predicted and G gold items, precision is TP/P,
// recall TP/G and F1 2·TP/(P+G); each is 0 where it is undefined. Micro averages
// pool the counts of the tasks; macro averages are means over the tasks.
// Confidence intervals are percentiles of a bootstrap over documents, with a fixed
// seed.
package eval
