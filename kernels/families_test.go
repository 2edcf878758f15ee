package kernels

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFamiliesGiveTheSameBits takes each family of kernels from each variant, beside
// the other families of each.
func TestFamiliesGiveTheSameBits(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	const rows, k = 48, 192
	for _, f := range forms {
		w, _ := f.make(t, p, rand.New(rand.NewPCG(1, 2)), rows, k)
		for _, n := range []int{1, 5, 20} {
			x := random(rand.New(rand.NewPCG(3, 4)), n*k)
			for _, fast := range []bool{false, true} {
				product := func() []float32 {
					in, y := Input{Fast: fast}, make([]float32, n*rows)
					in.Reset(x, n, k)
					w.MatMul(p, y, &in)
					return y
				}
				var want []float32
				asVariant(scalarVariant, func() { want = product() })
				for _, base := range nativeVariants {
					for _, from := range nativeVariants {
						if base.missing != "" || from.missing != "" || base == from {
							continue
						}
						for family := range families {
							asVariant(base.with(picks{families: map[string]*variant{family: from}}), func() {
								sameBits(t, fmt.Sprintf("%s, %d tokens, fast %v, %s, %s=%s", f.name, n, fast, base.name, family, from.name), product(), want)
							})
						}
					}
				}
			}
		}
	}
}

func TestTune(t *testing.T) {
	t.Setenv(envCPU, "")
	before := current()
	defer chosen.Store(before)
	chosen.Store(choose(variants(), ""))
	kept := Tune("build 1", nil)
	if current().variant == scalarVariant {
		require.Nil(t, kept)
		return
	}
	require.NotNil(t, kept)
	name, _ := Selected()
	for _, foreign := range []string{"", "{", "[1]", `{"machine":"another","families":{}}`} {
		chosen.Store(choose(variants(), ""))
		require.NotNil(t, Tune("build 1", []byte(foreign)), "cached %q", foreign)
	}
	chosen.Store(choose(variants(), ""))
	require.NotNil(t, Tune("build 2", kept), "another build measures again")
	chosen.Store(choose(variants(), ""))
	require.Nil(t, Tune("build 1", kept), "nothing is measured")
	after, _ := Selected()
	require.Equal(t, name, after)

	// Families that the cache names are used, others not; names that can't be had are ignored.
	chosen.Store(choose(variants(), ""))
	first := nativeVariants[0].name
	machine := machineName("b")
	require.Nil(t, Tune("b", fmt.Appendf(nil, `{"machine":%q,"families":{"column":%q},"few":{}}`, machine, first)))
	_, reason := Selected()
	require.Contains(t, reason, "column="+first)
	require.Equal(t, nativeVariants[0].matrix.vectorTokens, current().matrix.vectorTokens)
	chosen.Store(choose(variants(), ""))
	require.NotNil(t, Tune("b", fmt.Appendf(nil, `{"machine":%q,"families":{"column":"wings"},"few":{}}`, machine)))
	chosen.Store(choose(variants(), ""))
	require.NotNil(t, Tune("b", fmt.Appendf(nil, `{"machine":%q,"families":{}}`, machine)), "what a build without limits kept")
	for _, families := range []string{`{"few4":"12"}`, `{"few4=9,column":"` + first + `"}`, `{"column":""}`, `{"column":null}`, `{"":"` + first + `"}`, `{"column":"` + first + `,few4=3"}`} {
		chosen.Store(choose(variants(), ""))
		require.NotNil(t, Tune("b", fmt.Appendf(nil, `{"machine":%q,"families":%s,"few":{}}`, machine, families)), families)
	}

	// So it is with limits.
	chosen.Store(choose(variants(), ""))
	require.Nil(t, Tune("b", fmt.Appendf(nil, `{"machine":%q,"families":{},"few":{"fastfew4":13}}`, machine)))
	_, reason = Selected()
	require.Contains(t, reason, "fastfew4=13")
	for _, few := range []string{`{"fastfew4":0}`, `{"fastfew4":65}`, `{"slowfew4":5}`, `{"fastfew4":"x"}`, `{"":5}`, `{"fastfew4":5,"fastfew4=6,few4":7}`} {
		chosen.Store(choose(variants(), ""))
		require.NotNil(t, Tune("b", fmt.Appendf(nil, `{"machine":%q,"families":{},"few":%s}`, machine, few)), few)
	}

	t.Setenv(envCPU, first)
	require.Nil(t, Tune("build 1", nil), "what the user forces stays")
}

func TestForcedFamilies(t *testing.T) {
	good := &variant{name: "good", vector: &vectorScalar, matrix: &matrixScalar}
	absent := &variant{name: "absent", missing: "wings", vector: &vectorScalar, matrix: &matrixScalar}
	all := []*variant{scalarVariant, good, absent}
	for forced, want := range map[string]string{
		"good,column=scalar":                "",
		"column=scalar":                     "",
		"column=scalar,fastblock=good":      "",
		"scalar,fastcolumn=good,block=good": "",
		"good,row=scalar":                   `"row=scalar"`,
		"good,column=best":                  `"column=best"`,
		"good,column=absent":                `"column=absent"`,
		"good,scalar":                       `"scalar"`,
		"column=":                           `"column="`,
		"good,":                             `found ""`,
		",":                                 `found ""`,
		",column=good":                      `found ""`,
		"good,,column=wings":                `found ""`,
		"column=good,column=scalar":         `"column=scalar"`,
		"few4=3,few4=4":                     `"few4=4"`,
		"few4=+5":                           `"few4=+5"`,
		"few4=005":                          `"few4=005"`,
		"few4=0":                            `"few4=0"`,
		"absent,column=good":                "lacks wings",
	} {
		err := checkForced(all, forced)
		if want == "" {
			require.NoError(t, err, forced)
			require.NotNil(t, choose(all, forced), forced)
			continue
		}
		require.ErrorContains(t, err, want, forced)
	}
	c := choose(all, "good,column=scalar")
	require.Equal(t, "good", c.name)
	require.Contains(t, c.reason, "column=scalar")
}

func TestProcessorName(t *testing.T) {
	root := t.TempDir()
	require.Empty(t, processorName(root))
	require.NoError(t, os.Mkdir(filepath.Join(root, "proc"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "proc", "cpuinfo"), []byte("processor\t: 0\nvendor_id\t: Some\nmodel\t\t: 17\nflags\t: a b\n\nprocessor\t: 1\nmodel\t: 18\n"), 0o644))
	require.Equal(t, "Some 17", processorName(root))
}
