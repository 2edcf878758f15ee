package kernels

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/medner/medner/internal/kinds"
)

// TestVectorProducts: the products of a few columns of every variant equal
// their twin bit by bit, for all numbers of tiles that kernels take at once,
// and more, and for runs of blocks along K, and write nothing beyond.
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
					if l.Scaled() {
						scales = random(r, tiles*depth/l.Block*tileRows)
					}
					for n := 1; n <= v.matrix.vectorColumns; n++ {
						const apart = 5 // between columns
						stride, reach := tiles*tileRows+apart, depth+apart
						x := random(r, n*reach)
						got, check := guarded(t, make([]float32, n*stride))
						want := make([]float32, n*stride)
						v.matrix.vector[kind](got, stride, words, scales, x, reach, n, depth, tiles, code)
						matrixScalar.vector[kind](want, stride, words, scales, x, reach, n, depth, tiles, code)
						check()
						sameBits(t, fmt.Sprintf("kind %d, %d tiles, depth %d, %d columns", kind, tiles, depth, n), got, want)
					}
				}
			}
		})
	}
}
