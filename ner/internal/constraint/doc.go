// Package constraint keeps a model to lists of verbatim spans of an article
// (grounded decoding): at each step it gives a mask of the tokens that the model
// may write.
//
// An answer consists of these bytes, where the case of ASCII letters is free:
//
//	answer  = [" "] *(line "\n") [line]
//	line    = "- " span                  in a list of items
//	        | "- " span " | " span       in a list of pairs
//
// A span is a piece of the article that begins and ends at a boundary (package
// ground), has a letter or digit, doesn't end with a particle such as "of", stays
// within a sentence and has at most 256 bytes. Each run of white space in it is
// one space. A hyphen may stand for a space and a space for a hyphen. A stop id
// may follow a finished line, a "\n", or nothing at all.
//
// # The automaton
//
// The places where a span may begin lie in one array, sorted by the text that
// follows each (a sparse suffix array). The places that go on with the bytes
// written so far are an interval of this array, so that a state is a few
// integers. For the article "pain, panic":
//
//	array        [pain] [panic]
//	"pa" written  0 ……… 2        both go on
//	"pai" written 0 … 1          only "pain" does
//
// Tokens are byte strings that may cross the parts of the grammar, such as
// ")\n". A mask is found by walking a trie of the vocabulary and the automaton
// together, which visits only the bytes that both allow.
//
// An article that is not plain ASCII is indexed twice, as it is and folded, so
// that a model may write "–" or "-" where the article has "–".
package constraint
