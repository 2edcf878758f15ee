//go:build !noasm

#include "go_asm.h"
#include "textflag.h"

// The products of packed weights in NEON. A tile of 16 rows is four vectors of
// four rows.
//
// In the products with one token: R0 y of the tile, R1 its words, R3 the steps
// of K after this block, R4 those of this block, R5 x, R6 tiles left, R7 K with its padding;
// R20 the arguments; V0 to V3 the sums of the block, V4 to V7 words, then weights or y.

// byStep orders the bytes of four words, a row each, by step of K:
//
//	word of row 0      word of row 1      …
//	k0 k1 k2 k3        k0 k1 k2 k3        …    as loaded, two codes a byte
//	k0 k0 k0 k0        k1 k1 k1 k1        …    after, rows 0 to 3 each
DATA byStep<>+0(SB)/8, $0x0d0905010c080400
DATA byStep<>+8(SB)/8, $0x0f0b07030e0a0602
GLOBL byStep<>(SB), RODATA|NOPTR, $16

// CLEAR zeroes the sums of a tile, V0 to V3.
#define CLEAR \
	VEOR V0.B16, V0.B16, V0.B16 \
	VEOR V1.B16, V1.B16, V1.B16 \
	VEOR V2.B16, V2.B16, V2.B16 \
	VEOR V3.B16, V3.B16, V3.B16

// BLOCK sets R4 to the steps of K of the next block, of those left in R3.
#define BLOCK \
	MOVD $64, R4  \
	CMP  R4, R3   \
	CSEL LT, R3, R4, R4 \
	SUB  R4, R3, R3

// ADDONES adds the sums to y at R0, by way of V31, all ones.
#define ADDONES \
	VLD1  (R0), [V4.S4, V5.S4, V6.S4, V7.S4] \
	VFMLA V31.S4, V0.S4, V4.S4 \
	VFMLA V31.S4, V1.S4, V5.S4 \
	VFMLA V31.S4, V2.S4, V6.S4 \
	VFMLA V31.S4, V3.S4, V7.S4 \
	VST1  [V4.S4, V5.S4, V6.S4, V7.S4], (R0)

// START loads the parameters that all products with one token share, and
// puts ones into V31: y R0, words R1, x R5, tiles R6, K R7.
#define START \
	MOVD  a+0(FP), R20 \
	MOVD  vectorArgs_y(R20), R0      \
	MOVD  vectorArgs_words(R20), R1 \
	MOVD  vectorArgs_tiles(R20), R6     \
	MOVD  vectorArgs_k(R20), R7     \
	FMOVS $1.0, F31             \
	VDUP  V31.S[0], V31.S4

// y = 0; for each tile t of 16 rows r, block of 64 along K:
//
//	s = Σ_k w[k][r]·x[k]     fused, k ascending
//	y[t·16 + r] += s
//
// func vectorF32NEON(a *vectorArgs)
TEXT ·vectorF32NEON(SB), NOSPLIT, $0-8
	START

tile:
	CBZ  R6, done
	MOVD vectorArgs_x(R20), R5
	MOVD R7, R3
	CLEAR
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R0)

block:
	CLEAR
	BLOCK

step:
	// One step of K: 16 weights times x.
	VLD1.P  64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1R.P 4(R5), [V8.S4]
	VFMLA   V4.S4, V8.S4, V0.S4
	VFMLA   V5.S4, V8.S4, V1.S4
	VFMLA   V6.S4, V8.S4, V2.S4
	VFMLA   V7.S4, V8.S4, V3.S4
	SUBS    $1, R4, R4
	BNE     step
	ADDONES
	CBNZ    R3, block
	ADD     $64, R0, R0
	SUB     $1, R6, R6
	B       tile

done:
	RET

// vectorF32NEON with bfloat16 weights, two steps of K a word.
//
// func vectorBF16NEON(a *vectorArgs)
TEXT ·vectorBF16NEON(SB), NOSPLIT, $0-8
	START
	MOVD $0xffff0000, R2
	VDUP R2, V30.S4

