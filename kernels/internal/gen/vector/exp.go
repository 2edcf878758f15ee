package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func real32(name string, v float32) Mem { return constant(name, math.Float32bits(v)) }

// expNumbers are the constants of exp.
type expNumbers struct {
	round, log2E, ln2, ln2Rest, c6, c5, c4, c3, c2, one, least, most, infinity Op
}

// newExpNumbers loads them into registers where there are 32: loads of them are
// what would bind the loop.
func newExpNumbers() expNumbers {
	number := func(name string, v float32) Op {
		m := real32(name, v)
		if lanes < 16 {
			return m
		}
		r := vector()
		VMOVUPS(m, r)
		return r
	}
	return expNumbers{
		round: number("expRound", 3<<22), log2E: number("expLog2E", 1.44269504),
		ln2: number("expLn2", 0.693147181), ln2Rest: number("expLn2Rest", -1.9046542e-09),
		c6: number("expC6", 0x1.6a23dp-10), c5: number("expC5", 0x1.123a2p-7), c4: number("expC4", 0x1.5558f2p-5),
		c3: number("expC3", 0x1.555492p-3), c2: number("expC2", 0x1.fffffcp-2), one: number("one", 1),
		least: number("expMin", -87.33654), most: number("expMax", 88.72283),
		infinity: number("infinity", float32(math.Inf(1))),
	}
}

// exp returns e^x by the chain of exp32, in a new register.
func (e *expNumbers) exp(x VecVirtual) VecVirtual {
	t, n, r, p := vector(), vector(), vector(), vector()
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
	const less, notLess, greater = 0x11, 0x15, 0x1e // quiet; true of NaN: notLess alone
	if lanes == 16 {
		keep, over := K(), K()
		VCMPPS(Imm(notLess), e.least, x, keep)
		VMOVAPS_Z(p, keep, p)
		VCMPPS(Imm(greater), e.most, x, over)
		VMOVUPS(e.infinity, over, p)
		return p
	}
	VCMPPS(Imm(less), e.least, x, t)
	VANDNPS(p, t, p)
	VCMPPS(Imm(greater), e.most, x, t)
	VBLENDVPS(t, e.infinity, p, p)
	return p
}

func exponentials() {
	for _, stored := range []bool{true, false} {
		if stored {
			begin("expSum"+suffix, "func(x []float32, shift float32) float32", "expSum"+suffix+" is expSumGo.")
		} else {
			begin("sumExp"+suffix, "func(x []float32, shift float32) float32", "sumExp"+suffix+" is sumExpGo.")
		}
		x := pointer("x")
		shift := broadcast("shift")
		acc, numbers := accumulators(zeroed), newExpNumbers()
		sumLoop(Load(Param("x").Len(), GP64()), func(v access, part int) {
			a := v.load(x)
			VSUBPS(shift, a, a)
			e := numbers.exp(a)
			v.clear(e)
			VADDPS(e, acc[part], acc[part])
			if stored {
				v.store(e, x)
			}
		})
		Store(fold(acc, vaddps), ReturnIndex(0))
		end()
	}

	begin("siluMul"+suffix, "func(dst, gate, up []float32)", "siluMul"+suffix+" is siluMulGo.")
	dst, gate, up := pointer("dst"), pointer("gate"), pointer("up")
	numbers := newExpNumbers()
	elementLoop(Load(Param("gate").Len(), GP64()), func(v access) {
		g := v.load(gate)
		negative := vector()
		VXORPS(constant("signs", 1<<31), g, negative)
		e := numbers.exp(negative)
		VADDPS(numbers.one, e, e)
		VDIVPS(e, g, g)
		VMULPS(v.load(up), g, g)
		v.store(g, dst)
	})
	end()
}
