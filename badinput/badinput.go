// Package badinput is the error of everything that reads what users bring:
// trying again won't help, and the message says where to look.
package badinput

import "fmt"

// Error names a file (or document), the field in it, what was found there and
// what was expected. Any part may be empty.
type Error struct {
	File  string
	Field string
	Found string
	Want  string
	Err   error // the cause, if another error is behind it
}

// New returns an *Error.
func New(file, field, found, want string) *Error {
	return &Error{File: file, Field: field, Found: found, Want: want}
}

// Wrap returns an *Error that unwraps to err.
func Wrap(file, field string, err error) *Error {
	return &Error{File: file, Field: field, Err: err}
}

func (e *Error) Error() string {
	s := ""
	add := func(format, part string) {
		if part == "" {
			return
		}
		if s != "" {
			s += ": "
		}
		s += fmt.Sprintf(format, part)
	}
	add("%s", e.File)
	add("%s", e.Field)
	switch {
	case e.Found != "" && e.Want != "":
		add("found %s", e.Found+", expected "+e.Want)
	case e.Found != "":
		add("found %s", e.Found)
	default:
		add("expected %s", e.Want)
	}
	if e.Err != nil {
		add("%s", e.Err.Error())
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
