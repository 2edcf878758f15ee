package kernels

// scores32Go computes, for r < rows and t < positions,
// dst[r·dstStride+t] = Σ_d q[r·dim+d]·k[d·PageSize+t], fused, d ascending. Kernels
// may fetch as much of next as they read of k.
func scores32Go(a *scoresArgs[float32]) {
	for r := range a.rows {
		row := a.dst[r*a.dstStride:][:a.positions]
		clear(row)
		for d := range a.dim {
			x := a.q[r*a.dim+d]
			for t, y := range a.k[d*PageSize:][:a.positions] {
				row[t] = fma32(x, y, row[t])
			}
		}
	}
}

// weigh32Go computes, for r < rows and d < vStride,
// dst[r·vStride+d] += Σ_t weights[r·weightStride+t]·v[t·vStride+d] for
// t < positions, fused, t ascending. Kernels may fetch as much of next as they
// read of v.
func weigh32Go(a *weighArgs[float32]) {
	for r := range a.rows {
		row := a.dst[r*a.vStride:][:a.vStride]
		for t, e := range a.weights[r*a.weightStride:][:a.positions] {
			for d, y := range a.v[t*a.vStride:][:a.vStride] {
				row[d] = fma32(e, y, row[d])
			}
		}
	}
}

// scores16Go is scores32Go over float16 keys.
func scores16Go(a *scoresArgs[uint16]) {
	var line [PageSize]float32
	for r := range a.rows {
		clear(a.dst[r*a.dstStride:][:a.positions])
	}
	for d := range a.dim {
		for t, y := range a.k[d*PageSize:][:a.positions] {
			line[t] = floatOf(y)
		}
		for r := range a.rows {
			x, row := a.q[r*a.dim+d], a.dst[r*a.dstStride:][:a.positions]
			for t := range row {
				row[t] = fma32(x, line[t], row[t])
			}
		}
	}
}

// weigh16Go is weigh32Go over float16 values.
func weigh16Go(a *weighArgs[uint16]) {
	for t := range a.positions {
		for d, y := range a.v[t*a.vStride:][:a.vStride] {
			f := floatOf(y)
			for r := range a.rows {
				a.dst[r*a.vStride+d] = fma32(a.weights[r*a.weightStride+t], f, a.dst[r*a.vStride+d])
			}
		}
	}
}
