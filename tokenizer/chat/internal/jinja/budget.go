package jinja

import (
	"errors"
	"fmt"
	"strings"
)

// What a template may use for one conversation. All are counted, not timed, so
// that a template that passes on one machine passes on all.
const (
	maxSource = 1 << 18 // bytes of a template's source
	maxSteps  = 48 << 20
	// maxBytes bounds all strings and lists that a template makes, kept or not. Each byte
	// of the messages raises it by bytesPerByte.
	maxBytes     = 128 << 20
	bytesPerByte = 64
	maxOutput    = 8 << 20 // bytes of text beside what the messages hold
	maxNesting   = 200     // brackets and blocks inside each other in a source
	maxDepth     = 1000    // evaluations inside each other, macros' calls included
	maxRange     = 100_000 // numbers in a range, as in Jinja's sandbox
)

// failure carries an error up to where a template is compiled or rendered, by
// panic, as in encoding/json.
type failure struct{ err error }

func fail(format string, arguments ...any) { panic(failure{fmt.Errorf(format, arguments...)}) }

// caught turns a failure into an error; any other panic goes on.
func caught(err *error) {
	switch r := recover().(type) {
	case nil:
	case failure:
		*err = r.err
	default:
		panic(r)
	}
}

// RaisedError holds the message of a template that calls raise_exception.
type RaisedError struct{ Message string }

func (e *RaisedError) Error() string { return "the template raises: " + e.Message }

// atLine says in which line of the source an error arose, once.
func atLine(err error, line int) error {
	var at *lineError
	if errors.As(err, &at) {
		return err
	}
	return &lineError{line, err}
}

type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// budget is what is left of the limits.
type budget struct {
	steps, bytes, output, depth int
}

func newBudget(messageBytes int) budget {
	return budget{maxSteps + messageBytes, maxBytes + bytesPerByte*messageBytes, maxOutput + 4*messageBytes, maxDepth}
}

// step counts n steps: one is about as long as reading a variable.
func (b *budget) step(n int) {
	if b.steps -= n; b.steps < 0 {
		fail("more than %d steps", maxSteps)
	}
}

// alloc counts n bytes that are about to be made.
func (b *budget) alloc(n int) { b.allocEach(int64(n), 1) }

// allocEach counts n things of size bytes each that are about to be made.
func (b *budget) allocEach(n, size int64) {
	if n < 0 || size > 0 && n > int64(b.bytes)/size {
		fail("more than %d MiB of strings and lists", maxBytes>>20)
	}
	b.bytes -= int(n * size)
	b.step(1 + int(n*size/64))
}

// repeated returns s n times, and "" if n isn't positive.
func (b *budget) repeated(s string, n int64) string {
	n = max(n, 0)
	b.allocEach(n, int64(len(s)))
	return strings.Repeat(s, int(n))
}

// allocText counts a text that is about to be made of others.
func (b *budget) allocText(parts ...text) {
	n := 0
	for _, p := range parts {
		n += len(p.s) + 16*len(p.typed)
	}
	b.alloc(n)
}

// scan counts one pass over the bytes of a text that compares, reads or hashes
// them many at once; search one that looks for a part, or looks at each character.
func (b *budget) scan(t text)   { b.step(1 + len(t.s)/64) }
func (b *budget) search(t text) { b.step(1 + len(t.s)/8) }

// itemBytes is about what an item of a list takes.
const itemBytes = 96

// list counts the items of a list.
func (b *budget) list(n int) { b.allocEach(int64(n), itemBytes) }

// enter counts one more level of nesting, until leave.
func (b *budget) enter() {
	if b.depth--; b.depth < 0 {
		fail("more than %d levels of nesting", maxDepth)
	}
}

func (b *budget) leave() { b.depth++ }
