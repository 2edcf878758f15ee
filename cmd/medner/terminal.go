package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// colorful says whether w is a terminal that wants colours.
func colorful(w io.Writer) bool {
	_, no := os.LookupEnv("NO_COLOR")
	return !no && isTerminal(w)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
