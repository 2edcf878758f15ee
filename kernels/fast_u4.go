package kernels

// fastVectorU4Go returns fastOps.fastVector of kinds with zeros.
func fastVectorU4Go(block int) func(*fastVectorArgs) {
	return func(a *fastVectorArgs) {
		var panel [blockWords * tileRows]uint32
		var scales [tileRows]float32
		blocks, g := a.k/block, grouping{a.group, Format(a.scale)}
		for i := range a.n * a.tiles * blocks {
			token, tile, b := i/(a.tiles*blocks), i/blocks%a.tiles, i%blocks
			y, at := a.y[token*a.yStride+tile*tileRows:][:tileRows], b*block
			if b == 0 {
				clear(y)
			}
			group := a.groups[tile*a.tileGroups+at/g.steps*g.groupWords():]
			for r := range scales {
				scales[r] = scaleOf(group, r, g.scale)
			}
			words := a.words[(tile*a.k+at)/8*tileRows:][:block/8*tileRows]
			fastExpandU4Go(panel[:2*len(words)], words, zerosOf(group))
			fastBlockGo(&fastBlockArgs{
				y: y, from: y, panel: panel[:], x: a.x[(at/blockK*a.xStride+token)*blockWords+at%blockK/4:],
				xScales: a.xScales[b*a.xStride+token:], scales: scales[:], k: block, n: 1, tiles: 1,
			})
		}
	}
}

// fastExpandU4Go is fastOps.fastExpand of kinds with zeros: codes less zeros.
func fastExpandU4Go(panel []uint32, words []uint32, zeros *[16]int8) {
	for row := range tileRows {
		var code [16]int8
		for i := range code {
			code[i] = int8(i) - zeros[row]
		}
		for i := row; i < len(words); i += tileRows {
			line := panel[i/tileRows*2*tileRows:]
			line[row], line[tileRows+row] = 0, 0
			for j := range 4 {
				line[row] |= uint32(uint8(code[words[i]>>(8*j)&15])) << (8 * j)
				line[tileRows+row] |= uint32(uint8(code[words[i]>>(8*j+4)&15])) << (8 * j)
			}
		}
	}
}

// addChannelU4Go is addChannel4Go of kinds with zeros: w is the code less its row's
// zero, zeros[t·scaleStride + r].
func addChannelU4Go(a *channelArgs) {
	for i := range a.tiles * tileRows {
		t, r := i/tileRows, i%tileRows
		code := a.words[t*a.wordStride+r] >> a.shift & 15
		a.addWeight(i, a.scales[t*a.scaleStride+r]*(float32(code)-a.zeros[t*a.scaleStride+r]))
	}
}
