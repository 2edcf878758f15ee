package vector

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "github.com/medner/medner/kernels/internal/gen/asm"
)

// expNumbers are the constants of exp.
type expNumbers struct {
	round, one, log2E, ln2, ln2Rest, c6, c5, c4, c3, c2, least, most, infinity Op
}

// newExpNumbers loads the constants into registers, of AVX2's 16 as many as there
// is room for beside the given number of others: loading them in the loop would be
// what limits it.
func newExpNumbers(others int) *expNumbers {
	e := &expNumbers{}
	for i, c := range []struct {
		number *Op
		name   string
		value  float32
	}{
		{&e.round, "expRound", 3 << 22}, {&e.one, "one", 1}, {&e.log2E, "expLog2E", 1.44269504},
		{&e.ln2, "expLn2", 0.693147181}, {&e.ln2Rest, "expLn2Rest", -1.9046542e-09},
		{&e.c6, "expC6", 0x1.6a23dp-10}, {&e.c5, "expC5", 0x1.123a2p-7}, {&e.c4, "expC4", 0x1.5558f2p-5},
		{&e.c3, "expC3", 0x1.555492p-3}, {&e.c2, "expC2", 0x1.fffffcp-2},
		{&e.least, "expMin", -87.33654}, {&e.most, "expMax", 88.72283}, {&e.infinity, "infinity", float32(math.Inf(1))},
	} {
		m := Real(c.name, c.value)
		*c.number = m
		if Wide() || i < 16-others {
			r := NewVector()
			VMOVUPS(m, r)
			*c.number = r
		}
	}
	return e
}

// exp returns e^x in a new register, by the operations of exp32 in package kernels;
// negative says that no x is greater than 0.
func (e *expNumbers) exp(x VecVirtual, negative bool) VecVirtual {
	t, n, r, p := NewVector(), NewVector(), NewVector(), NewVector()
	Note("exp of %s: t = x·log2 e + 1.5·2^23 in %s, n = t rounded to an integer in %s,\nr = x - n·ln 2 in %s, a polynomial of r in %s; then n is added to its exponent.", x, t, n, r, p)
	VMOVUPS(e.log2E, t)
	VFMADD213PS(e.round, x, t) // t = x·log2e + round
	VSUBPS(e.round, t, n)
	VMOVAPS(x, r)
	VFNMADD231PS(e.ln2, n, r)
	VFNMADD231PS(e.ln2Rest, n, r)
	VMOVUPS(e.c6, p)
	for _, c := range []Op{e.c5, e.c4, e.c3, e.c2, e.one, e.one} {
		VFMADD213PS(c, r, p)
	}
	VPSLLD(Imm(23), t, t)
	VPADDD(t, p, p)
	Note("Below the normal range 0%s.", map[bool]string{true: "", false: ", above it infinity"}[negative])
	const less, notLess, greater = 0x11, 0x15, 0x1e // quiet; true of NaN: notLess alone
	if Wide() {
		keep, over := K(), K()
		VCMPPS(Imm(notLess), e.least, x, keep)
		VMOVAPS_Z(p, keep, p)
		if !negative {
			VCMPPS(Imm(greater), e.most, x, over)
			VMOVUPS(e.infinity, over, p)
		}
		return p
	}
	VCMPPS(Imm(less), e.least, x, t)
	VANDNPS(p, t, p)
	if !negative {
		VCMPPS(Imm(greater), e.most, x, t)
		VBLENDVPS(t, e.infinity, p, p)
	}
	return p
}

func exponentials() {
	for _, stored := range []bool{true, false} {
		if stored {
			Begin("expSum", "func(x []float32, shift float32) float32", "expSumGo.",
				"e = exp(x[i] - shift); x[i] = e; s[i mod 16] += e; return the s joined by halves")
		} else {
			Begin("sumExp", "func(x []float32, shift float32) float32", "sumExpGo.",
				"s[i mod 16] += exp(x[i] - shift); return the s joined by halves")
		}
		x := Pointer("x")
		shift := Broadcast("shift")
		acc, numbers := accumulators(NewZero), newExpNumbers(8)
		sumLoop(Length("x"), func(v access, part int) {
			a := v.load(x)
			VSUBPS(shift, a, a)
			e := numbers.exp(a, true)
			v.clear(e)
			VADDPS(e, acc[part], acc[part])
			if stored {
				v.store(e, x)
			}
		})
		Store(fold(acc, vaddps), ReturnIndex(0))
		End()
	}

	Begin("siluMul", "func(dst, gate, up []float32)", "siluMulGo.", "dst[i] = gate[i]/(1 + exp(-gate[i]))·up[i]")
	dst, gate, up := Pointer("dst"), Pointer("gate"), Pointer("up")
	numbers := newExpNumbers(6)
	elementLoop(Length("gate"), func(v access) {
		g := v.load(gate)
		negative := NewVector()
		VXORPS(Repeated("signs", 1<<31), g, negative)
		e := numbers.exp(negative, false)
		VADDPS(numbers.one, e, e)
		VDIVPS(e, g, g)
		VMULPS(v.load(up), g, g)
		v.store(g, dst)
	})
	End()
}
