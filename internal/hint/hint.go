// Package hint adds advice to errors: what the user can do about one, on a line
// of its own below the error's message.
package hint

import "errors"

// withHint is an error that carries advice.
type withHint struct {
	error
	hint string
}

func (e withHint) Unwrap() error { return e.error }
func (e withHint) Hint() string  { return e.hint }

// Add returns an error with err's message that gives advice.
func Add(err error, advice string) error { return withHint{err, advice} }

// Of returns the advice that err, or an error behind it, gives by a method
// Hint; "" if none does.
func Of(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}
