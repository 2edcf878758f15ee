package kernels

import (
	"fmt"
	"os"
	"strings"

	"github.com/medner/medner/badinput"
)

// CheckEnvironment returns a *badinput.Error if the environment variable MEDNER_CPU
// names no variant, or one that this processor doesn't have.
func CheckEnvironment() error { return checkForced(variants(), os.Getenv(envCPU)) }

// checkForced checks the name of a variant that a user asks for; "" asks for none.
func checkForced(all []*variant, forced string) error {
	if forced == "" {
		return nil
	}
	whole, _, bad := parseForced(all, forced)
	if whole == "" && bad == "" {
		return nil // nothing for all kernels, and what is picked is all right
	}
	found := fmt.Sprintf("%q", forced)
	var usable []string
	for _, v := range all {
		switch why := v.unfit(); {
		case why == "" && v.name == whole && bad == "":
			return nil
		case why == "":
			usable = append(usable, v.name)
		case v.name == whole:
			found = fmt.Sprintf("%q, but %s", forced, why)
		}
	}
	expected := "one of " + strings.Join(usable, ", ")
	if bad != "" {
		found = bad
		expected += fmt.Sprintf(", and after commas %s, each with = and one of these, or %s, each with = and tokens from 1 to %d",
			strings.Join(familyNames(), ", "), strings.Join(fewNames(), ", "), fewMost)
	}
	return badinput.New("", envCPU, found, expected)
}

// SlowCode returns a warning, with its reason, if the kernels that run are plain Go,
// which is much slower than the vector instructions that this module has code for;
// otherwise "".
func SlowCode() string {
	name, reason := Selected()
	return slowCode(variants(), name, reason)
}

func slowCode(all []*variant, name, reason string) string {
	if name != scalarVariant.name {
		return ""
	}
	if len(all) == 1 {
		reason = "this build has no other"
	} else if why := all[1].unfit(); why != "" {
		reason = why
	}
	return "the kernels are plain Go (" + reason + "): expect about fifty times the time that vector instructions (AVX2, AVX-512, NEON) take"
}
