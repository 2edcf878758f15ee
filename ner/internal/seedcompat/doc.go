// Package seedcompat parses, filters and scores answers as the author of the
// model card did, rule for rule, so that scores can be compared with the card's.
// It recommends none of the rules: profile Default of package ner does better.
//
// The rules were written in Python, which differs from Go in ways that change
// results. python.go has what Go lacks: \w, \s and \b that know Unicode,
// str.splitlines, which ends lines at ten characters, str.lower, which turns İ
// into two code points and Σ at the end of a word into ς, and lengths in code
// points.
package seedcompat
