package matrix

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/medner/medner/internal/kinds"
	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// A block of a row has 64 codes and 16 values that these can stand for: each value of
// the codebook times the row's scale, rounded to 16 bits. So instead of multiplying
// and rounding each weight, the kernels of AVX-512 VBMI make these 16 values of each
// row of a tile once a block, and look the weights up. A byte permutation chooses from
// 128 bytes, so that the values of 8 rows are two tables, of low and of high bytes:
//
//	index     row in bits 4 to 6, code in bits 0 to 3
//	tables    4 rows in a register, the next 4 in memory; rows 0 to 7, rows 8 to 15
//
// What is looked up are the low and the high bytes of four steps of K of 16 rows in a
// register each. Of these, bfloat16 becomes floats by unpacking, zeros below; for that
// each four words are transposed before codes are looked up, to be four rows of one
// step, then of the next. Float16 is permuted to 16 rows of a step, and converted.
type roundTables struct {
	bf16  bool
	local Register // of the tables in memory, tileTables bytes a tile

	code             VecVirtual
	pairs, pairsHigh VecVirtual // orders that split values into bytes
	rows, low        VecVirtual // the bits of the row in an index, and 0x0f
	one, zero        VecVirtual
	steps            []VecVirtual       // orders that make float16 of bytes
	first, last      Register           // masks of bytes: rows 0 to 7, rows 8 to 15
	held             [][2][2]VecVirtual // [tile][rows 0 to 7, 8 to 15][low, high bytes] of the first 4 rows
}

// tileTables is the bytes of the tables of a tile that lie in memory.
const tileTables = 4 * 64

// ternaryAndOr makes VPTERNLOGD compute a&b | c, a being the destination.
const ternaryAndOr = 0xea

// roundedVectors writes matrixOps.vector of the kinds that round scaled weights.
func roundedVectors() {
	for _, f := range formats() {
		if f.Round == kinds.Exact {
			continue
		}
		DeclareArgs("vector"+f.Name, 0, "vectorArgs", "vectorGo of kinds."+f.goName()+".", f.vectorFormula())
		local := AllocLocal(2*tileTables + 64)
		Cases("n", "tokens", limits.vectorTokens, func(n int) {
			v := &vectorBody{format: f, n: n}
			v.y, v.words, v.scales, v.tiles = Pointer("y"), Pointer("words"), Pointer("scales"), Integer("tiles")
			if n > 1 {
				v.yStride, v.xStride = FloatBytes("yStride"), FloatBytes("xStride")
			}
			v.rounded = newRoundTables(f, local)
			if n == 1 {
				v.loop(2)
			}
			v.loop(1)
		})
	}
}

// newRoundTables loads what all blocks need.
func newRoundTables(f *format, local Mem) *roundTables {
	r := &roundTables{bf16: f.Round == kinds.ToBF16, local: GP64(), code: ZMM(), low: ZMM()}
	LEAQ(local, r.local)
	ADDQ(Imm(63), r.local)
	ANDQ(I8(-64), r.local)
	VMOVUPS(Mem{Base: Integer("code")}, r.code)
	VMOVDQU32(lowNibbles, r.low)
	r.first, r.last = mask(0x00000000ffffffff), mask(0xffffffff00000000)
	order := func(name string, at func(i int) int) VecVirtual {
		v := ZMM()
		VMOVDQU32(Table(name, packed(at)...), v)
		return v
	}
	if r.bf16 {
		r.rows = order("rowsBF16", func(i int) int { return (i/16*4 + i%4) % 8 << 4 })
		r.one, r.zero = ZMM(), NewZero()
		VMOVDQU32(wordBit, r.one)
		// Bytes 2 of two registers of floats, then bytes 3.
		r.pairs = order("pairsBF16", func(i int) int { return i/16%2*64 + i%16*4 + 2 + i/32 })
		return r
	}
	r.rows = order("rowsF16", func(i int) int { return i / 4 % 8 << 4 })
	// Bytes 0 of two registers of 16 bits, and bytes 1.
	r.pairs = order("lowF16", func(i int) int { return i/32*64 + i%32*2 })
	r.pairsHigh = order("highF16", func(i int) int { return i/32*64 + i%32*2 + 1 })
	for j, name := range []string{"steps01", "steps23"} {
		// Step 2j of 16 rows, 16 bits each, then step 2j+1.
		r.steps = append(r.steps, order(name, func(i int) int { return i%32/2*4 + 2*j + i/32 + i%2*64 }))
	}
	return r
}

// packed returns the bytes at(0) to at(63) in words.
func packed(at func(i int) int) []uint32 {
	words := make([]uint32, 16)
	for i := range 64 {
		words[i/4] |= uint32(at(i)) << (i % 4 * 8)
	}
	return words
}

// mask returns a mask of bytes.
func mask(bits uint64) Register {
	k, v := K(), GP64()
	MOVQ(U64(bits), v)
	KMOVQ(v, k)
	return k
}