tile:
	CBZ  R6, done
	MOVD vectorArgs_x(R20), R5
	MOVD R7, R3
	CLEAR
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R0)

block:
	CLEAR
	BLOCK

step:
	// Two steps of K: the first is in the low halves of the words.
	VLD1.P  64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1R.P 4(R5), [V8.S4]
	VLD1R.P 4(R5), [V9.S4]
	VSHL    $16, V4.S4, V10.S4
	VSHL    $16, V5.S4, V11.S4
	VSHL    $16, V6.S4, V12.S4
	VSHL    $16, V7.S4, V13.S4
	VFMLA   V10.S4, V8.S4, V0.S4
	VFMLA   V11.S4, V8.S4, V1.S4
	VFMLA   V12.S4, V8.S4, V2.S4
	VFMLA   V13.S4, V8.S4, V3.S4
	VAND    V30.B16, V4.B16, V4.B16
	VAND    V30.B16, V5.B16, V5.B16
	VAND    V30.B16, V6.B16, V6.B16
	VAND    V30.B16, V7.B16, V7.B16
	VFMLA   V4.S4, V9.S4, V0.S4
	VFMLA   V5.S4, V9.S4, V1.S4
	VFMLA   V6.S4, V9.S4, V2.S4
	VFMLA   V7.S4, V9.S4, V3.S4
	SUBS    $2, R4, R4
	BNE     step
	ADDONES
	CBNZ    R3, block
	ADD     $64, R0, R0
	SUB     $1, R6, R6
	B       tile

done:
	RET

// CODES loads the bytes of a codebook at R2 into V16 to V19, and the constants
// of NIBBLES into V20 and V21.
#define CODES \
	ADD   $64, R2, R2 \
	VLD1  (R2), [V16.B16, V17.B16, V18.B16, V19.B16] \
	MOVD  $byStep<>(SB), R2 \
	VLD1  (R2), [V20.B16] \
	VMOVI $15, V21.B16

// NIBBLES splits four words of 8 codes into the codes of the first four steps
// of K, in V30, and of the last four, in words.
#define NIBBLES(words) \
	VTBL  V20.B16, [words.B16], words.B16 \
	VAND  V21.B16, words.B16, V30.B16 \
	VUSHR $4, words.B16, words.B16

// LOOKUP makes V22 to V25 the floats of four steps of K of four rows, whose
// codes are the bytes of index: byte by byte, then interleaved.
#define LOOKUP(index) \
	VTBL  index.B16, [V16.B16], V22.B16 \
	VTBL  index.B16, [V17.B16], V23.B16 \
	VTBL  index.B16, [V18.B16], V24.B16 \
	VTBL  index.B16, [V19.B16], V25.B16 \
	VZIP1 V23.B16, V22.B16, V26.B16 \
	VZIP2 V23.B16, V22.B16, V27.B16 \
	VZIP1 V25.B16, V24.B16, V28.B16 \
	VZIP2 V25.B16, V24.B16, V29.B16 \
	VZIP1 V28.H8, V26.H8, V22.H8 \
	VZIP2 V28.H8, V26.H8, V23.H8 \
	VZIP1 V29.H8, V27.H8, V24.H8 \
	VZIP2 V29.H8, V27.H8, V25.H8

// PART4 adds 8 steps of K of four rows to sum; x is in V8 to V15.
#define PART4(words, sum) \
	NIBBLES(words) \
	LOOKUP(V30) \
	VFMLA V22.S4, V8.S4, sum.S4  \
	VFMLA V23.S4, V9.S4, sum.S4  \
	VFMLA V24.S4, V10.S4, sum.S4 \
	VFMLA V25.S4, V11.S4, sum.S4 \
	LOOKUP(words) \
	VFMLA V22.S4, V12.S4, sum.S4 \
	VFMLA V23.S4, V13.S4, sum.S4 \
	VFMLA V24.S4, V14.S4, sum.S4 \
	VFMLA V25.S4, V15.S4, sum.S4

