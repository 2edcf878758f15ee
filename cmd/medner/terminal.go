package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// colorful reports whether w is a terminal, and its user has not set NO_COLOR.
func colorful(w io.Writer) bool {
	_, no := os.LookupEnv("NO_COLOR")
	return !no && isTerminal(w)
}

func isTerminal(w io.Writer) bool {
	if checked, ok := w.(*checkedOutput); ok {
		w = checked.w
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
