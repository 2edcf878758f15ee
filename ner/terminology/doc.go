// Package terminology links mentions to the entries of a terminology that the
// user brings: MeSH, ChEBI, the UMLS Metathesaurus or a table.
//
// [Import] reads the terminology's files once and writes one index file, which
// [Open] maps into memory. [Index.Lookup] then goes down a cascade, the first
// step that finds anything deciding:
//
//	exact         the mention is a name, letter for letter
//	normalized    both have one key: case, accents, hyphens and other
//	              punctuation, Greek letters, possessives and plurals aside
//	abbreviation  the same of the mention with its short forms written out
//	composite     every part of a coordination is found by itself: "renal or
//	              hepatic toxicity" is renal toxicity and hepatic toxicity
//	fuzzy         the most similar keys
//
// Similarity is Dice's coefficient of the keys' sets of 3-grams, 2|A∩B| /
// (|A|+|B|), where a key of n characters with one mark at each end has n grams
// less repetitions. Two keys can reach a similarity s only if they share
// s(|A|+|B|)/2 grams, so at least s|A|/(2-s); the rarest gram that both have is
// then among the |A|-⌈s|A|/(2-s)⌉+1 rarest of A, and likewise of B. Keys are
// listed under those of their grams alone, and only the lists of those are read.
package terminology
