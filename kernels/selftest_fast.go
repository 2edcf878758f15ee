package kernels

import (
	"fmt"

	"github.com/medner/medner/internal/kinds"
)

// fastSample is what the self-test of kernels over integers computes with: tokens
// of fastSampleK numbers, and weights of fastSampleTiles tiles.
type fastSample struct {
	sample
	ops               *fastOps
	n                 int // tokens
	code              *[16]int8
	weights, weights8 []uint32 // of 4 bits, and int8
	scales            []float32

	// Tokens that fastOps.quantise rounded.
	words []uint32
	sums  []int32
}

const fastSampleTiles, fastSampleK = 5, 2 * blockK

// testFastOps compares ops with the Go kernels over integers.
func testFastOps(ops *fastOps) error {
	const tiles, k = fastSampleTiles, fastSampleK
	s := &fastSample{sample: sample(2), ops: ops, n: ops.fastVectorTokens}
	s.code = &newCodebook((*[16]float32)(s.floats(16))).int8
	if err := s.testQuantise(); err != nil {
		return err
	}
	s.weights = s.sample.words(kinds.Bits4, tiles*k/8*kinds.Bits4.Form().Words8())
	s.weights8 = s.sample.words(kinds.Int8, tiles*k/8*kinds.Int8.Form().Words8())
	s.scales = s.floats(tiles * k / int8Block * tileRows)
	if err := s.testVectors(); err != nil {
		return err
	}
	if err := s.testChannels(); err != nil {
		return err
	}
	for n := 1; n <= 14; n++ { // more than a group of tokens of any variant
		kind := []kinds.Kind{kinds.Bits4, kinds.U4, kinds.Int8, kinds.U4x32}[n%4]
		product := ops.fastBlock4
		if kind == kinds.Int8 {
			product = ops.fastBlock8
		}
		if err := s.testBlock(kind, n, product); err != nil {
			return err
		}
	}
	return nil
}

// testQuantise rounds the tokens, which end within a block.
func (s *fastSample) testQuantise() error {
	const k = fastSampleK
	n := s.n
	s.words, s.sums = make([]uint32, n*k/4), make([]int32, n*k/32)
	scales, wantScales := make([]float32, n*k/blockK), make([]float32, n*k/blockK)
	wantWords, wantSums := make([]uint32, len(s.words)), make([]int32, len(s.sums))
	for c := range n {
		x := s.floats(k - 3)
		s.ops.quantise(s.words[c*blockWords:], scales[c:], s.sums[c:], x, n)
		quantiseGo(wantWords[c*blockWords:], wantScales[c:], wantSums[c:], x, n)
	}
	for i, w := range wantWords {
		if s.words[i] != w {
			return fmt.Errorf("quantise: word %d is %#x, not %#x", i, s.words[i], w)
		}
	}
	for i, w := range wantSums {
		if s.sums[i] != w {
			return fmt.Errorf("quantise: sum %d is %d, not %d", i, s.sums[i], w)
		}
	}
	return compare("quantise", scales, wantScales)
}

// weightsOf returns the sample's weights of a kind.
func (s *fastSample) weightsOf(k kinds.Kind) []uint32 {
	if k == kinds.Int8 {
		return s.weights8
	}
	return s.weights
}

