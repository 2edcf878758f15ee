package kernels

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
)

// A variant is one implementation of all kernels. Where it has no code of its
// own for a kernel, it borrows the next simpler variant's.
type variant struct {
	name string
	// missing names what the processor lacks for it; "" if nothing.
	missing string
	vector  *vectorOps
	matrix  *matrixOps
}

// envCPU is the environment variable that forces a variant by name.
const envCPU = "MEDNER_CPU"

// scalarVariant is plain Go: the fallback, and the oracle of the others.
var scalarVariant = &variant{name: "scalar", vector: &vectorScalar, matrix: &matrixScalar}

// Variant describes an implementation of the kernels.
type Variant struct {
	Name      string // as MEDNER_CPU and [Force] take it: "scalar", "avx2", …
	Available bool   // on this processor
	Reason    string // why it is not available; "" if it is
}

// Variants lists what this build has, the simplest first.
func Variants() []Variant {
	var all []Variant
	for _, v := range variants() {
		why := v.unfit()
		all = append(all, Variant{Name: v.name, Available: why == "", Reason: why})
	}
	return all
}

// variants lists what this build has, the simplest first.
func variants() []*variant {
	return append([]*variant{scalarVariant}, nativeVariants...)
}

// unfit returns the reason why v must not run here, "" if it may: the processor
// lacks a feature, or a kernel failed its self-test.
func (v *variant) unfit() string {
	if v.missing != "" {
		return "this processor lacks " + v.missing
	}
	if v == scalarVariant {
		return ""
	}
	selfTests.Lock()
	defer selfTests.Unlock()
	why, known := selfTests.found[v.name]
	if !known {
		if err := selfTest(v); err != nil {
			why = err.Error()
		}
		selfTests.found[v.name] = why
	}
	return why
}

// selfTests holds the fault that each variant's self-test found, "" for none.
var selfTests = struct {
	sync.Mutex
	found map[string]string
}{found: map[string]string{}}

// selfTest compares every kernel of v with its twin in Go on small vectors:
// emulators and hypervisors have been seen to get instructions wrong.
func selfTest(v *variant) error {
	err := testVectorOps(v.vector)
	if err == nil {
		err = testMatrixOps(v.matrix)
	}
	if err != nil {
		return fmt.Errorf("self-test: %w", err)
	}
	return nil
}

type choice struct {
	*variant
	reason string
}

var (
	chosen   atomic.Pointer[choice]
	choosing sync.Mutex
)

// current returns the variant in use; the first call chooses it.
func current() *choice {
	if c := chosen.Load(); c != nil {
		return c
	}
	choosing.Lock()
	defer choosing.Unlock()
	if c := chosen.Load(); c != nil {
		return c
	}
	c := choose(variants(), os.Getenv(envCPU))
	chosen.Store(c)
	return c
}

// vec returns the kernels over whole vectors in use.
func vec() *vectorOps { return current().vector }

// Selected returns the name of the variant that runs, and the reason for it.
func Selected() (name, reason string) {
	c := current()
	return c.name, c.reason
}

// choose returns the variant that forced names, or, if there is none or it cannot
// run, the best of all.
func choose(all []*variant, forced string) *choice {
	whole, picked, bad := parseForced(all, forced)
	c := chooseWhole(all, whole)
	if bad != "" {
		c.reason += "; " + envCPU + ": " + bad + " cannot be had"
	}
	if !picked.empty() {
		c = &choice{c.with(picked), c.reason + "; " + envCPU + ": " + picked.String()}
	}
	return c
}

// chooseWhole is choose for all kernels.
func chooseWhole(all []*variant, forced string) *choice {
	var notes []string
	if forced != "" {
		names := make([]string, len(all))
		for i, v := range all {
			names[i] = v.name
			if v.name != forced {
				continue
			}
			why := v.unfit()
			if why == "" {
				return &choice{v, envCPU + "=" + forced}
			}
			notes = append(notes, fmt.Sprintf("%s=%s cannot be had: %s", envCPU, forced, why))
		}
		if notes == nil {
			notes = append(notes, fmt.Sprintf("%s=%s is none of %s", envCPU, forced, strings.Join(names, ", ")))
		}
	}
	for i := len(all) - 1; ; i-- {
		why := all[i].unfit()
		if why == "" {
			reason := "the best that this processor has"
			if len(all) == 1 {
				reason = "the only one in this build"
			}
			return &choice{all[i], strings.Join(append(notes, reason), "; ")}
		}
		if all[i].missing == "" {
			notes = append(notes, all[i].name+" was passed over: "+why)
		}
	}
}
