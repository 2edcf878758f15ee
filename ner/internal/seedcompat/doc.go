// Package seedcompat reproduces, rule for rule, what the author of the model
// card did with an answer: how it is parsed, filtered and scored. It is a
// regression oracle, not a recommendation; profile default of package ner says
// what is wrong with the rules and does better.
//
// The rules were written for Python, and Go differs from it in ways that change
// results: Python's \w, \s and \b know Unicode and RE2's do not, str.splitlines
// ends lines at ten characters, str.lower turns İ into two code points and Σ at
// a word's end into ς, and string lengths count code points. python.go holds
// these.
package seedcompat
