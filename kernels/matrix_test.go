package kernels

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/medner/medner/internal/kinds"
)

// groupingOf returns the i-th of some ways in which groups of a kind are held.
func groupingOf(k kinds.Kind, i int) grouping {
	return grouping{k.Form().Block * []int{1, 2, 3, 100}[i%4], []Format{F16, BF16, F32}[i%3]}
}

// TestVectorProducts compares matrixOps.vector of every variant with its twin, bit
// by bit, for all numbers of tiles that kernels take at once, and more, and for
// runs of blocks along K. Kernels write nothing beyond.
func TestVectorProducts(t *testing.T) {
	for _, v := range variants() {
		if v.missing != "" || v == scalarVariant {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			r, s := rand.New(rand.NewPCG(31, 32)), sample(3)
			code := &newCodebook((*[16]float32)(s.floats(16))).lookup
			for kind := range kinds.Count {
				l := kind.Form()
				for tiles := 1; tiles <= v.matrix.vectorTiles+3; tiles++ {
					depth := blockK * (1 + tiles%4)
					words := s.words(kind, tiles*depth/8*l.Words8())
					var scales []float32
					if l.Scaled() && !l.Zeros {
						scales = random(r, tiles*depth/l.Block*tileRows)
					}
					for n := 1; n <= v.matrix.vectorTokens; n++ {
						const apart = 5 // between tokens
						stride, xStride := tiles*tileRows+apart, depth+apart
						x := random(r, n*xStride)
						got, check := guarded(t, make([]float32, n*stride))
						want := make([]float32, n*stride)
						g := groupingOf(kind, tiles+n)
						groups, tileGroups := s.groups(kind, tiles, depth, g)
						a := &vectorArgs{
							y: got, yStride: stride, words: words, scales: scales, x: x, xStride: xStride, n: n, k: depth, tiles: tiles, code: code,
							groups: groups, tileGroups: tileGroups, group: g.steps, scale: int(g.scale),
						}
						v.matrix.vector[kind](a)
						a.y = want
						matrixScalar.vector[kind](a)
						check()
						name := fmt.Sprintf("kind %d, %+v, %d tiles, depth %d, %d tokens", kind, g, tiles, depth, n)
						sameBits(t, name, got, want)
						if a.scales = untieAll(l.Round, code, scales); a.scales == nil {
							continue
						}
						a.y, a.untied = got, 1
						v.matrix.vector[kind](a)
						a.y = want
						matrixScalar.vector[kind](a)
						check()
						sameBits(t, name+", untied", got, want)
					}
				}
			}
		})
	}
}
