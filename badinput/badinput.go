// Package badinput defines the error that medner's packages return where a file,
// a document or a request is at fault. Its user must mend it, as trying again
// won't help, and the message says where to look. Programs that treat such errors
// apart from others find them with errors.As:
//
//	var bad *badinput.Error
//	if errors.As(err, &bad) {
//		// bad.File and bad.Field say what to mend.
//	}
//
// Errors of the file system, such as fs.ErrNotExist, stay what they are.
package badinput

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/medner/medner/internal/clip"
)

// Error says what is bad and what was expected in its place. Each part may be
// empty.
type Error struct {
	File  string // a path, or the name of a document
	Field string // a field of the file, a line, or an option
	Found string // what the field holds
	Want  string // what it should hold
	Err   error  // what another package said of it
}

// New returns an error without a cause.
func New(file, field, found, want string) *Error {
	return &Error{File: file, Field: field, Found: found, Want: want}
}

// Wrap returns an error whose cause is err.
func Wrap(file, field string, err error) *Error {
	return &Error{File: file, Field: field, Err: err}
}

// longest is the most bytes of a part that a message has, as many as the longest path:
// a part may quote a file, and be as long.
const longest = 4096

// Error returns the parts that aren't empty, as in
// "config.json: vocab_size: found 0, expected a positive number".
func (e *Error) Error() string {
	s := ""
	add := func(before, part string) {
		if part == "" {
			return
		}
		if s != "" {
			s += ": "
		}
		s += before + clip.At(part, longest)
	}
	file := e.File
	if strings.ContainsFunc(file, unicode.IsControl) {
		file = strconv.Quote(file) // so that a message stays one line, and no terminal obeys it
	}
	add("", file)
	add("", e.Field)
	add("found ", e.Found)
	if e.Found != "" && e.Want != "" {
		s += ", expected " + clip.At(e.Want, longest)
	} else {
		add("expected ", e.Want)
	}
	if e.Err != nil {
		add("", e.Err.Error())
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
