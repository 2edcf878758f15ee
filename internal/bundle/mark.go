package bundle

import (
	"bytes"

	"github.com/medner/medner/badinput"
)

// mark stands once in every executable of medner. Write makes its last digit a
// 1, so that a bundle that has lost its end still knows that it was one, and
// doesn't run another model instead.
var mark = "medner-bundle-mark-6f0c2b9e5d:0"

// marked reports whether this executable was written as a bundle.
func marked() bool { return mark[len(mark)-1] == '1' }

// setMark sets the mark in an executable's bytes; path is for the error.
func setMark(path string, program []byte) error {
	name := []byte(mark[:len(mark)-1])
	at := bytes.Index(program, name)
	if at < 0 || at+len(mark) > len(program) || bytes.Contains(program[at+1:], name) {
		return badinput.New(path, "", "another program", "an executable of medner that can carry a model")
	}
	program[at+len(name)] = '1'
	return nil
}
