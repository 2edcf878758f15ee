//go:build !noasm

#include "textflag.h"

// The kernels over vectors in NEON, for whole runs of 16: exponentials, sums
// of squares and attention.

// Instructions that the assembler does not know, on four float32s; the
// operands are numbers of registers, the destination last.
#define FADD4(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))  // d = n + m
#define FSUB4(m, n, d) WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d))  // d = n - m
#define FMUL4(m, n, d) WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))  // d = n · m
#define FDIV4(m, n, d) WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d))  // d = n / m
#define FCMGT4(m, n, d) WORD $(0x6EA0E400 | (m)<<16 | (n)<<5 | (d)) // d = n > m, all ones or zeros
#define FCVTL(n, d) WORD $(0x0E217800 | (n)<<5 | (d))               // d = the lower four float16s of n
#define FCVTL2(n, d) WORD $(0x4E217800 | (n)<<5 | (d))              // d = the upper four

// CONSTANT fills a register with a float32 given by its bits.
#define CONSTANT(bits, v) \
	MOVD $bits, R9 \
	VDUP R9, v

// CONSTANTS loads the constants of exp32 (exp.go): V16 log2 e, V17 1.5·2^23, which
// rounds to an integer, V18 and V19 ln 2 and its rest, V20 to V24 c6 to c2, V25
// 1, V26 and V27 the least and the greatest x, V28 +Inf; and V14 0.
#define CONSTANTS \
	CONSTANT(0x3FB8AA3B, V16.S4) \
	CONSTANT(0x4B400000, V17.S4) \
	CONSTANT(0x3F317218, V18.S4) \
	CONSTANT(0xB102E308, V19.S4) \
	CONSTANT(0x3AB511E8, V20.S4) \
	CONSTANT(0x3C091D10, V21.S4) \
	CONSTANT(0x3D2AAC79, V22.S4) \
	CONSTANT(0x3E2AAA49, V23.S4) \
	CONSTANT(0x3EFFFFFE, V24.S4) \
	CONSTANT(0x3F800000, V25.S4) \
	CONSTANT(0xC2AEAC4F, V26.S4) \
	CONSTANT(0x42B17217, V27.S4) \
	CONSTANT(0x7F800000, V28.S4) \
	VEOR V14.B16, V14.B16, V14.B16

// EXP sets V7 to exp V0 and uses V4 to V9, by the chain of exp32: V4 is t =
// x·log2 e + 1.5·2^23, V5 n = t - 1.5·2^23, V6 r = x - n·ln 2; V7 and V8 in turn
// are the polynomial of r; then t's lowest bits, n, are added to its exponent. The
// last lines put 0 below the least x, +Inf above the greatest.
#define EXP \
	VMOV  V17.B16, V4.B16         \
	VFMLA V16.S4, V0.S4, V4.S4    \
	FSUB4(17, 4, 5)               \
	VMOV  V0.B16, V6.B16          \
	VFMLS V18.S4, V5.S4, V6.S4    \
	VFMLS V19.S4, V5.S4, V6.S4    \
	VMOV  V21.B16, V7.B16         \
	VFMLA V20.S4, V6.S4, V7.S4    \
	VMOV  V22.B16, V8.B16         \
	VFMLA V7.S4, V6.S4, V8.S4     \
	VMOV  V23.B16, V7.B16         \
	VFMLA V8.S4, V6.S4, V7.S4     \
	VMOV  V24.B16, V8.B16         \
	VFMLA V7.S4, V6.S4, V8.S4     \
	VMOV  V25.B16, V7.B16         \
	VFMLA V8.S4, V6.S4, V7.S4     \
	VMOV  V25.B16, V8.B16         \
	VFMLA V7.S4, V6.S4, V8.S4     \
	VSHL  $23, V4.S4, V4.S4       \
	VADD  V4.S4, V8.S4, V7.S4     \
	FCMGT4(0, 26, 9)              \
	VBIT  V9.B16, V14.B16, V7.B16 \
	FCMGT4(27, 0, 9)              \
	VBIT  V9.B16, V28.B16, V7.B16

// SHIFTED loads 4 of x at R0 to V0, less the shift in V29, and EXP follows.
#define SHIFTED \
	VLD1 (R0), [V0.S4] \
	FSUB4(29, 0, 0)    \
	EXP