// y = 0; for each tile t of 16 rows r, block of 64 along K:
//
//	s = Σ_k code[w[k][r]]·x[k]     fused, k ascending
//	y[t·16 + r] += scale[block][r]·s     fused
//
// R8 are the scales.
//
// func vector4NEON(a *vectorArgs)
TEXT ·vector4NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R20
	MOVD vectorArgs_y(R20), R0
	MOVD vectorArgs_words(R20), R1
	MOVD vectorArgs_scales(R20), R8
	MOVD vectorArgs_tiles(R20), R6
	MOVD vectorArgs_k(R20), R7
	MOVD vectorArgs_code(R20), R2
	CODES

tile:
	CBZ  R6, done
	MOVD vectorArgs_x(R20), R5
	MOVD R7, R3
	CLEAR
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R0)

block:
	CLEAR
	MOVD $64, R4

step:
	// 8 steps of K: a word of 8 codes of each row, x in V8 to V15.
	VLD1.P  64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1R.P 4(R5), [V8.S4]
	VLD1R.P 4(R5), [V9.S4]
	VLD1R.P 4(R5), [V10.S4]
	VLD1R.P 4(R5), [V11.S4]
	VLD1R.P 4(R5), [V12.S4]
	VLD1R.P 4(R5), [V13.S4]
	VLD1R.P 4(R5), [V14.S4]
	VLD1R.P 4(R5), [V15.S4]
	PART4(V4, V0)
	PART4(V5, V1)
	PART4(V6, V2)
	PART4(V7, V3)
	SUBS    $8, R4, R4
	BNE     step

	// The block's sums times its scales are added to y.
	VLD1.P 64(R8), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1   (R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	VFMLA  V8.S4, V0.S4, V4.S4
	VFMLA  V9.S4, V1.S4, V5.S4
	VFMLA  V10.S4, V2.S4, V6.S4
	VFMLA  V11.S4, V3.S4, V7.S4
	VST1   [V4.S4, V5.S4, V6.S4, V7.S4], (R0)
	SUBS   $64, R3, R3
	BNE    block
	ADD    $64, R0, R0
	SUB    $1, R6, R6
	B      tile

done:
	RET

// CODESU4 loads the bytes 2 and 3 of the floats of -16 to 15, at R2, into V16 to V19,
// zeros into V28, and the constants of NIBBLES. Bytes 0 and 1 are zeros.
#define CODESU4 \
	VLD1  (R2), [V16.B16, V17.B16, V18.B16, V19.B16] \
	VEOR  V28.B16, V28.B16, V28.B16 \
	MOVD  $byStep<>(SB), R2 \
	VLD1  (R2), [V20.B16] \
	VMOVI $15, V21.B16

// ZEROS makes V29 16 less the zeros of 16 rows, at R9, bytes: what codes need to become
// places in the table.
#define ZEROS \
	VMOVI $16, V29.B16 \
	VLD1  (R9), [V30.B16] \
	VSUB  V30.B16, V29.B16, V29.B16

// LOOKUPU4 is LOOKUP of codes with zeros.
#define LOOKUPU4(index) \
	VTBL  index.B16, [V16.B16, V17.B16], V22.B16 \
	VTBL  index.B16, [V18.B16, V19.B16], V23.B16 \
	VZIP1 V23.B16, V22.B16, V26.B16 \
	VZIP2 V23.B16, V22.B16, V27.B16 \
	VZIP1 V26.H8, V28.H8, V22.H8 \
	VZIP2 V26.H8, V28.H8, V23.H8 \
	VZIP1 V27.H8, V28.H8, V24.H8 \
	VZIP2 V27.H8, V28.H8, V25.H8

// PLACES splits four words into places in the table: V30 and words. The words' rows have
// the zeros of a lane of V29.
#define PLACES(words, lane) \
	NIBBLES(words) \
	VDUP V29.S[lane], V31.S4 \
	VADD V31.B16, V30.B16, V30.B16 \
	VADD V31.B16, words.B16, words.B16

// PARTU4 is PART4 of codes with zeros.
#define PARTU4(words, sum, lane) \
	PLACES(words, lane) \
	LOOKUPU4(V30) \
	VFMLA V22.S4, V8.S4, sum.S4  \
	VFMLA V23.S4, V9.S4, sum.S4  \
	VFMLA V24.S4, V10.S4, sum.S4 \
	VFMLA V25.S4, V11.S4, sum.S4 \
	LOOKUPU4(words) \
	VFMLA V22.S4, V12.S4, sum.S4 \
	VFMLA V23.S4, V13.S4, sum.S4 \
	VFMLA V24.S4, V14.S4, sum.S4 \
	VFMLA V25.S4, V15.S4, sum.S4

// for each block along K of a group of a tile of 16 rows r:
//
//	s = Σ_k (w[k][r] - zeros[r])·x[k]     fused, k ascending
//	y[r] += scales[r]·s     fused
//
// R10 are the steps of a whole block, the rest as above.
//
// func groupU4NEON(a *groupU4Args)
TEXT ·groupU4NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R20
	MOVD groupU4Args_y(R20), R0
	MOVD groupU4Args_words(R20), R1
	MOVD groupU4Args_x(R20), R5
	MOVD groupU4Args_scales(R20), R8
	MOVD groupU4Args_zeros(R20), R9
	MOVD groupU4Args_k(R20), R3
	MOVD groupU4Args_block(R20), R10
	MOVD groupU4Args_table(R20), R2
	CODESU4
	ZEROS

block:
	CLEAR
	MOVD R10, R4
	CMP  R4, R3
	CSEL LT, R3, R4, R4
	SUB  R4, R3, R3

step:
	// 8 steps of K: a word of 8 codes of each row, x in V8 to V15.
	VLD1.P  64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1R.P 4(R5), [V8.S4]
	VLD1R.P 4(R5), [V9.S4]
	VLD1R.P 4(R5), [V10.S4]
	VLD1R.P 4(R5), [V11.S4]
	VLD1R.P 4(R5), [V12.S4]
	VLD1R.P 4(R5), [V13.S4]
	VLD1R.P 4(R5), [V14.S4]
	VLD1R.P 4(R5), [V15.S4]
	PARTU4(V4, V0, 0)
	PARTU4(V5, V1, 1)
	PARTU4(V6, V2, 2)
	PARTU4(V7, V3, 3)
	SUBS    $8, R4, R4
	BNE     step

	// The block's sums times the scales are added to y.
	VLD1  (R8), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1  (R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	VFMLA V8.S4, V0.S4, V4.S4
	VFMLA V9.S4, V1.S4, V5.S4
	VFMLA V10.S4, V2.S4, V6.S4
	VFMLA V11.S4, V3.S4, V7.S4
	VST1  [V4.S4, V5.S4, V6.S4, V7.S4], (R0)
	CBNZ  R3, block
	RET

// STOREU4 is STORE4 of codes with zeros.
#define STOREU4(words, lane) \
	MOVD R0, R3 \
	PLACES(words, lane) \
	LOOKUPU4(V30) \
	VST1.P [V22.S4], (R3)(R5) \
	VST1.P [V23.S4], (R3)(R5) \
	VST1.P [V24.S4], (R3)(R5) \
	VST1.P [V25.S4], (R3)(R5) \
	LOOKUPU4(words) \
	VST1.P [V22.S4], (R3)(R5) \
	VST1.P [V23.S4], (R3)(R5) \
	VST1.P [V24.S4], (R3)(R5) \
	VST1.P [V25.S4], (R3)(R5) \
	ADD  $16, R0, R0

// for each step k of the panel, row r < 16:
//
//	panel[k·16 + r] = w[k][r] - zeros[r]
//
// func zeroedNEON(panel []float32, words []uint32, zeros *[16]int8, table *[64]byte)
TEXT ·zeroedNEON(SB), NOSPLIT, $0-64
	MOVD panel_base+0(FP), R0
	MOVD panel_len+8(FP), R4
	MOVD words_base+24(FP), R1
	MOVD zeros+48(FP), R9
	MOVD table+56(FP), R2
	CODESU4
	ZEROS
	MOVD $64, R5

step:
	// 8 steps of K; R4 counts the numbers of the panel that are left.
	VLD1.P 64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	STOREU4(V4, 0)
	STOREU4(V5, 1)
	STOREU4(V6, 2)
	STOREU4(V7, 3)
	ADD    $448, R0, R0
	SUBS   $128, R4, R4
	BNE    step
	RET

// STORE4 stores 8 steps of K of four rows at R0 and on, a step each 64 bytes.
#define STORE4(words) \
	MOVD R0, R3 \
	NIBBLES(words) \
	LOOKUP(V30) \
	VST1.P [V22.S4], (R3)(R5) \
	VST1.P [V23.S4], (R3)(R5) \
	VST1.P [V24.S4], (R3)(R5) \
	VST1.P [V25.S4], (R3)(R5) \
	LOOKUP(words) \
	VST1.P [V22.S4], (R3)(R5) \
	VST1.P [V23.S4], (R3)(R5) \
	VST1.P [V24.S4], (R3)(R5) \
	VST1.P [V25.S4], (R3)(R5) \
	ADD  $16, R0, R0

// for each step k of the panel, row r < 16:
//
//	panel[k·16 + r] = code[w[k][r]]
//
// func expand4NEON(panel []float32, words []uint32, tops []float32, code *[32]float32)
TEXT ·expand4NEON(SB), NOSPLIT, $0-80
	MOVD panel_base+0(FP), R0
	MOVD panel_len+8(FP), R4
	MOVD words_base+24(FP), R1
	MOVD code+72(FP), R2
	CODES
	MOVD $64, R5

step:
	// 8 steps of K; R4 counts the numbers of the panel that are left.
	VLD1.P 64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	STORE4(V4)
	STORE4(V5)
	STORE4(V6)
	STORE4(V7)
	ADD    $448, R0, R0
	SUBS   $128, R4, R4
	BNE    step
	RET

// for each step k of the panel, row r < 16:
//
//	panel[k·16 + r] = w[k][r]
//
// func expandBF16NEON(panel []float32, words []uint32, tops []float32, code *[32]float32)
TEXT ·expandBF16NEON(SB), NOSPLIT, $0-80
	MOVD panel_base+0(FP), R0
	MOVD panel_len+8(FP), R4
	MOVD words_base+24(FP), R1
	MOVD $0xffff0000, R2
	VDUP R2, V30.S4

step:
	// Two steps of K: low halves of the words, then high halves.
	VLD1.P 64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	VSHL   $16, V4.S4, V10.S4
	VSHL   $16, V5.S4, V11.S4
	VSHL   $16, V6.S4, V12.S4
	VSHL   $16, V7.S4, V13.S4
	VST1.P [V10.S4, V11.S4, V12.S4, V13.S4], 64(R0)
	VAND   V30.B16, V4.B16, V4.B16
	VAND   V30.B16, V5.B16, V5.B16
	VAND   V30.B16, V6.B16, V6.B16
	VAND   V30.B16, V7.B16, V7.B16
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R0)
	SUBS   $32, R4, R4
	BNE    step
	RET

// One token of a block has its sums of 16 rows in a, b, c and d. ZERO4 zeroes
// them; TOKEN adds a step of K to them, the weights in V20 to V23 times the x
// at R5.
#define ZERO4(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16 \
	VEOR b.B16, b.B16, b.B16 \
	VEOR c.B16, c.B16, c.B16 \
	VEOR d.B16, d.B16, d.B16

#define TOKEN(a, b, c, d) \
	VLD1R.P 4(R5), [V24.S4] \
	VFMLA   V20.S4, V24.S4, a.S4 \
	VFMLA   V21.S4, V24.S4, b.S4 \
	VFMLA   V22.S4, V24.S4, c.S4 \
	VFMLA   V23.S4, V24.S4, d.S4

// JOIN adds the sums, times the scales in V20 to V23, to y at R10, and goes
// on to the next token.
#define JOIN(a, b, c, d) \
	VLD1  (R10), [V24.S4, V25.S4, V26.S4, V27.S4] \
	VFMLA V20.S4, a.S4, V24.S4 \
	VFMLA V21.S4, b.S4, V25.S4 \
	VFMLA V22.S4, c.S4, V26.S4 \
	VFMLA V23.S4, d.S4, V27.S4 \
	VST1  [V24.S4, V25.S4, V26.S4, V27.S4], (R10) \
	ADD   R1, R10, R10

// WEIGHTS loads the 16 weights of a step of K from the panel at R9.
#define WEIGHTS VLD1.P 64(R9), [V20.S4, V21.S4, V22.S4, V23.S4]

// for each tile t of 16 rows r, token c < n ≤ 4:
//
//	s = Σ_i panel[t·panelStride + i·16 + r]·x[i·n + c]     i < k, fused, ascending
//	y[c·yStride + t·16 + r] += scales[t·scaleStride + r]·s     fused
//
// R0 y of the tile, R1 yStride, R2 panel of the tile, R3 panelStride, R6 scales,
// R7 scaleStride, R8 n, R11 tiles left, all strides in bytes; R4 steps of K left,
// R5 x, R9 panel, R10 y of a token. Sums of token c are V4c to V4c+3.
//
// func blockNEON(a *blockArgs)
TEXT ·blockNEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R20
	MOVD blockArgs_y(R20), R0
	MOVD blockArgs_yStride(R20), R1
	LSL  $2, R1, R1
	MOVD blockArgs_panel(R20), R2
	MOVD blockArgs_panelStride(R20), R3
	LSL  $2, R3, R3
	MOVD blockArgs_scales(R20), R6
	MOVD blockArgs_scaleStride(R20), R7
	LSL  $2, R7, R7
	MOVD blockArgs_n(R20), R8
	MOVD blockArgs_tiles(R20), R11

tile:
	MOVD blockArgs_x(R20), R5
	MOVD blockArgs_k(R20), R4
	MOVD R2, R9
	MOVD R0, R10
	ZERO4(V0, V1, V2, V3)
	ZERO4(V4, V5, V6, V7)
	ZERO4(V8, V9, V10, V11)
	ZERO4(V12, V13, V14, V15)
	CMP  $2, R8
	BLT  step1
	BEQ  step2
	CMP  $3, R8
	BEQ  step3

	// A loop over K for each number of tokens.
step4:
	WEIGHTS
	TOKEN(V0, V1, V2, V3)
	TOKEN(V4, V5, V6, V7)
	TOKEN(V8, V9, V10, V11)
	TOKEN(V12, V13, V14, V15)
	SUBS $1, R4, R4
	BNE  step4
	B    join

step3:
	WEIGHTS
	TOKEN(V0, V1, V2, V3)
	TOKEN(V4, V5, V6, V7)
	TOKEN(V8, V9, V10, V11)
	SUBS $1, R4, R4
	BNE  step3
	B    join

step2:
	WEIGHTS
	TOKEN(V0, V1, V2, V3)
	TOKEN(V4, V5, V6, V7)
	SUBS $1, R4, R4
	BNE  step2
	B    join

step1:
	WEIGHTS
	TOKEN(V0, V1, V2, V3)
	SUBS $1, R4, R4
	BNE  step1

join:
	VLD1 (R6), [V20.S4, V21.S4, V22.S4, V23.S4]
	JOIN(V0, V1, V2, V3)
	CMP  $2, R8
	BLT  next
	JOIN(V4, V5, V6, V7)
	CMP  $3, R8
	BLT  next
	JOIN(V8, V9, V10, V11)
	CMP  $4, R8
	BLT  next
	JOIN(V12, V13, V14, V15)

next:
	// To the next tile.
	ADD  $64, R0, R0
	ADD  R3, R2, R2
	ADD  R7, R6, R6
	SUBS $1, R11, R11
	BNE  tile
	RET
