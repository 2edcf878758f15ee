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
	t, n, r, p := vector(), vector(), vector(), vector()
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
	least, most, infinity := real32("expMin", -87.33654), real32("expMax", 88.72283), real32("infinity", float32(math.Inf(1)))
	const less, notLess, greater = 0x11, 0x15, 0x1e // quiet; true of NaN: notLess alone
	if lanes == 16 {
		keep, over := K(), K()
		VCMPPS(Imm(notLess), least, x, keep)
		VMOVAPS_Z(p, keep, p)
		VCMPPS(Imm(greater), most, x, over)
		VMOVUPS(infinity, over, p)
		return p
	}
	VCMPPS(Imm(less), least, x, t)
	VANDNPS(p, t, p)
	VCMPPS(Imm(greater), most, x, t)
	VBLENDVPS(t, infinity, p, p)
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
		acc := accumulators(zeroed)
		sumLoop(Load(Param("x").Len(), GP64()), func(v access, part int) {
			a := v.load(x)
			VSUBPS(shift, a, a)
			e := exp(a)
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
	elementLoop(Load(Param("gate").Len(), GP64()), func(v access) {
		g := v.load(gate)
		negative := vector()
		VXORPS(constant("signs", 1<<31), g, negative)
		e := exp(negative)
		VADDPS(real32("one", 1), e, e)
		VDIVPS(e, g, g)
		VMULPS(v.load(up), g, g)
		v.store(g, dst)
	})
	end()
}
