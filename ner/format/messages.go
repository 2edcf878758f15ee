package format

import (
	"errors"
	"fmt"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// What is taken from a file into a message is cut to these lengths in bytes.
const (
	maxQuote   = 60  // a piece of the file
	maxID      = 80  // an identifier of a document
	maxPart    = 300 // a part of an error
	maxMessage = 400 // a warning
)

// clipError cuts the parts of a *badinput.Error behind err that a file may have
// made long: an error of a JSON parser, for example, names the key.
func clipError(err error) error {
	for next := err; ; {
		var bad *badinput.Error
		if !errors.As(next, &bad) {
			return err
		}
		bad.Field, bad.Found, bad.Want = clip.At(bad.Field, maxPart), clip.At(bad.Found, maxPart), clip.At(bad.Want, maxPart)
		var inner *badinput.Error
		if bad.Err != nil && !errors.As(bad.Err, &inner) && len(bad.Err.Error()) > maxPart {
			bad.Err = errors.New(clip.At(bad.Err.Error(), maxPart))
		}
		next = bad.Err
	}
}

// quote returns the first 60 bytes of a piece of input in quotes, for a message.
func quote(s string) string { return fmt.Sprintf("%q", clip.At(s, maxQuote)) }

// place returns the words that name a line, a document unless its identifier doc
// is "", and what more there is to name, such as a field.
func place(line int, doc string, more ...string) string {
	s := fmt.Sprintf("line %d", line)
	if doc != "" {
		s += " (document " + strings.Trim(quote(doc), `"`) + ")"
	}
	for _, m := range more {
		s += ": " + m
	}
	return s
}
