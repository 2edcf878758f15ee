package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/internal/listen"
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/internal/shards"
	"github.com/medner/medner/model"
)

// Exit codes. Those over 63 follow sysexits(3).
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitPartial     = 3
	exitBadInput    = 65
	exitTryAgain    = 75
	exitInterrupted = 130
)

// exitCodes says what each code means, for help and for docs/files.md.
var exitCodes = []struct {
	code    int
	meaning string
}{
	{exitOK, "done"},
	{exitFailure, "failure"},
	{exitUsage, "wrong usage"},
	{exitPartial, "done in part (each failed document is reported)"},
	{exitBadInput, "bad input (trying again won't help)"},
	{exitTryAgain, "try again"},
	{exitInterrupted, "interrupted"},
}

// usageError says that a command line is wrong.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// partialError says that some documents failed. Each has been reported.
type partialError struct{ failed, total int }

func (e partialError) Error() string {
	return fmt.Sprintf("%d of %d documents failed", e.failed, e.total)
}

// silentError sets the exit code. Nothing is printed for it, as the reason has
// been printed.
type silentError struct{ code int }

func (e silentError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// report prints an error, and the advice that it gives, and returns the exit code.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code := exitCode(err)
	var silent silentError
	if errors.As(err, &silent) {
		return code
	}
	if code == exitInterrupted {
		fmt.Fprintln(stderr, "medner: interrupted")
	} else {
		fmt.Fprintf(stderr, "medner: %s\n", printable(err.Error()))
	}
	if advice := hint.Of(err); advice != "" {
		fmt.Fprintf(stderr, "hint: %s\n", printable(advice))
	}
	return code
}

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var (
		usage   usageError
		partial partialError
		silent  silentError
		bad     *badinput.Error
		overlap *atomicfile.OverlapError
		write   *atomicfile.WriteError
		missing *modelstore.MissingError
		pip     *modelstore.PipError
		full    *model.QueueFullError
	)
	switch {
	case errors.As(err, &silent):
		return silent.code
	case errors.Is(err, shards.ErrStopped):
		return exitTryAgain
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &overlap):
		return exitUsage
	case errors.As(err, &partial):
		return exitPartial
	case errors.As(err, &write): // whatever the reason: no input is at fault
		return exitFailure
	case errors.As(err, &bad), errors.As(err, &missing), isPathError(err):
		return exitBadInput
	case errors.Is(err, listen.ErrInUse), errors.As(err, new(notReadyError)):
		return exitTryAgain
	case errors.As(err, &pip) && pip.Command != "", errors.Is(err, filelock.ErrBusy), errors.As(err, &full), errors.Is(err, model.ErrDraining), errors.Is(err, model.ErrLost):
		return exitTryAgain
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM):
		return exitTryAgain
	}
	return exitFailure
}

// isPathError reports whether err says that a path leads to nothing that can be
// read: it is missing, forbidden, no directory, or no path at all.
func isPathError(err error) bool {
	for _, kind := range []error{
		fs.ErrNotExist, fs.ErrPermission, fs.ErrInvalid, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP, syscall.ENAMETOOLONG,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
