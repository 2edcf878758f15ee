package kernels

import (
	"errors"
	"strings"
	"testing"

	"github.com/medner/medner/badinput"
)

func TestForcedVariantIsChecked(t *testing.T) {
	absent := &variant{name: "absent", missing: "wings"}
	all := []*variant{scalarVariant, absent}
	for _, forced := range []string{"", "scalar"} {
		if err := checkForced(all, forced); err != nil {
			t.Errorf("%q: %v", forced, err)
		}
	}
	for forced, want := range map[string]string{
		"bogus":  `MEDNER_CPU: found "bogus", expected one of scalar`,
		"SCALAR": `MEDNER_CPU: found "SCALAR", expected one of scalar`,
		"absent": `MEDNER_CPU: found "absent", but this processor lacks wings, expected one of scalar`,
	} {
		err := checkForced(all, forced)
		var bad *badinput.Error
		if !errors.As(err, &bad) || err.Error() != want {
			t.Errorf("%q: %v, want %s", forced, err, want)
		}
	}
}

func TestSlowCodeIsSaid(t *testing.T) {
	absent := &variant{name: "absent", missing: "wings"}
	for _, c := range []struct {
		all  []*variant
		name string
		want string // in the warning; "": none
	}{
		{[]*variant{scalarVariant}, "scalar", "this build has no other"},
		{[]*variant{scalarVariant, absent}, "scalar", "this processor lacks wings"},
		{[]*variant{scalarVariant, scalarVariant}, "scalar", "MEDNER_CPU=scalar"},
		{[]*variant{scalarVariant, absent}, "absent", ""},
	} {
		got := slowCode(c.all, c.name, "MEDNER_CPU=scalar")
		if !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
