package lora

import (
	"math"
	"sync"

	"github.com/medner/medner/quant"
)

// Strength returns how much an adapter changes a weight, as the Frobenius norms
// ‖merged − base‖ and ‖base‖.
func Strength(base, merged quant.Matrix) (delta, weight float64, err error) {
	var lock sync.Mutex
	err = eachRows(base, func(from int, w []float32) error {
		sum := make([]float32, len(w))
		if err := merged.ReadRows(sum, from); err != nil {
			return err
		}
		var d, n float64
		for i := range w {
			x, y := float64(sum[i])-float64(w[i]), float64(w[i])
			d += x * x
			n += y * y
		}
		lock.Lock()
		defer lock.Unlock()
		delta += d
		weight += n
		return nil
	})
	return math.Sqrt(delta), math.Sqrt(weight), err
}

// Survival returns the share of an adapter's change Δ = merged − base that is left
// where the merged weight is rounded to held: ⟨held − base, Δ⟩/‖Δ‖². It is 1
// without rounding, about 0 where rounding undoes the change, and NaN where there
// is no change.
func Survival(base, merged, held quant.Matrix) (float64, error) {
	var lock sync.Mutex
	var inner, norm float64
	err := eachRows(base, func(from int, w []float32) error {
		sum, kept := make([]float32, len(w)), make([]float32, len(w))
		if err := merged.ReadRows(sum, from); err != nil {
			return err
		}
		if err := held.ReadRows(kept, from); err != nil {
			return err
		}
		var a, b float64
		for i := range w {
			x := float64(sum[i]) - float64(w[i])
			a += (float64(kept[i]) - float64(w[i])) * x
			b += x * x
		}
		lock.Lock()
		defer lock.Unlock()
		inner += a
		norm += b
		return nil
	})
	return inner / norm, err
}
