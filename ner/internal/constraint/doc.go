// Package constraint limits what a model may write to the syntax of a list and
// verbatim spans of the article: grounded decoding.
//
// The language, over bytes, case of ASCII letters aside:
//
//	answer  = [" "] *(line "\n") [line]
//	line    = "- " span                  a list of items
//	        | "- " span " | " span       a list of pairs
//
// where a span starts and ends at boundaries of the article (package ground),
// has a letter or digit, holds white space as one space, may have a hyphen for
// a space and a space for a hyphen, doesn't end with a particle such as "of",
// stays within a sentence and has at most 256 bytes. A stop id may follow a
// finished line, a "\n", or nothing at all.
//
// The places where a span may begin lie in an array, sorted by what follows
// them (a sparse suffix array); what was written of a span is an interval of
// it, so that a state is a few integers and copying one costs nothing. Tokens
// are byte strings and may cross the grammar's parts, as "- " and ")\n" do: a
// mask of the allowed ones comes from walking a trie of the vocabulary and the
// automaton together, which visits only what both have. Where the article is
// not plain ASCII it is indexed twice, as it is and folded, so that a model may
// write "–" or "-" where the article has the former.
package constraint
