// Package terminology finds the entries of a terminology that a mention may mean.
// The user brings the terminology: MeSH, ChEBI, the UMLS Metathesaurus or a table.
// The package is for programs that need identifiers for texts; it knows no model
// and no documents.
//
// [Import] reads the terminology's files once and writes one index file, which
// [Open] maps into memory. The same files give the same index, byte by byte.
// [Index.Lookup] then takes the first of these steps that finds anything:
//
//	exact         a name equals the mention, letter for letter
//	normalized    a name has the key of the mention, see [Key]
//	abbreviation  one of the steps above, with the mention's short forms written
//	              out; so is called, too, what the last step finds for these,
//	              unless it is wider
//	composite     each part of a coordination is found by itself: "renal or
//	              hepatic toxicity" is renal toxicity and hepatic toxicity
//	fuzzy         the most similar names; those that lack words of the mention,
//	              and so may mean more than it, are told apart as wider: "bundle
//	              branch block" for "left bundle branch block"
//
// # Similarity
//
// The similarity of two keys is Dice's coefficient 2|A∩B| / (|A|+|B|) of their sets
// A and B of 3-grams: runs of three characters, with a mark before the key and one
// after it. The key "acid" has ^ac, aci, cid and id$.
//
// Similar keys are found without comparing all. Two keys reach a similarity s only
// if they share s(|A|+|B|)/2 grams, and so at least m = ⌈s|A|/(2-s)⌉. Then one of
// the |A|-m+1 rarest grams of A is shared, since fewer than m others are left. The
// same holds for B. So an index lists each key under its rarest grams only, and a
// lookup reads only the lists of the mention's rarest grams.
package terminology
