// Command medner extracts chemicals, diseases and their influences from
// biomedical text with a Llama model, and gives access to every part of the
// engine that does it. See the README, or `medner help`.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/medner/medner/internal/atomicfile"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	ctx = context.WithValue(ctx, slowEnding{}, new(atomic.Bool))
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr) }()
	os.Exit(wait(ctx, ended, os.Stderr))
}

// grace is how long a command may take to end after a signal.
const grace = 2 * time.Second

// slowEnding is the key of a context's *atomic.Bool, which says that the command ends in
// order after a signal, however long that takes. A second signal ends it at once, as it
// does any other.
type slowEnding struct{}

// allowSlowEnding says so of the command that ctx is of.
func allowSlowEnding(ctx context.Context) {
	if allowed, ok := ctx.Value(slowEnding{}).(*atomic.Bool); ok {
		allowed.Store(true)
	}
}

// wait waits until a command has ended and returns its exit code. A command that
// goes on after a signal, in a computation or in a call of the system that can't be
// interrupted, is given up after the grace: its temporary files are removed.
func wait(ctx context.Context, ended <-chan int, stderr io.Writer) int {
	select {
	case code := <-ended:
		return code
	case <-ctx.Done():
	}
	if allowed, ok := ctx.Value(slowEnding{}).(*atomic.Bool); ok && allowed.Load() {
		return <-ended
	}
	select {
	case code := <-ended:
		return code
	case <-time.After(grace):
		atomicfile.Abandon()
		return report(stderr, context.Canceled)
	}
}

// run runs a command line and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if err := checkEnvironment(os.Environ(), args, stderr); err != nil {
		return report(stderr, err)
	}
	root := newRoot()
	root.SetArgs(withCommand(root, args))
	root.SetIn(interruptible{ctx, announced(stdin, stderr)})
	out := &checkedOutput{w: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	err = nameInput(cmd, err)
	if err == nil && out.err != nil {
		err = &atomicfile.WriteError{Err: out.err}
	}
	return report(stderr, err)
}

// checkedOutput remembers the first error of writing, so that no command is done
// whose output is lost.
type checkedOutput struct {
	w   io.Writer
	err error
}

func (c *checkedOutput) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

// interruptible is a reader whose Read returns when ctx ends, even while the
// reader below waits for input.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader. When ctx ends, the read below may still go on and
// write to p: callers must not use p or read again.
func (i interruptible) Read(p []byte) (int, error) {
	type outcome struct {
		n   int
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		n, err := i.r.Read(p)
		done <- outcome{n, err}
	}()
	select {
	case <-i.ctx.Done():
		return 0, i.ctx.Err()
	case o := <-done:
		return o.n, o.err
	}
}
