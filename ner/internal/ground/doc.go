// Package ground finds what a model wrote in the article it was given, and
// says where, in code points of the article as it is.
//
// A model changes case, writes another hyphen, joins a word that a line end
// had cut. So both sides are folded before they are compared — case, canonical
// and compatibility forms, hyphens, quotes, white space — and a map leads from
// every position of the folded article back to the original, which is never
// itself normalised. An item that is not found so is sought once more with
// hyphens and white space left out ("type 2 diabetes" for "type-2 diabetes").
//
// A find must begin and end at a boundary ([Boundary]), judged by Unicode
// categories in the original; unlike with \b, an item may begin or end with a
// sign: "poly(ADP-ribose)".
package ground
