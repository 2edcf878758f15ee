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
		err := error(nil)
		if n%4 > 1 {
			err = s.testBlock(Int8, int8Block, n, ops.raised8, ops.fastBlock8)
		} else {
			err = s.testBlock(NF4, blockK, n, ops.raised4, ops.fastBlock4)
		}
		if err != nil {
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
	return compare("quantise", 0, scales, wantScales)
}

// testVectors multiplies by each number of tokens that fastVector takes.
func (s *fastSample) testVectors() error {
	const tiles, k, yStride = fastSampleTiles, fastSampleK, fastSampleTiles * tileRows
	n := s.n
	starts4, starts8 := make([]int32, n*k/blockK), make([]int32, len(s.sums))
	for i := range starts4 {
		starts4[i] = -s.ops.raised4 * (s.sums[i/n*2*n+i%n] + s.sums[(i/n*2+1)*n+i%n])
	}
	for i, sum := range s.sums {
		starts8[i] = -s.ops.raised8 * sum
	}
	xScales := s.floats(n * k / int8Block)
	for tokens := 1; tokens <= n; tokens++ {
		got, want := make([]float32, tokens*yStride), make([]float32, tokens*yStride)
		a := &fastVectorArgs{
			y: got, yStride: yStride, words: s.weights, scales: s.scales[:tiles*k/blockK*tileRows],
			x: s.words, xScales: xScales, starts: starts4, xStride: n, n: tokens, k: k, tiles: tiles, code: s.code,
		}
		s.ops.fastVector4(a)
		a.y = want
		fastVector4Go(a)
		if err := compare("fast vector", kinds.Bits4, got, want); err != nil {
			return err
		}
		a.y, a.code = got, nil
		a.words, a.scales = s.weights8, s.scales
		a.starts = starts8
		s.ops.fastVector8(a)
		a.y = want
		fastVector8Go(a)
		if err := compare("fast vector", kinds.Int8, got, want); err != nil {
			return err
		}
	}
	return nil
}

// testChannels adds outliers of each channel of a word.
func (s *fastSample) testChannels() error {
	const yStride, step = fastSampleTiles*tileRows + 16, blockK / 8 * tileRows
	lookup, outliers := &newCodebook((*[16]float32)(s.floats(16))).lookup, s.floats(3)
	for channel := range 8 {
		got := s.floats(3 * yStride)
		want := append([]float32{}, got...)
		a := &channelArgs{
			y: got, yStride: yStride, words: s.weights, wordStride: 2 * step, scales: s.scales, scaleStride: 2 * tileRows,
			shift: 4 * channel, tiles: fastSampleTiles, tokens: []uint32{0, 2, 1}, x: outliers, code: lookup,
		}
		s.ops.addChannel4(a)
		a.y = want
		addChannel4Go(a)
		a.y, a.code = got, nil
		a.words, a.wordStride = s.weights8, 4*step
		a.scaleStride = 4 * tileRows
		a.shift = 8 * (channel % 4)
		s.ops.addChannel8(a)
		a.y = want
		addChannel8Go(a)
		if err := compare("channel", kinds.Kind(channel), got, want); err != nil {
			return err
		}
	}
	return nil
}

// testBlock expands weights of a format and multiplies them by n tokens, over k
// steps of K.
func (s *fastSample) testBlock(f Format, k, n int, raised int32, product func(*fastBlockArgs)) error {
	tiles := 1 + n%panelTiles
	yStride := tiles*tileRows + 16
	step, wantStep := s.ops.panelWords(f)*tileRows, blockWords*tileRows
	panel, wantPanel := make([]uint32, tiles*step), make([]uint32, tiles*wantStep)
	for t := range tiles {
		part, wantPart := panel[t*step:][:step], wantPanel[t*wantStep:][:wantStep]
		if f == NF4 {
			words := s.weights[t*wantStep/2:][:wantStep/2]
			s.ops.fastExpand4(part, words, s.code)
			fastExpand4Go(wantPart, words, s.code)
		} else {
			words := s.weights8[t*wantStep:][:wantStep]
			s.ops.fastExpand8(part, words)
			fastExpand8Go(wantPart, words)
		}
	}
	codes, starts, xScales := make([]uint32, n*blockWords), make([]int32, n), s.floats(n)
	for i := range codes {
		codes[i] = s.words[i%len(s.words)]
		if i%blockWords < k/4 {
			starts[i/blockWords] -= raised * dot4(0, codes[i], 0x01010101)
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
	return compare("fast block", kinds.Kind(n), got, want)
}
