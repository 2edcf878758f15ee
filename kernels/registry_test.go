package kernels

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// eachVariant runs a test once per variant that this processor has.
func eachVariant(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	before := current()
	defer chosen.Store(before)
	for _, v := range variants() {
		if v.missing != "" {
			t.Logf("%s not tested: the processor lacks %s", v.name, v.missing)
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			chosen.Store(&choice{v, "test"})
			test(t)
		})
	}
}

// asVariant runs f with the variant in use.
func asVariant(v *variant, f func()) {
	before := current()
	defer chosen.Store(before)
	chosen.Store(&choice{v, "test"})
	f()
}

func TestChoose(t *testing.T) {
	broken := matrixScalar
	broken.block = func(a *blockArgs) {
		blockGo(a)
		a.y[1]++
	}
	good := &variant{name: "good", vector: &vectorScalar, matrix: &matrixScalar}
	absent := &variant{name: "absent", missing: "wings", vector: &vectorScalar, matrix: &matrixScalar}
	wrong := &variant{name: "wrong", vector: &vectorScalar, matrix: &broken}
	for _, c := range []struct {
		all                []*variant
		forced, want, says string
	}{
		{[]*variant{scalarVariant}, "", "scalar", "only one"},
		{[]*variant{scalarVariant, good}, "", "good", "best"},
		{[]*variant{scalarVariant, good, absent}, "", "good", "best"},
		{[]*variant{scalarVariant, good}, "scalar", "scalar", "MEDNER_CPU=scalar"},
		{[]*variant{scalarVariant, good}, "best", "good", "MEDNER_CPU=best is none of scalar, good; "},
		{[]*variant{scalarVariant, good, absent}, "absent", "good", "MEDNER_CPU=absent cannot be had: this processor lacks wings; "},
		{[]*variant{scalarVariant, good, wrong}, "", "good", "wrong was passed over: self-test: "},
		{[]*variant{scalarVariant, good, wrong}, "wrong", "good", "MEDNER_CPU=wrong cannot be had: self-test: "},
	} {
		got := choose(c.all, c.forced)
		require.Equal(t, c.want, got.name, "forced %q", c.forced)
		require.Contains(t, got.reason, c.says)
	}
}

func TestVariants(t *testing.T) {
	var names []string
	for _, v := range Variants() {
		names = append(names, v.Name)
		if !v.Available {
			require.True(t, strings.HasPrefix(v.Reason, "this processor lacks "), "%s: %s", v.Name, v.Reason)
		}
	}
	require.Equal(t, "scalar", names[0])
	name, reason := Selected()
	require.Contains(t, names, name)
	require.NotEmpty(t, reason)
}
