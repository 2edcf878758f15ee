package kernels

import (
	"fmt"
	"math"

	"github.com/medner/medner/internal/kinds"
)

// sample is the state of a generator of random 32-bit numbers (Marsaglia's
// xorshift). The self-test has one of its own, as it must not vary.
type sample uint32

func (s *sample) next() uint32 {
	x := uint32(*s)
	x ^= x << 13
	x ^= x >> 17
	x ^= x << 5
	*s = sample(x)
	return x
}

// floats returns n numbers from -1 to 1.
func (s *sample) floats(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(int32(s.next())) / (1 << 31)
	}
	return x
}

// words returns n words of packed weights of a kind, all finite.
func (s *sample) words(k kinds.Kind, n int) []uint32 {
	w := make([]uint32, n)
	for i := range w {
		switch u := s.next(); k {
		case kinds.F32:
			w[i] = math.Float32bits(s.floats(1)[0])
		case kinds.BF16:
			w[i] = u&0x80ff80ff | 0x3f003f00
		case kinds.F16:
			w[i] = u&0x83ff83ff | 0x38003800
		default:
			w[i] = u
		}
	}
	return w
}

// groups returns random groups of n tiles of depth steps along K, held as g says, and
// the number of words that they take in each tile. Zeros are 0 to 16.
func (s *sample) groups(k kinds.Kind, n, depth int, g grouping) (words []uint32, tileGroups int) {
	if !k.Form().Zeros {
		return nil, 0
	}
	count := (depth + g.steps - 1) / g.steps
	words = make([]uint32, n*count*g.groupWords())
	for i := range n * count {
		group := words[i*g.groupWords():][:g.groupWords()]
		for row := range tileRows {
			putGroup(group, row, int8(s.next()%17), s.floats(1)[0], g.scale)
		}
	}
	return words, count * g.groupWords()
}

// groupings has groups of two lengths, and scales of every format.
var groupings = []grouping{{blockK, F16}, {2 * blockK, BF16}, {blockK, F32}}

// untieAll returns untied scales that make of the codes what scales make, or 1 where
// there are none; nil if r doesn't round.
func untieAll(r kinds.Rounding, code *lookup, scales []float32) []float32 {
	if r == kinds.Exact {
		return nil
	}
	untied := make([]float32, len(scales))
	for i, scale := range scales {
		var ok bool
		if untied[i], ok = rounders[r].untie((*[16]float32)(code[:16]), scale); !ok {
			untied[i] = 1
		}
	}
	return untied
}

// testMatrixOps compares ops with the Go kernels on small matrices.
func testMatrixOps(ops *matrixOps) error {
	const tiles, k = 5, 2 * blockK
	s := sample(1)
	code := &newCodebook((*[16]float32)(s.floats(16))).lookup
	x := s.floats(ops.vectorTokens * k)
	for kind := range kinds.Count {
		l := kind.Form()
		words := s.words(kind, tiles*k/8*l.Words8())
		var scales []float32
		if l.Scaled() && !l.Zeros {
			scales = s.floats(tiles * k / l.Block * tileRows)
		}
		untied := untieAll(l.Round, code, scales)
		for n := 1; n <= ops.vectorTokens; n++ {
			got, want := make([]float32, n*tiles*tileRows), make([]float32, n*tiles*tileRows)
			g := groupings[n%len(groupings)]
			groups, tileGroups := s.groups(kind, tiles, k, g)
			a := &vectorArgs{
				y: got, yStride: tiles * tileRows, words: words, scales: scales, x: x, xStride: k, n: n, k: k, tiles: tiles, code: code,
				groups: groups, tileGroups: tileGroups, group: g.steps, scale: int(g.scale),
			}
			ops.vector[kind](a)
			a.y = want
			matrixScalar.vector[kind](a)
			if err := compare("vector of "+l.Name, got, want); err != nil {
				return err
			}
			if untied == nil {
				continue
			}
			a.y, a.scales, a.untied = got, untied, 1
			ops.vector[kind](a)
			a.y = want
			matrixScalar.vector[kind](a)
			if err := compare("vector of untied "+l.Name, got, want); err != nil {
				return err
			}
		}
		got, want := make([]float32, blockK*tileRows), make([]float32, blockK*tileRows)
		steps := blockK
		if l.Zeros { // a block at a time, whose zeros are integers
			steps, scales = l.Block, make([]float32, tileRows)
			for i := range scales {
				scales[i] = float32(s.next() % 17)
			}
		}
		ops.expand[kind](got[:steps*tileRows], words[:steps/8*l.Words8()], scales, code)
		matrixScalar.expand[kind](want[:steps*tileRows], words[:steps/8*l.Words8()], scales, code)
		if err := compare("expand of "+l.Name, got, want); err != nil {
			return err
		}
	}
	for _, g := range groupings {
		const tiles = panelTiles
		words, tileGroups := s.groups(kinds.U4, tiles, k, g)
		got, want := make([]float32, 2*tiles*tileRows), make([]float32, 2*tiles*tileRows)
		a := &groupArgs{scales: got, zeros: got[tiles*tileRows:], words: words, tileGroups: tileGroups, tiles: tiles, scale: int(g.scale)}
		ops.group(a)
		a.scales, a.zeros = want, want[tiles*tileRows:]
		groupGo(a)
		if err := compare("group", got, want); err != nil {
			return err
		}
	}
	for n := 1; n <= ops.blockTokens; n++ {
		tiles := 1 + n%panelTiles
		stride := tiles*tileRows + 16
		got := s.floats(n * stride)
		want := append([]float32{}, got...)
		a := &blockArgs{
			y: got, yStride: stride, panel: s.floats(tiles * blockK * tileRows), panelStride: blockK * tileRows,
			scales: s.floats(tiles * tileRows), scaleStride: tileRows, x: s.floats(blockK * n), k: blockK, n: n, tiles: tiles,
		}
		ops.block(a)
		a.y = want
		blockGo(a)
		if err := compare(fmt.Sprintf("block of %d tokens", n), got, want); err != nil {
			return err
		}
	}
	return testFastOps(&ops.fastOps)
}

// compare returns an error that says where got differs from want in a bit.
func compare(what string, got, want []float32) error {
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			return fmt.Errorf("%s: value %d is %x, not %x", what, i, got[i], want[i])
		}
	}
	return nil
}
