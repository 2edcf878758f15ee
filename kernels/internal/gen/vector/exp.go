package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func real32(name string, v float32) Mem { return constant(name, math.Float32bits(v)) }

// exp returns e^x by the chain of exp32, in a new register.
func exp(x VecVirtual) VecVirtual {
	round := real32("expRound", 3<<22)
	t, n, r, p := YMM(), YMM(), YMM(), YMM()
	VMOVUPS(real32("expLog2E", 1.44269504), t)
	VFMADD213PS(round, x, t) // t = x·log2e + round
	VSUBPS(round, t, n)
	VMOVAPS(x, r)
	VFNMADD231PS(real32("expLn2", 0.693147181), n, r)
	VFNMADD231PS(real32("expLn2Rest", -1.9046542e-09), n, r)
	VMOVUPS(real32("expC6", 0x1.6a23dp-10), p)
	VFMADD213PS(real32("expC5", 0x1.123a2p-7), r, p)
	VFMADD213PS(real32("expC4", 0x1.5558f2p-5), r, p)
	VFMADD213PS(real32("expC3", 0x1.555492p-3), r, p)
	VFMADD213PS(real32("expC2", 0x1.fffffcp-2), r, p)
	one := real32("one", 1)
	VFMADD213PS(one, r, p)
	VFMADD213PS(one, r, p)
	VPSLLD(Imm(23), t, t)
	VPADDD(t, p, p)
	const less, greater = 0x11, 0x1e // ordered, quiet
	VCMPPS(Imm(less), real32("expMin", -87.33654), x, t)
	VANDNPS(p, t, p)
	VCMPPS(Imm(greater), real32("expMax", 88.72283), x, t)
	VBLENDVPS(t, real32("infinity", float32(math.Inf(1))), p, p)
	return p
}

func exponentials() {
	for _, stored := range []bool{true, false} {
		if stored {
			begin("expSumAVX2", "func(x []float32, shift float32) float32", "expSumAVX2 is expSumGo.")
		} else {
			begin("sumExpAVX2", "func(x []float32, shift float32) float32", "sumExpAVX2 is sumExpGo.")
		}
		x := pointer("x")
		shift := broadcast("shift")
		acc := [2]VecVirtual{zeroed(), zeroed()}
		sumLoop(Load(Param("x").Len(), GP64()), func(v access, half int) {
			a := v.load(x)
			VSUBPS(shift, a, a)
			e := exp(a)
			if v.masked {
				VANDPS(v.mask, e, e)
			}
			VADDPS(e, acc[half], acc[half])
			if stored {
				v.store(e, x)
			}
		})
		Store(fold(acc[0], acc[1], vaddps), ReturnIndex(0))
		end()
	}

	begin("scaleMaxAVX2", "func(x []float32, scale float32) float32", "scaleMaxAVX2 is scaleMaxGo, but for the sign of a greatest zero.")
	x := pointer("x")
	scale := broadcast("scale")
	acc := [2]VecVirtual{lowest(), lowest()}
	sumLoop(Load(Param("x").Len(), GP64()), func(v access, half int) {
		a := v.load(x)
		VMULPS(scale, a, a)
		v.store(a, x)
		greater(acc[half], a, v)
	})
	Store(fold(acc[0], acc[1], vmaxps), ReturnIndex(0))
	end()

	begin("siluMulAVX2", "func(dst, gate, up []float32)", "siluMulAVX2 is siluMulGo.")
	dst, gate, up := pointer("dst"), pointer("gate"), pointer("up")
	elementLoop("loop", Load(Param("gate").Len(), GP64()), func(v access) {
		g := v.load(gate)
		negative := YMM()
		VXORPS(constant("signs", 1<<31), g, negative)
		e := exp(negative)
		VADDPS(real32("one", 1), e, e)
		VDIVPS(e, g, g)
		VMULPS(v.load(up), g, g)
		v.store(g, dst)
	})
	end()
}

// lowest returns a vector of -Inf.
func lowest() VecVirtual {
	v := YMM()
	VMOVUPS(real32("minusInfinity", float32(math.Inf(-1))), v)
	return v
}

// greater raises acc to a where a is greater; NaNs and what is masked off
// never are.
func greater(acc, a VecVirtual, v access) {
	if v.masked {
		VBLENDVPS(v.mask, a, lowest(), a)
	}
	VMAXPS(acc, a, acc)
}

func vmaxps(x, y, dst Op) { VMAXPS(x, y, dst) }
