package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// colorful reports whether w is a terminal, and its user has not set NO_COLOR.
func colorful(w io.Writer) bool {
	_, no := os.LookupEnv("NO_COLOR")
	return !no && isTerminal(w)
}

func isTerminal(w any) bool {
	if checked, ok := w.(*checkedOutput); ok {
		w = checked.w
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminalInput is standard input that is a terminal. When it is first read, its
// user is told that the program waits.
type terminalInput struct {
	io.Reader
	stderr io.Writer
	once   sync.Once
}

// announced returns stdin, as a *terminalInput if it is a terminal.
func announced(stdin io.Reader, stderr io.Writer) io.Reader {
	if !isTerminal(stdin) {
		return stdin
	}
	return &terminalInput{Reader: stdin, stderr: stderr}
}

// Read implements io.Reader.
func (t *terminalInput) Read(p []byte) (int, error) {
	t.once.Do(func() {
		end := "Ctrl-D"
		if runtime.GOOS == "windows" {
			end = "Ctrl-Z and Enter"
		}
		fmt.Fprintf(t.stderr, "medner: reading from the terminal; %s on a line of its own ends the input\n", end)
	})
	return t.Reader.Read(p)
}

// filesOrInput returns the files that a command is to read: standard input where
// none is named. If that is a terminal, the command shows its help instead.
func filesOrInput(cmd *cobra.Command, args []string) ([]string, error) {
	if len(args) > 0 {
		return args, nil
	}
	if in, ok := cmd.InOrStdin().(interruptible); ok {
		if _, ok := in.r.(*terminalInput); ok {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s\n\n%s\n", cmd.Long, cmd.UsageString())
			return nil, usagef("%s: expected FILES to read, or - to type a text here", cmd.Name())
		}
	}
	return []string{"-"}, nil
}
