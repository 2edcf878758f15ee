package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// numericKinds are the types of flags that take a number.
var numericKinds = []string{"int", "int32", "int64", "uint", "uint64", "float32", "float64", "duration", "count"}

// eachNumber calls do for each numeric flag of each command.
func eachNumber(do func(cmd *cobra.Command, flag *pflag.Flag)) {
	for _, cmd := range commands(newRoot()) {
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			if slices.Contains(numericKinds, flag.Value.Type()) {
				do(cmd, flag)
			}
		})
	}
}

// complain runs a command line that must be wrong, and returns the message.
func complain(t *testing.T, cmd *cobra.Command, arg string) string {
	var out, errs bytes.Buffer
	args := append(strings.Fields(cmd.CommandPath())[1:], arg)
	require.Equal(t, exitUsage, run(t.Context(), args, strings.NewReader(""), &out, &errs), "%v", args)
	require.Empty(t, out.String(), "%v", args)
	require.NotContains(t, errs.String(), "strconv", "%v", args)
	require.NotContains(t, errs.String(), "parsing", "%v", args)
	require.NotContains(t, errs.String(), "\x1b", "%v", args)
	return errs.String()
}

// No flag takes a number that is none, overflows, isn't finite, or lies outside of
// the flag's bounds; the message says what it takes.
func TestNumericFlagsHaveBounds(t *testing.T) {
	n := 0
	eachNumber(func(cmd *cobra.Command, flag *pflag.Flag) {
		require.IsType(t, &numberFlag{}, flag.Value, "%s --%s has no bounds", cmd.CommandPath(), flag.Name)
		bad := []string{"abc", "", " ", "NaN", "Inf", "-Inf", "1e999", "99999999999999999999", "-9223372036854775808", "-1", "\x1b[31m7", "7 apples", "½"}
		switch flag.Value.Type() {
		case "int":
			bad = append(bad, "1.5", "1e3", "9223372036854775807", "4294967296", "0x10")
		case "uint64":
			bad = append(bad, "1.5", "18446744073709551616")
		case "float32":
			bad = append(bad, "1e39")
		case "duration":
			bad = append(bad, "7", "-5ms", "999999h")
			if flag.Name != "drain-delay" {
				bad = append(bad, "0s")
			}
		}
		for _, value := range bad {
			if value == "99999999999999999999" && strings.HasPrefix(flag.Value.Type(), "float") && flag.Value.Set(value) == nil {
				continue // a finite number, which the flag has no bound against
			}
			message := complain(t, cmd, "--"+flag.Name+"="+value)
			require.Contains(t, message, "--"+flag.Name+" ", cmd.CommandPath())
			require.Contains(t, message, "expected ", cmd.CommandPath())
			n++
		}
	})
	require.Greater(t, n, 500)
}

// The bounds themselves are taken.
func TestNumericFlagsTakeTheirBounds(t *testing.T) {
	taken := map[string][]string{
		"threads": {"0", "1", "1000000"}, "batch": {"0", "4096"}, "draft": {"0", "1024"}, "context": {"1", "131072"},
		"repetition-penalty": {"1e-3", "1", "3e38"}, "min-confidence": {"0", "1", ".5"}, "temperature": {"0", "1e300"}, "top-p": {"1"},
		"seed": {"0", "18446744073709551615"}, "resamples": {"0", "2000", "100000"}, "min-score": {"0.7", "2"}, "time": {"1ns", "1h"},
	}
	refused := map[string][]string{"top-p": {"0", "1.01"}, "repetition-penalty": {"0", "1e-60"}, "resamples": {"100001", "10000000"}, "limit": {"100001000000"}}
	eachNumber(func(cmd *cobra.Command, flag *pflag.Flag) {
		for _, value := range taken[flag.Name] {
			require.NoError(t, flag.Value.Set(value), "%s --%s %s", cmd.CommandPath(), flag.Name, value)
		}
		for _, value := range refused[flag.Name] {
			require.Error(t, flag.Value.Set(value), "%s --%s %s", cmd.CommandPath(), flag.Name, value)
		}
	})
}

func TestOtherBadValuesAreInPlainWords(t *testing.T) {
	for _, arg := range []string{"ner --grounded=maybe", "eval --json=2", "terminology lookup --abbreviation=x"} {
		var out, errs bytes.Buffer
		require.Equal(t, exitUsage, run(t.Context(), strings.Fields(arg), strings.NewReader(""), &out, &errs), arg)
		require.NotContains(t, errs.String(), "strconv", arg)
		require.NotContains(t, errs.String(), "parsing", arg)
	}
}
