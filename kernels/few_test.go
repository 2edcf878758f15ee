package kernels

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLimitsGiveTheSameBits takes products of all kinds by way of the kernels for few
// tokens and by way of those for many, on every instruction set.
func TestLimitsGiveTheSameBits(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	const rows, k = 72, 192
	for _, f := range forms {
		w, _ := f.make(t, p, rand.New(rand.NewPCG(5, 6)), rows, k)
		for _, n := range []int{1, 2, 3, 7, 9, 16, 25, 40} {
			x := random(rand.New(rand.NewPCG(7, 8)), n*k)
			for _, fast := range []bool{false, true} {
				product := func() []float32 {
					in, y := Input{Fast: fast}, make([]float32, n*rows)
					in.Reset(x, n, k)
					w.MatMul(p, y, &in)
					return y
				}
				var want []float32
				asVariant(scalarVariant, func() { want = product() })
				for _, v := range nativeVariants {
					if v.missing != "" {
						continue
					}
					for _, limit := range []int{1, 8, fewMost} {
						few := map[string]int{}
						for _, name := range fewNames() {
							few[name] = limit
						}
						asVariant(v.with(picks{few: few}), func() {
							sameBits(t, fmt.Sprintf("%s, %d tokens, fast %v, %s, limits of %d", f.name, n, fast, v.name, limit), product(), want)
						})
					}
				}
			}
		}
	}
}

// Every kind that has kernels for few tokens of its own has a limit, as has each over
// integers.
func TestLimitsOfAllKinds(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	for _, fast := range []bool{false, true} {
		with := matrixScalar
		for _, l := range fewLimits {
			if l.fast == fast {
				l.set(&with, 99)
			}
		}
		of := fewLimit{fast: fast}.of(&with)
		for _, f := range forms {
			w, _ := f.make(t, p, rand.New(rand.NewPCG(5, 6)), 16, 64)
			if w.format != F32 && (!fast || w.integer()) {
				require.Equal(t, 99, of[w.kind], "%s, fast %v", f.name, fast)
			}
		}
	}
}

func TestBestLimit(t *testing.T) {
	for _, c := range []struct {
		now, cross, want int // the kernels for many are faster from so many tokens on
	}{
		{8, 9, 8}, {8, 13, 12}, {8, 1000, 24}, {3, 4, 3}, {3, 3, 2}, {8, 5, 4}, {8, 0, 1}, {1, 2, 1}, {7, 4, 3}, {64, 4, 3},
	} {
		for _, by := range []float64{1.5, 1.01} {
			got := bestLimit(c.now, func(tokens int) float64 {
				require.Contains(t, fewSteps, tokens)
				if tokens < c.cross {
					return 1 / by
				}
				return by
			})
			if by < margin {
				c.want = c.now // too little to be sure
			}
			require.Equal(t, c.want, got, "%+v", c)
		}
	}
}

func TestForcedLimits(t *testing.T) {
	all := variants()
	for forced, want := range map[string]string{
		"scalar,few4=6":                         "",
		"few4=6,fastfewint8=64,column=scalar":   "",
		"few4=0":                                `"few4=0"`,
		"few4=65":                               `"few4=65"`,
		"few4=many":                             `"few4=many"`,
		"few5=6":                                `"few5=6"`,
		"scalar,few4":                           `"few4"`,
		"fastfew4=9999999999999999999999999999": "tokens from 1 to 64",
	} {
		err := checkForced(all, forced)
		if want == "" {
			require.NoError(t, err, forced)
			continue
		}
		require.ErrorContains(t, err, want, forced)
	}
	c := choose(all, "scalar,fastfew4=12,few4=6")
	require.Contains(t, c.reason, "fastfew4=12,few4=6")
	require.Equal(t, 12, c.matrix.fastFew[fewLimits["fastfew4"].kinds[1]])
	require.Equal(t, 6, c.matrix.vectorFew[fewLimits["few4"].kinds[0]])
}
