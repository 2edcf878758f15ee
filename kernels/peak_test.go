package kernels

import (
	"math/rand/v2"
	"testing"
)

func TestSpin(t *testing.T) {
	for name, ops := range vectorVariants() {
		ops.spinFMA(0)
		ops.spinDot(0)
		ops.spinFMA(100)
		ops.spinDot(100)
		if ops.roundFMA <= 0 || ops.roundDot <= 0 {
			t.Errorf("%s: rounds of %d and %d operations", name, ops.roundFMA, ops.roundDot)
		}
	}
	if SpinFMA(10) <= 0 || SpinDot(10) <= 0 {
		t.Error("no operations")
	}
}

func TestXor(t *testing.T) {
	r := rand.New(rand.NewPCG(39, 40))
	for name, ops := range vectorVariants() {
		for n := range 100 {
			x, want := make([]uint64, n), uint64(0)
			for i := range x {
				x[i] = r.Uint64()
				want ^= x[i]
			}
			if got := ops.xor(x); got != want {
				t.Fatalf("%s of %d: %#x, want %#x", name, n, got, want)
			}
		}
	}
	if got := Xor([]uint64{3, 5}); got != 6 {
		t.Fatalf("3 xor 5 is %d", got)
	}
}

func TestMemory(t *testing.T) {
	for _, n := range []int{1, 1000, 1 << 17} {
		words, free := Memory(n)
		if len(words) != n {
			t.Errorf("%d words are %d", n, len(words))
		}
		for i, w := range words {
			if w != 0 {
				t.Fatalf("word %d of %d is %#x", i, n, w)
			}
			words[i] = 1
		}
		free()
	}
}
