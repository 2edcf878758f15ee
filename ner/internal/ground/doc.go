// Package ground finds an item of a model's answer in the article that the model
// was asked about. It returns the places in code points of the article as it is.
//
// A model changes case, writes one hyphen for another, and joins a word that a
// line end had cut. So the article and the item are both folded before they are
// compared: case, canonical and compatibility forms, hyphens, quotes and white
// space. A map leads from each byte of the folded article back to the article. An
// item that isn't found is sought once more with hyphens and white space left
// out, so that "type 2 diabetes" is found where the article has "type-2
// diabetes".
//
// An occurrence counts only if it begins and ends at a boundary ([Boundary]) of
// the article. Other than with \b of regular expressions, an item may begin or
// end with a sign: "poly(ADP-ribose)".
package ground
