package kernels

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSoftmaxWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for _, temperature := range []float32{0.3, 1, 2.5, math.SmallestNonzeroFloat32, math.MaxFloat32} {
		x := random(r, 1000)
		x[17] = 9 // greater than what is named as the greatest
		greatest := float32(4)
		x[500] = greatest
		weights := make([]float32, len(x))
		SoftmaxWeights(weights, x, greatest, temperature)
		for i, v := range x {
			want := math.Exp(math.Min(0, float64(v)-4) / float64(temperature))
			near(t, "weight", weights[i], want, 1e-5)
			if want := exp32(min(v-greatest, 0) / temperature); weights[i] != want {
				t.Fatalf("weight of %v: %v, want %v", v, weights[i], want)
			}
		}
		if weights[17] != 1 || weights[500] != 1 {
			t.Errorf("weights of the greatest: %v, %v", weights[17], weights[500])
		}
	}
}