// ATTENTION loads the parameters of addLines32NEON and addLines16NEON: R0 y, R1
// x, R2 its length, R3 lines, R4 lineStride, R5 columns left.
#define ATTENTION \
	MOVD y_base+0(FP), R0      \
	MOVD x_base+24(FP), R1     \
	MOVD x_len+32(FP), R2      \
	MOVD lines_base+48(FP), R3 \
	MOVD lineStride+72(FP), R4       \
	MOVD columns+80(FP), R5

// TILE begins a walk along x: R6 x, R7 its length, R8 the tile's lines.
#define TILE \
	MOVD R1, R6 \
	MOVD R2, R7 \
	MOVD R3, R8

// ADD16 adds x, in V24, times the 16 columns in V16 to V19.
#define ADD16 \
	VFMLA V24.S4, V16.S4, V0.S4 \
	VFMLA V24.S4, V17.S4, V1.S4 \
	VFMLA V24.S4, V18.S4, V2.S4 \
	VFMLA V24.S4, V19.S4, V3.S4

// ADD32 is ADD16 for 32 columns, in V16 to V23.
#define ADD32 \
	ADD16 \
	VFMLA V24.S4, V20.S4, V4.S4 \
	VFMLA V24.S4, V21.S4, V5.S4 \
	VFMLA V24.S4, V22.S4, V6.S4 \
	VFMLA V24.S4, V23.S4, V7.S4

// e = exp(x[i] - shift); x[i] = e; sums[i mod 16] += e
//
// The sums are V10 to V13.
//
// func expSumNEON(x []float32, shift float32, sums *[16]float32)
TEXT ·expSumNEON(SB), NOSPLIT, $0-40
	MOVD  x_base+0(FP), R0
	MOVD  x_len+8(FP), R1
	FMOVS shift+24(FP), F29
	VDUP  V29.S[0], V29.S4
	MOVD  sums+32(FP), R2
	CONSTANTS
	VLD1  (R2), [V10.S4, V11.S4, V12.S4, V13.S4]

loop:
	CBZ    R1, done
	SHIFTED
	VST1.P [V7.S4], 16(R0)
	FADD4(7, 10, 10)
	SHIFTED
	VST1.P [V7.S4], 16(R0)
	FADD4(7, 11, 11)
	SHIFTED
	VST1.P [V7.S4], 16(R0)
	FADD4(7, 12, 12)
	SHIFTED
	VST1.P [V7.S4], 16(R0)
	FADD4(7, 13, 13)
	SUB    $16, R1
	B      loop

done:
	VST1 [V10.S4, V11.S4, V12.S4, V13.S4], (R2)
	RET

// sums[i mod 16] += exp(x[i] - shift)
//
// func sumExpNEON(x []float32, shift float32, sums *[16]float32)
TEXT ·sumExpNEON(SB), NOSPLIT, $0-40
	MOVD  x_base+0(FP), R0
	MOVD  x_len+8(FP), R1
	FMOVS shift+24(FP), F29
	VDUP  V29.S[0], V29.S4
	MOVD  sums+32(FP), R2
	CONSTANTS
	VLD1  (R2), [V10.S4, V11.S4, V12.S4, V13.S4]

loop:
	CBZ  R1, done
	SHIFTED
	FADD4(7, 10, 10)
	ADD  $16, R0
	SHIFTED
	FADD4(7, 11, 11)
	ADD  $16, R0
	SHIFTED
	FADD4(7, 12, 12)
	ADD  $16, R0
	SHIFTED
	FADD4(7, 13, 13)
	ADD  $16, R0
	SUB  $16, R1
	B    loop

done:
	VST1 [V10.S4, V11.S4, V12.S4, V13.S4], (R2)
	RET

// dst[i] = gate[i]/(1 + exp(-gate[i]))·up[i]
//
// func siluMulNEON(dst, gate, up []float32)
TEXT ·siluMulNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD gate_base+24(FP), R1
	MOVD gate_len+32(FP), R2
	MOVD up_base+48(FP), R3
	CONSTANTS
	CONSTANT(0x80000000, V29.S4)

loop:
	CBZ    R2, done
	VLD1.P 16(R1), [V1.S4]
	VEOR   V29.B16, V1.B16, V0.B16
	EXP
	FADD4(25, 7, 7)
	FDIV4(7, 1, 1)
	VLD1.P 16(R3), [V2.S4]
	FMUL4(2, 1, 1)
	VST1.P [V1.S4], 16(R0)
	SUB    $4, R2
	B      loop

done:
	RET

