package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/kinds"
)

// Codes leave room for the sum of four products in 16 bits, and every variant
// rounds one token of several to the same bits.
func TestQuantise(t *testing.T) {
	const n = 3
	r := rand.New(rand.NewPCG(5, 6))
	for trial := range 300 {
		x := random(r, 1+r.IntN(200))
		for i := range x {
			switch trial % 4 {
			case 1: // all as large
				x[i] = float32(math.Copysign(float64(x[0]), float64(x[i])))
			case 2: // large pairs
				if r.IntN(4) == 0 {
					x[i] *= 100
				}
			case 3:
				x[i] = float32(math.Ldexp(float64(x[i]), r.IntN(250)-140))
			}
		}
		blocks := (len(x) + blockK - 1) / blockK
		quantised := func(quantise func([]uint32, []float32, []int32, []float32, int)) (words []uint32, scales []float32, sums []int32) {
			words, scales, sums = make([]uint32, n*blocks*blockWords), make([]float32, n*blocks), make([]int32, 2*n*blocks)
			quantise(words[blockWords:], scales[1:], sums[1:], x, n)
			return words, scales, sums
		}
		words, scales, sums := quantised(quantiseGo)
		for i, w := range words {
			at := i/(n*blockWords)*blockK + i%blockWords*4
			sum := int32(0)
			for j := range 4 {
				c := int8(w >> (8 * j))
				sum += int32(c)
				if i/blockWords%n != 1 || at+j >= len(x) {
					require.Zero(t, c)
					continue
				}
				scale := float64(scales[at/blockK*n+1])
				if d := math.Abs(float64(x[at+j]) - scale*float64(c)); scale > 0 && d > scale*0.5001 {
					t.Fatalf("%v became %d · %v", x[at+j], c, scale)
				}
			}
			for j := 0; j < 4 && i%2 == 0; j += 2 {
				above, below := 0, 0
				for _, u := range []uint32{w >> (8 * j), w >> (8*j + 8), words[i+1] >> (8 * j), words[i+1] >> (8*j + 8)} {
					above, below = above+max(0, int(int8(u))), below+max(0, -int(int8(u)))
				}
				require.LessOrEqual(t, 2*codeMost*max(above, below), math.MaxInt16)
			}
			sums[(2*(i/(n*blockWords))+i%blockWords/(blockWords/2))*n+i/blockWords%n] -= sum
		}
		for _, s := range sums {
			require.Zero(t, s, "what the sums are more than the codes'")
		}
		_, _, sums = quantised(quantiseGo)
		eachVariant(t, func(t *testing.T) {
			w, s, u := quantised(current().matrix.quantise)
			require.Equal(t, words, w)
			sameBits(t, "scales", s, scales)
			require.Equal(t, sums, u)
		})
	}
}

// TestFastVectorProducts is TestVectorProducts for fastVector.
func TestFastVectorProducts(t *testing.T) {
	for _, v := range variants() {
		if v.missing != "" || v == scalarVariant {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			ops, r, s := &v.matrix.fastOps, rand.New(rand.NewPCG(33, 34)), sample(4)
			code := &newCodebook((*[16]float32)(s.floats(16))).int8
			for kind := range kinds.Count {
				l := kind.Form()
				if !l.Scaled() {
					continue
				}
				for tiles := 1; tiles <= v.matrix.vectorTiles+3; tiles++ {
					blocks := 1 + tiles%8
					depth := blocks * l.Block
					words, scales := s.words(kind, tiles*depth/8*l.Words8()), random(r, tiles*blocks*tileRows)
					for n := 1; n <= ops.fastVectorTokens; n++ {
						const apart = 5
						stride, xStride := tiles*tileRows+apart, n+2
						x := make([]uint32, (depth+blockK-1)/blockK*xStride*blockWords)
						for i := range x {
							for range 4 { // within what AVX2 sums in 16 bits
								x[i] = x[i]<<8 | uint32(uint8(int8(s.next()%95)-47))
							}
						}
						xScales, starts := random(r, blocks*xStride), make([]int32, blocks*xStride)
						for i := range starts {
							at := i / xStride * l.Block
							from := (at/blockK*xStride+i%xStride)*blockWords + at%blockK/4
							for _, codes := range x[from:][:l.Block/4] {
								starts[i] -= ops.raised(kind, false) * dot4(0, codes, 0x01010101)
							}
						}
						got, check := guarded(t, make([]float32, n*stride))
						want := make([]float32, n*stride)
						g := groupingOf(kind, tiles+n)
						groups, tileGroups := s.groups(kind, tiles, depth, g)
						a := &fastVectorArgs{
							y: got, yStride: stride, words: words, scales: scales, x: x, xScales: xScales, starts: starts,
							xStride: xStride, n: n, k: depth, tiles: tiles, code: code,
							groups: groups, tileGroups: tileGroups, group: g.steps, scale: int(g.scale),
						}
						ops.fastVector[kind](a)
						a.y = want
						fastScalar.fastVector[kind](a)
						check()
						sameBits(t, fmt.Sprintf("kind %d, %+v, %d tiles, depth %d, %d tokens", kind, g, tiles, depth, n), got, want)
					}
				}
			}
		})
	}
}

// The greatest products of all sum exactly.
func TestFastExtremes(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	const rows, k = 32, 128
	for trial, code := range [][16]float32{{1, -1}, {-1, 1}, {1, 1}, {-1, -1}} {
		q := &codes4{FourBit: FourBit{Rows: rows, Cols: k, Format: NF4, Block: 64, Code: code}, codes: make([]byte, rows*k/2), scales: make([]float32, rows*k/64)}
		for i := range q.scales {
			q.scales[i] = codeMost
		}
		for i := range q.codes {
			q.codes[i] = byte(trial % 2) // every second code is the second
		}
		four := q.pack(t, p)
		m := codesOf{k, make([]int8, rows*k), make([]float32, rows*k/int8Block)}
		for i := range m.codes {
			m.codes[i] = int8(math.Copysign(128, -float64(code[i%2])))
		}
		for i := range m.scales {
			m.scales[i] = 1
		}
		eight, err := PackInt8(p, rows, k, m)
		require.NoError(t, err)
		for n := 1; n <= 16; n++ {
			for _, alone := range []bool{false, true} { // no neighbour to share with
				x := make([]float32, n*k)
				for i := range x {
					x[i] = float32(1 - 2*(i/k%2)*(i%2))
					if alone && i%2 == 1 {
						x[i] = 0
					}
				}
				for _, w := range []*Weights{four, eight} {
					var scalar []float32
					asVariant(scalarVariant, func() { scalar = matMul(t, p, w, x, n, true) })
					for i, v := range scalar {
						want := 0.
						for j := range k {
							c := float64(codeMost * code[q.codes[j/2]>>(4*(1-j%2))&15])
							if w == eight {
								c = float64(m.codes[i%rows*k+j])
							}
							want += c * float64(x[i/rows*k+j])
						}
						require.InDelta(t, want, float64(v), 0.01*128*k)
					}
					eachVariant(t, func(t *testing.T) { sameBits(t, w.Format().String(), matMul(t, p, w, x, n, true), scalar) })
				}
			}
		}
	}
}