// testVectors multiplies by each number of tokens that fastVector takes.
func (s *fastSample) testVectors() error {
	const tiles, k, yStride = fastSampleTiles, fastSampleK, fastSampleTiles * tileRows
	n := s.n
	xScales := s.floats(n * k / int8Block)
	for kind := range kinds.Count {
		f := kind.Form()
		if !f.Scaled() {
			continue
		}
		starts := make([]int32, n*k/f.Block)
		for i, sum := range s.sums { // [K/64][2][n]
			at := i / n * int8Block / f.Block
			starts[at*n+i%n] -= s.ops.raised(kind, false) * sum
		}
		for tokens := 1; tokens <= n; tokens++ {
			got, want := make([]float32, tokens*yStride), make([]float32, tokens*yStride)
			g := groupings[tokens%len(groupings)]
			groups, tileGroups := s.sample.groups(kind, tiles, k, g)
			a := &fastVectorArgs{
				y: got, yStride: yStride, words: s.weightsOf(kind), scales: s.scales[:tiles*k/f.Block*tileRows],
				x: s.words, xScales: xScales, starts: starts, xStride: n, n: tokens, k: k, tiles: tiles, code: s.code,
				groups: groups, tileGroups: tileGroups, group: g.steps, scale: int(g.scale),
			}
			s.ops.fastVector[kind](a)
			a.y = want
			fastScalar.fastVector[kind](a)
			if err := compare("fast vector of "+f.Name, got, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// testChannels adds outliers of each channel of a word.
func (s *fastSample) testChannels() error {
	const yStride = fastSampleTiles*tileRows + 16
	lookup, outliers := &newCodebook((*[16]float32)(s.floats(16))).lookup, s.floats(3)
	zeros := make([]float32, len(s.scales))
	for i := range zeros {
		zeros[i] = float32(s.next() % 17)
	}
	for kind := range kinds.Count {
		f := kind.Form()
		if !f.Scaled() {
			continue
		}
		for channel := range 8 {
			got := s.floats(3 * yStride)
			want := append([]float32{}, got...)
			a := &channelArgs{
				y: got, yStride: yStride, words: s.weightsOf(kind), wordStride: fastSampleK / 8 * f.Words8(),
				scales: s.scales, scaleStride: 2 * tileRows, zeros: zeros, shift: f.Bits * channel % 32,
				tiles: fastSampleTiles, tokens: []uint32{0, 2, 1}, x: outliers, code: lookup,
			}
			s.ops.addChannel[kind](a)
			a.y = want
			fastScalar.addChannel[kind](a)
			if err := compare("channel of "+f.Name, got, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// testBlock expands a block of weights of a kind and multiplies it by n tokens.
func (s *fastSample) testBlock(kind kinds.Kind, n int, product func(*fastBlockArgs)) error {
	tiles, k, f := 1+n%panelTiles, kind.Form().Block, FP4
	if kind == kinds.Int8 {
		f = Int8
	}
	yStride := tiles*tileRows + 16
	step, wantStep := s.ops.panelWords(f)*tileRows, blockWords*tileRows
	panel, wantPanel := make([]uint32, tiles*step), make([]uint32, tiles*wantStep)
	code := *s.code
	if kind.Form().Zeros {
		for i := range code {
			code[i] = int8(s.next() % 17)
		}
	}
	for t := range tiles {
		size := k / 8 * kind.Form().Words8()
		words := s.weightsOf(kind)[t*size:][:size]
		s.ops.fastExpand[kind](panel[t*step:][:step*k/blockK], words, &code)
		fastScalar.fastExpand[kind](wantPanel[t*wantStep:][:wantStep*k/blockK], words, &code)
	}
	codes, starts, xScales := make([]uint32, n*blockWords), make([]int32, n), s.floats(n)
	for i := range codes {
		codes[i] = s.words[i%len(s.words)]
		if i%blockWords < k/4 {
			starts[i/blockWords] -= s.ops.raised(kind, true) * dot4(0, codes[i], 0x01010101)
		}
	}
	from := s.floats(n * yStride)
	got, want := append([]float32{}, from...), append([]float32{}, from...)
	a := &fastBlockArgs{
		y: got, yStride: yStride, from: from, fromStride: yStride - 16, panel: panel, panelStride: step,
		x: codes, xScales: xScales, starts: starts, scales: s.scales, scaleStride: tileRows, k: k, n: n, tiles: tiles,
	}
	product(a)
	a.y = want
	a.panel, a.panelStride = wantPanel, wantStep
	fastBlockGo(a)
	return compare("fast block of "+kind.Form().Name, got, want)
}