// sums[i mod 16] += x[i]·x[i]     fused
//
// func sumSquaresNEON(x []float32, sums *[16]float32)
TEXT ·sumSquaresNEON(SB), NOSPLIT, $0-32
	MOVD x_base+0(FP), R0
	MOVD x_len+8(FP), R1
	MOVD sums+24(FP), R2
	VLD1 (R2), [V4.S4, V5.S4, V6.S4, V7.S4]

loop:
	CBZ    R1, done
	VLD1.P 64(R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	VFMLA  V0.S4, V0.S4, V4.S4
	VFMLA  V1.S4, V1.S4, V5.S4
	VFMLA  V2.S4, V2.S4, V6.S4
	VFMLA  V3.S4, V3.S4, V7.S4
	SUB    $16, R1
	B      loop

done:
	VST1 [V4.S4, V5.S4, V6.S4, V7.S4], (R2)
	RET

// for c < columns:
//
//	y[c] += Σ_i x[i]·lines[i·lineStride + c]     fused, i ascending
//
// func addLines32NEON(y, x, lines []float32, lineStride, columns int)
TEXT ·addLines32NEON(SB), NOSPLIT, $0-88
	ATTENTION
	LSL $2, R4

tile:
	// 32 columns at a time: V0 to V7 are y.
	CMP  $32, R5
	BLT  tile16
	TILE
	VLD1 (R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	ADD  $64, R0, R10
	VLD1 (R10), [V4.S4, V5.S4, V6.S4, V7.S4]

row:
	// x[i] (V24) times 32 columns of line i.
	VLD1R.P 4(R6), [V24.S4]
	ADD     $64, R8, R9
	VLD1    (R8), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1    (R9), [V20.S4, V21.S4, V22.S4, V23.S4]
	ADD32
	ADD     R4, R8
	SUBS    $1, R7
	BNE     row
	VST1    [V0.S4, V1.S4, V2.S4, V3.S4], (R0)
	VST1    [V4.S4, V5.S4, V6.S4, V7.S4], (R10)
	ADD     $128, R0
	ADD     $128, R3
	SUB     $32, R5
	B       tile

tile16:
	// 16 columns are left, or none.
	CBZ  R5, done
	TILE
	VLD1 (R0), [V0.S4, V1.S4, V2.S4, V3.S4]

row16:
	VLD1R.P 4(R6), [V24.S4]
	VLD1    (R8), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD16
	ADD     R4, R8
	SUBS    $1, R7
	BNE     row16
	VST1    [V0.S4, V1.S4, V2.S4, V3.S4], (R0)

done:
	RET

// addLines32NEON over lines of float16.
//
// func addLines16NEON(y, x []float32, lines []uint16, lineStride, columns int)
TEXT ·addLines16NEON(SB), NOSPLIT, $0-88
	ATTENTION
	LSL $1, R4

tile:
	// 32 columns at a time: V0 to V7 are y.
	CMP  $32, R5
	BLT  tile16
	TILE
	VLD1 (R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	ADD  $64, R0, R10
	VLD1 (R10), [V4.S4, V5.S4, V6.S4, V7.S4]

row:
	// x[i] (V24) times 32 columns of line i.
	VLD1R.P 4(R6), [V24.S4]
	VLD1    (R8), [V28.H8, V29.H8, V30.H8, V31.H8]
	FCVTL(28, 16)
	FCVTL2(28, 17)
	FCVTL(29, 18)
	FCVTL2(29, 19)
	FCVTL(30, 20)
	FCVTL2(30, 21)
	FCVTL(31, 22)
	FCVTL2(31, 23)
	ADD32
	ADD     R4, R8
	SUBS    $1, R7
	BNE     row
	VST1    [V0.S4, V1.S4, V2.S4, V3.S4], (R0)
	VST1    [V4.S4, V5.S4, V6.S4, V7.S4], (R10)
	ADD     $128, R0
	ADD     $64, R3
	SUB     $32, R5
	B       tile

tile16:
	// 16 columns are left, or none.
	CBZ  R5, done
	TILE
	VLD1 (R0), [V0.S4, V1.S4, V2.S4, V3.S4]

row16:
	VLD1R.P 4(R6), [V24.S4]
	VLD1    (R8), [V28.H8, V29.H8]
	FCVTL(28, 16)
	FCVTL2(28, 17)
	FCVTL(29, 18)
	FCVTL2(29, 19)
	ADD16
	ADD     R4, R8
	SUBS    $1, R7
	BNE     row16
	VST1    [V0.S4, V1.S4, V2.S4, V3.S4], (R0)

done:
	RET
