package kernels

import (
	"fmt"
	"math"

	"github.com/medner/medner/internal/kinds"
)

// sample is a source of numbers for the self-test: a generator of 32 bits
// (Marsaglia's xorshift), for the test must not vary.
type sample uint32

func (s *sample) next() uint32 {
	x := uint32(*s)
	x ^= x << 13
	x ^= x >> 17
	x ^= x << 5
	*s = sample(x)
	return x
}

// floats are from -1 to 1.
func (s *sample) floats(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(int32(s.next())) / (1 << 31)
	}
	return x
}

// words are packed weights of a kind, finite ones.
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
		if l.Scaled() {
			scales = s.floats(tiles * k / l.Block * tileRows)
		}
		for n := 1; n <= ops.vectorTokens; n++ {
			got, want := make([]float32, n*tiles*tileRows), make([]float32, n*tiles*tileRows)
			a := vectorArgs{
				y: got, yStride: tiles * tileRows, words: words, scales: scales, x: x, xStride: k, n: n, k: k, tiles: tiles, code: code,
			}
			ops.vector[kind](a)
			a.y = want
			matrixScalar.vector[kind](a)
			if err := compare("vector", kind, got, want); err != nil {
				return err
			}
		}
		got, want := make([]float32, blockK*tileRows), make([]float32, blockK*tileRows)
		ops.expand[kind](got, words[:blockK/8*l.Words8()], scales, code)
		matrixScalar.expand[kind](want, words[:blockK/8*l.Words8()], scales, code)
		if err := compare("expand", kind, got, want); err != nil {
			return err
		}
	}
	for n := 1; n <= ops.blockTokens; n++ {
		tiles := 1 + n%panelTiles
		stride := tiles*tileRows + 16
		got := s.floats(n * stride)
		want := append([]float32{}, got...)
		a := blockArgs{
			y: got, yStride: stride, panel: s.floats(tiles * blockK * tileRows), panelStride: blockK * tileRows,
			scales: s.floats(tiles * tileRows), scaleStride: tileRows, x: s.floats(blockK * n), k: blockK, n: n, tiles: tiles,
		}
		ops.block(a)
		a.y = want
		blockGo(a)
		if err := compare("block", kinds.Kind(n), got, want); err != nil {
			return err
		}
	}
	return testFastOps(&ops.fastOps)
}

