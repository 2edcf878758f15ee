package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Bounds of flags that several commands share. Each is far above what a model or
// an article can use, and low enough that no sum of two of them overflows.
const (
	mostTokens    = 1 << 24 // tokens of a prompt, an answer or a context
	mostSequences = 1 << 12 // sequences of a batch
	mostDraft     = 1 << 10 // draft tokens of a step
	mostThreads   = 1<<32 - 1
)

// numberFlag is the value of a flag that takes a number within bounds: a number
// outside is refused while the command line is read, before anything is opened.
// Every numeric flag is a numberFlag, which a test checks.
type numberFlag struct {
	kind     string // the name of the type, as pflag's own flags give it
	expected string // what the flag takes, for messages
	get      func() string
	set      func(text string) bool // false: not a number within the bounds
}

// String implements pflag.Value.
func (f *numberFlag) String() string { return f.get() }

// Type implements pflag.Value.
func (f *numberFlag) Type() string { return f.kind }

// Set implements pflag.Value.
func (f *numberFlag) Set(text string) error {
	if !f.set(text) {
		return errors.New("expected " + f.expected)
	}
	return nil
}

// intFlag adds a flag for a whole number from least to most. name may be
// "long,s", where s is the flag's one-letter name.
func intFlag(fs *pflag.FlagSet, p *int, name string, value, least, most int, usage string) {
	*p = value
	addNumber(fs, name, usage, &numberFlag{
		kind: "int", expected: fmt.Sprintf("a whole number from %d to %d", least, most),
		get: func() string { return strconv.Itoa(*p) },
		set: func(text string) bool {
			n, err := strconv.Atoi(text)
			if err != nil || n < least || n > most {
				return false
			}
			*p = n
			return true
		},
	})
}

// seedFlag adds a flag for a seed, which any 64 bits are.
func seedFlag(fs *pflag.FlagSet, p *uint64, name, usage string) {
	addNumber(fs, name, usage, &numberFlag{
		kind: "uint64", expected: "a whole number from 0 to 18446744073709551615",
		get: func() string { return strconv.FormatUint(*p, 10) },
		set: func(text string) bool {
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return false
			}
			*p = n
			return true
		},
	})
}

// floatRange is a range of numbers; expected says in words what allowed tests.
// NaN and infinite numbers are never allowed.
type floatRange struct {
	expected string
	allowed  func(v float64) bool
}

var (
	share       = floatRange{"a number from 0 to 1", func(v float64) bool { return v >= 0 && v <= 1 }}
	positive    = floatRange{"a number above 0", func(v float64) bool { return v > 0 }}
	probability = floatRange{"a number above 0 and at most 1", func(v float64) bool { return v > 0 && v <= 1 }}
	notNegative = floatRange{"0 or a number above it", func(v float64) bool { return v >= 0 }}
)

// floatFlag adds a flag for a number within a range.
func floatFlag[T float32 | float64](fs *pflag.FlagSet, p *T, name string, value T, within floatRange, usage string) {
	*p = value
	kind, bits := "float64", 64
	if _, single := any(*p).(float32); single {
		kind, bits = "float32", 32
	}
	addNumber(fs, name, usage, &numberFlag{
		kind: kind, expected: within.expected,
		get: func() string { return strconv.FormatFloat(float64(*p), 'g', -1, bits) },
		set: func(text string) bool {
			v, err := strconv.ParseFloat(text, bits)
			if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || !within.allowed(float64(T(v))) {
				return false
			}
			*p = T(v)
			return true
		},
	})
}

// durationFlag adds a flag for a duration above 0 and at most most.
func durationFlag(fs *pflag.FlagSet, p *time.Duration, name string, value, most time.Duration, usage string) {
	addDuration(fs, p, name, "duration", value, 1, most, "above 0 and at most", usage)
}

// pauseFlag adds a flag for a duration from 0 to most.
func pauseFlag(fs *pflag.FlagSet, p *time.Duration, name string, value, most time.Duration, usage string) {
	addDuration(fs, p, name, "pause", value, 0, most, "from 0 to", usage)
}

func addDuration(fs *pflag.FlagSet, p *time.Duration, name, kind string, value, least, most time.Duration, bounds, usage string) {
	*p = value
	addNumber(fs, name, usage, &numberFlag{
		kind: kind, expected: fmt.Sprintf("a duration such as 200ms, %s %v", bounds, most),
		get: func() string { return p.String() },
		set: func(text string) bool {
			d, err := time.ParseDuration(text)
			if err != nil || d < least || d > most {
				return false
			}
			*p = d
			return true
		},
	})
}

// delayFlag adds a flag for a duration from 0 to most.
func delayFlag(fs *pflag.FlagSet, p *time.Duration, name string, value, most time.Duration, usage string) {
	*p = value
	addNumber(fs, name, usage, &numberFlag{
		kind: "duration", expected: fmt.Sprintf("a duration such as 200ms, from 0s to %v", most),
		get: func() string { return p.String() },
		set: func(text string) bool {
			d, err := time.ParseDuration(text)
			if err != nil || d < 0 || d > most {
				return false
			}
			*p = d
			return true
		},
	})
}

// addNumber adds a flag whose name may be "long,s".
func addNumber(fs *pflag.FlagSet, name, usage string, f *numberFlag) {
	long, short, _ := strings.Cut(name, ",")
	fs.VarP(f, long, short, usage)
}

// flagError words an error of the command line's parser. A bad value is quoted
// unless it is a number, as it may hold escape sequences, and followed by what the
// flag takes.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		return unknownFlag(cmd, unknown)
	}
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return usageError{err}
	}
	flag := bad.GetFlag()
	switch value := flag.Value.(type) {
	case *numberFlag:
		text := bad.GetValue()
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			text = strconv.Quote(text) // it may be anything
		}
		return usagef("--%s %s: expected %s", flag.Name, text, value.expected)
	default:
		if flag.Value.Type() == "bool" {
			return usagef("--%s=%q: expected true or false", flag.Name, bad.GetValue())
		}
		return usagef("--%s %q: %v", flag.Name, bad.GetValue(), errors.Unwrap(bad))
	}
}
