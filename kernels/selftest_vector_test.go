package kernels

import (
	"strings"
	"testing"
)

func TestVectorSelfTest(t *testing.T) {
	for name, ops := range vectorVariants() {
		if err := testVectorOps(ops); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for what, spoil := range map[string]func(o *vectorOps){
		"expSum": func(o *vectorOps) {
			o.expSum = func(x []float32, shift float32) float32 { return expSumGo(x, shift) * (1 + 1e-7) }
		},
		"mul": func(o *vectorOps) { o.mul = addGo },
		"weigh16": func(o *vectorOps) {
			o.weigh16 = func(a *weighArgs[uint16]) {
				short := *a
				short.positions--
				weigh16Go(&short)
			}
		},
	} {
		ops := vectorScalar
		spoil(&ops)
		if err := testVectorOps(&ops); err == nil || !strings.HasPrefix(err.Error(), what+":") {
			t.Errorf("a wrong %s gave %v", what, err)
		}
	}
}
