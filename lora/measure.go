package lora

import (
	"math"

	"github.com/medner/medner/quant"
)

// Strength returns how much an adapter changes a weight, as the Frobenius norms
// ‖merged − base‖ and ‖base‖. Their bits depend on the weights alone.
func Strength(base, merged quant.Matrix) (delta, weight float64, err error) {
	delta, weight, err = sumRows(base, func(from int, w []float32) (term, error) {
		sum := make([]float32, len(w))
		return func(i int) (float64, float64) {
			x, y := float64(sum[i])-float64(w[i]), float64(w[i])
			return x * x, y * y
		}, merged.ReadRows(sum, from)
	})
	return math.Sqrt(delta), math.Sqrt(weight), err
}

// Survival returns the share of an adapter's change Δ = merged − base that is left
// where the merged weight is rounded to held: ⟨held − base, Δ⟩/‖Δ‖². It is 1
// without rounding, about 0 where rounding undoes the change, and NaN where there
// is no change. Its bits depend on the weights alone.
func Survival(base, merged, held quant.Matrix) (float64, error) {
	inner, norm, err := sumRows(base, func(from int, w []float32) (term, error) {
		sum, kept := make([]float32, len(w)), make([]float32, len(w))
		if err := merged.ReadRows(sum, from); err != nil {
			return nil, err
		}
		return func(i int) (float64, float64) {
			x := float64(sum[i]) - float64(w[i])
			return (float64(kept[i]) - float64(w[i])) * x, x * x
		}, held.ReadRows(kept, from)
	})
	return inner / norm, err
}

// term returns what number i of some rows adds to two sums.
type term func(i int) (a, b float64)

// sumRows adds up terms over all numbers of m. read gives the terms of the rows from
// row from on, whose numbers are w. Each row is summed by itself, and the sums of
// rows in their order, so that the number of threads changes nothing.
func sumRows(m quant.Matrix, read func(from int, w []float32) (term, error)) (a, b float64, err error) {
	cols := m.Cols()
	rows := make([][2]float64, m.Rows())
	err = eachRows(m, func(from int, w []float32) error {
		terms, err := read(from, w)
		if err != nil {
			return err
		}
		for i := range w {
			x, y := terms(i)
			row := &rows[from+i/cols]
			row[0] += x
			row[1] += y
		}
		return nil
	})
	for _, row := range rows {
		a += row[0]
		b += row[1]
	}
	return a, b, err
}