// testFastOps compares ops with the Go kernels over integers.
func testFastOps(ops *fastOps) error {
	const tiles, k = 5, 2 * blockK
	s := sample(2)
	code := &newCodebook((*[16]float32)(s.floats(16))).int8
	n := ops.fastVectorTokens
	words, sums, xScales := make([]uint32, n*k/4), make([]int32, n*k/32), make([]float32, n*k/blockK)
	wantWords, wantSums, wantScales := make([]uint32, n*k/4), make([]int32, n*k/32), make([]float32, n*k/blockK)
	for c := range n {
		x := s.floats(k - 3)
		ops.quantise(words[c*blockWords:], xScales[c:], sums[c:], x, n)
		quantiseGo(wantWords[c*blockWords:], wantScales[c:], wantSums[c:], x, n)
	}
	for i, w := range wantWords {
		if words[i] != w {
			return fmt.Errorf("quantise: word %d is %#x, not %#x", i, words[i], w)
		}
	}
	for i, w := range wantSums {
		if sums[i] != w {
			return fmt.Errorf("quantise: sum %d is %d, not %d", i, sums[i], w)
		}
	}
	if err := compare("quantise", 0, xScales, wantScales); err != nil {
		return err
	}

	weights, weights8 := s.words(kinds.Bits4, tiles*k/8*16), s.words(kinds.Int8, tiles*k/8*32)
	scales := s.floats(tiles * k / int8Block * tileRows)
	xScales = s.floats(n * k / int8Block)
	starts4, starts8 := make([]int32, n*k/blockK), make([]int32, len(sums))
	for i := range starts4 {
		starts4[i] = -ops.raised4 * (sums[i/n*2*n+i%n] + sums[(i/n*2+1)*n+i%n])
	}
	for i, sum := range sums {
		starts8[i] = -ops.raised8 * sum
	}
	for tokens := 1; tokens <= n; tokens++ {
		const stride = tiles * tileRows
		got, want := make([]float32, tokens*stride), make([]float32, tokens*stride)
		a := fastVectorArgs{
			y: got, yStride: stride, words: weights, scales: scales[:tiles*k/blockK*tileRows],
			x: words, xScales: xScales, starts: starts4, xStride: n, n: tokens, k: k, tiles: tiles, code: code,
		}
		ops.fastVector4(a)
		a.y = want
		fastVector4Go(a)
		if err := compare("fast vector", kinds.Bits4, got, want); err != nil {
			return err
		}
		a.y, a.words, a.scales, a.starts, a.code = got, weights8, scales, starts8, nil
		ops.fastVector8(a)
		a.y = want
		fastVector8Go(a)
		if err := compare("fast vector", kinds.Int8, got, want); err != nil {
			return err
		}
	}

	lookup := &newCodebook((*[16]float32)(s.floats(16))).lookup
	outliers := s.floats(3)
	for channel := range 8 {
		const stride, steps = tiles*tileRows + 16, blockK / 8 * tileRows
		got := s.floats(3 * stride)
		want := append([]float32{}, got...)
		a := channelArgs{
			y: got, yStride: stride, words: weights, wordStride: 2 * steps, scales: scales, scaleStride: 2 * tileRows,
			shift: 4 * channel, tiles: tiles, tokens: []uint32{0, 2, 1}, x: outliers, code: lookup,
		}
		ops.addChannel4(a)
		a.y = want
		addChannel4Go(a)
		a.y, a.words, a.wordStride, a.scaleStride, a.shift, a.code = got, weights8, 4*steps, 4*tileRows, 8*(channel%4), nil
		ops.addChannel8(a)
		a.y = want
		addChannel8Go(a)
		if err := compare("channel", kinds.Kind(channel), got, want); err != nil {
			return err
		}
	}

	for n := 1; n <= 14; n++ { // more than a group of tokens of any variant
		f, raised, product := NF4, ops.raised4, ops.fastBlock4
		tiles, k := 1+n%panelTiles, blockK
		if n%4 > 1 {
			f, raised, product = Int8, ops.raised8, ops.fastBlock8
			k = int8Block
		}
		stride := tiles*tileRows + 16
		step, wantStep := ops.panelWords(f)*tileRows, blockWords*tileRows
		panel, wantPanel := make([]uint32, tiles*step), make([]uint32, tiles*wantStep)
		for t := range tiles {
			part, wantPart := panel[t*step:][:step], wantPanel[t*wantStep:][:wantStep]
			if f == NF4 {
				ops.fastExpand4(part, weights[t*wantStep/2:][:wantStep/2], code)
				fastExpand4Go(wantPart, weights[t*wantStep/2:][:wantStep/2], code)
			} else {
				ops.fastExpand8(part, weights8[t*wantStep:][:wantStep])
				fastExpand8Go(wantPart, weights8[t*wantStep:][:wantStep])
			}
		}
		codes, starts, xScales := make([]uint32, n*blockWords), make([]int32, n), s.floats(n)
		for i := range codes {
			codes[i] = words[i%len(words)]
			if i%blockWords < k/4 {
				starts[i/blockWords] -= raised * dot4(0, codes[i], 0x01010101)
			}
		}
		acc := s.floats(n * stride)
		got, want := append([]float32{}, acc...), append([]float32{}, acc...)
		a := fastBlockArgs{
			y: got, yStride: stride, from: acc, fromStride: stride - 16, panel: panel, panelStride: step,
			x: codes, xScales: xScales, starts: starts, scales: scales, scaleStride: tileRows, k: k, n: n, tiles: tiles,
		}
		product(a)
		a.y, a.panel, a.panelStride = want, wantPanel, wantStep
		fastBlockGo(a)
		if err := compare("fast block", kinds.Kind(n), got, want); err != nil {
			return err
		}
	}
	return nil
}

// compare says where got differs from want in a bit.
func compare(what string, k kinds.Kind, got, want []float32) error {
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			return fmt.Errorf("%s %d: value %d is %x, not %x", what, k, i, got[i], want[i])
		}
	}
	return nil
}
