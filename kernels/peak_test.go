package kernels

import "testing"

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
