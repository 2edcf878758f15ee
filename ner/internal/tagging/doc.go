// Package tagging reads mentions off the label scores of a token classifier.
//
// A classifier gives each token of an article a score for each of its labels: O
// for outside, B-TYPE where a mention begins, I-TYPE where it goes on, and, with
// some, E-TYPE where it ends and S-TYPE for a mention of one token. A [Scheme]
// knows which label may follow which. Its lattice has the paths that may be, of
// which the one with the greatest sum of scores is the answer (Viterbi, 1967);
// the share that a mention's paths have among all, each weighing as the
// exponential of its sum, is the mention's probability (forward-backward; Rabiner,
// 1989).
//
//	             Famotidine  -associated  delirium  .
//	O                 0.2          5.1        1.7   5.9
//	B-Chemical        4.2         -4.5        0.2  -5.2
//	I-Chemical        1.8         -4.1       -4.7  -3.3
//	B-Disease        -2.1          0.3        6.0  -1.8
//	I-Disease        -5.3          0.4        0.5  -0.9
//	                   B            O          B     O
//
// [Join] makes one row of tokens of an article that was read in overlapping
// windows, so that the lattice is the whole article's and no mention is cut or
// doubled where two windows meet. [Places] turns tokens into bytes of the text.
package tagging