// build makes the tables of a block of a tile, whose scales are at top.
func (r *roundTables) build(t int, top Mem) {
	Note("The 16 values of each row of tile %d, rounded; tables of their low and high bytes,\nof rows 0 to 3 and 8 to 11 in registers, of the others at %s on.", t, r.local)
	var held [2][2]VecVirtual
	for four := range 4 {
		var low, high VecVirtual
		if r.bf16 {
			low, high = r.fourBF16(top.Offset(16 * four))
		} else {
			low, high = r.fourF16(top.Offset(16 * four))
		}
		if four%2 == 0 {
			held[four/2] = [2]VecVirtual{low, high}
			continue
		}
		VMOVDQA32(low, r.memory(t, four/2, 0))
		VMOVDQA32(high, r.memory(t, four/2, 1))
	}
	r.held = append(r.held, held)
}

// memory returns where the table of low or high bytes of the second four of 8 rows is.
func (r *roundTables) memory(t, eight, plane int) Mem {
	return Mem{Base: r.local, Disp: t*tileTables + eight*128 + plane*64}
}

// fourBF16 returns the low and the high bytes of the values of four rows.
func (r *roundTables) fourBF16(scales Mem) (low, high VecVirtual) {
	var two [2]VecVirtual
	for i := range two {
		var v [2]VecVirtual
		for j := range v {
			v[j] = ZMM()
			VMULPS_BCST(scales.Offset(8*i+4*j), r.code, v[j])
			// As roundBF16, but for the bits below. The multiplication moves the
			// upper halves down.
			t := ZMM()
			VPMADDWD(upperHalves, v[j], t)
			VPTERNLOGD(Imm(ternaryNotAndOr), roundEvenBias, r.one, t)
			VPSUBD(t, v[j], v[j])
		}
		VPERMT2B(v[1], r.pairs, v[0])
		two[i] = v[0]
	}
	low, high = ZMM(), ZMM()
	VINSERTI64X4(Imm(1), two[1].AsY(), two[0], low)
	VSHUFI64X2(Imm(0xee), two[1], two[0], high)
	return low, high
}

// fourF16 is fourBF16 for float16.
func (r *roundTables) fourF16(scales Mem) (low, high VecVirtual) {
	var two [2]VecVirtual
	for i := range two {
		var v [2]VecVirtual
		for j := range v {
			v[j] = ZMM()
			VMULPS_BCST(scales.Offset(8*i+4*j), r.code, v[j])
			VCVTPS2PH(Imm(0), v[j], v[j].AsY())
		}
		VINSERTI64X4(Imm(1), v[1].AsY(), v[0], v[0])
		two[i] = v[0]
	}
	low, high = Duplicate(two[0]), two[0]
	VPERMT2B(two[1], r.pairs, low)
	VPERMT2B(two[1], r.pairsHigh, high)
	return low, high
}

// eight adds 8 steps of K to the sums of all tiles.
func (r *roundTables) eight(v *vectorBody) {
	words := make([]VecVirtual, len(v.sums))
	for t := range words {
		words[t] = ZMM()
		VMOVDQU32(v.atWord[t], words[t])
		if r.bf16 {
			VPSHUFB(transpose, words[t], words[t])
		}
	}
	for half := range 2 {
		for t := range words {
			if half == 1 {
				VPSRLD(Imm(4), words[t], words[t])
			}
			low, high := r.lookUp(t, words[t])
			if r.bf16 {
				r.addBF16(v, t, 4*half, low, high)
			} else {
				r.addF16(v, t, 4*half, low, high)
			}
		}
	}
}

// lookUp returns the low and the high bytes of the weights of tile t that the low
// nibbles of words stand for.
func (r *roundTables) lookUp(t int, words VecVirtual) (low, high VecVirtual) {
	low = Duplicate(words)
	VPTERNLOGD(Imm(ternaryAndOr), r.rows, r.low, low)
	high = Duplicate(low)
	for eight, rows := range []Register{r.first, r.last} {
		VPERMI2B(r.memory(t, eight, 0), r.held[t][eight][0], rows, low)
		VPERMI2B(r.memory(t, eight, 1), r.held[t][eight][1], rows, high)
	}
	return low, high
}

// addBF16 adds four steps of K from the step of 8 on to the sums of tile t.
func (r *roundTables) addBF16(v *vectorBody, t, step int, low, high VecVirtual) {
	for pair, unpack := range []func(...Op){VPUNPCKLBW, VPUNPCKHBW} {
		w, first := ZMM(), ZMM()
		unpack(high, low, w)
		VPUNPCKLWD(w, r.zero, first)
		v.addStep(t, step+2*pair, first)
		VPUNPCKHWD(w, r.zero, w)
		v.addStep(t, step+2*pair+1, w)
	}
}

// addF16 is addBF16 for float16.
func (r *roundTables) addF16(v *vectorBody, t, step int, low, high VecVirtual) {
	for pair, order := range r.steps {
		w, first := Duplicate(order), ZMM()
		VPERMI2B(high, low, w)
		VCVTPH2PS(w.AsY(), first)
		v.addStep(t, step+2*pair, first)
		VEXTRACTI64X4(Imm(1), w, w.AsY())
		VCVTPH2PS(w.AsY(), w)
		v.addStep(t, step+2*pair+1, w)
	}
}

// addStep adds the weights w of a tile, of a step of 8, to its sums.
func (v *vectorBody) addStep(t, step int, w VecVirtual) {
	for c, sum := range v.sums[t][0] {
		multiplyAdd(v.atX[c].Offset(4*step), w, sum)
	}
}
