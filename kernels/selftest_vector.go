package kernels

import "fmt"

// testVectorOps compares ops with the Go kernels on short vectors.
func testVectorOps(ops *vectorOps) error {
	s := sample(3)
	for _, n := range []int{1, 37, 64, 200} {
		x, y, z, w := s.floats(n), s.floats(n), s.floats(n), s.floats(n)
		allowed := make([]uint64, (n+63)/64)
		for i := range n {
			allowed[i/64] |= uint64(s.next()&1) << (i % 64)
		}
		for _, c := range []struct {
			name string
			run  func(o *vectorOps, x, y []float32) float32
		}{
			{"sumSquares", func(o *vectorOps, x, _ []float32) float32 { return o.sumSquares(x) }},
			{"scaleWeight", func(o *vectorOps, x, y []float32) float32 { o.scaleWeight(x, y, z, 0.3); return 0 }},
			{"add", func(o *vectorOps, x, y []float32) float32 { o.add(x, y); return 0 }},
			{"addScaled", func(o *vectorOps, x, y []float32) float32 { o.addScaled(x, y, 0.3); return 0 }},
			{"mul", func(o *vectorOps, x, y []float32) float32 { o.mul(x, y); return 0 }},
			{"divide", func(o *vectorOps, x, y []float32) float32 { o.divide(x, y, 0.3); return 0 }},
			{"rotate", func(o *vectorOps, x, y []float32) float32 { o.rotate(x, y, z, w); return 0 }},
			{"expSum", func(o *vectorOps, x, _ []float32) float32 { return o.expSum(x, 0.9) }},
			{"sumExp", func(o *vectorOps, x, _ []float32) float32 { return o.sumExp(x, 0.9) }},
			{"scaleMax", func(o *vectorOps, x, _ []float32) float32 { return o.scaleMax(x, 0.3) }},
			{"siluMul", func(o *vectorOps, x, y []float32) float32 { o.siluMul(x, y, z); return 0 }},
			{"scan", func(o *vectorOps, x, _ []float32) float32 { m, _ := o.scan(x); return m }},
			{"maxAllowed", func(o *vectorOps, x, _ []float32) float32 { return o.maxAllowed(x, allowed) }},
			{"firstEqual", func(o *vectorOps, x, _ []float32) float32 { return float32(o.firstEqual(x, allowed, x[n-1])) }},
		} {
			got, want := copies(x, y), copies(x, y)
			got = append(got, []float32{c.run(ops, got[0], got[1])})
			want = append(want, []float32{c.run(&vectorScalar, want[0], want[1])})
			for i := range want {
				if err := compareVector(c.name, got[i], want[i]); err != nil {
					return err
				}
			}
		}
	}
	return testAttentionOps(ops, &s)
}

func copies(vectors ...[]float32) [][]float32 {
	all := make([][]float32, len(vectors))
	for i, v := range vectors {
		all[i] = append([]float32{}, v...)
	}
	return all
}

func testAttentionOps(ops *vectorOps, s *sample) error {
	const dim, positions, n = 16, 48, 5
	page := s.floats(PageSize * dim)
	half, wantHalf := make([]uint16, len(page)), make([]uint16, len(page))
	ops.toHalf(half, page)
	toHalfGo(wantHalf, page)
	for i := range half {
		if half[i] != wantHalf[i] {
			return fmt.Errorf("toHalf: value %d is %#x, not %#x", i, half[i], wantHalf[i])
		}
	}
	for rows := 1; rows <= transposeRows; rows++ {
		v := copies(page, page)
		ops.transpose(v[0], PageSize, page, dim+3, rows, dim-1)
		transposeGo(v[1], PageSize, page, dim+3, rows, dim-1)
		if err := compareVector("transpose", v[0], v[1]); err != nil {
			return err
		}
	}
	for rows := 1; rows <= rowTile; rows++ {
		q := s.floats(rows * PageSize)
		for _, c := range []struct {
			name string
			run  func(o *vectorOps, dst []float32)
		}{
			{"scores32", func(o *vectorOps, dst []float32) {
				o.scores32(&scoresArgs[float32]{dst: dst, dstStride: PageSize, q: q, k: page, next: page, dim: dim, rows: rows, positions: positions})
			}},
			{"scores16", func(o *vectorOps, dst []float32) {
				o.scores16(&scoresArgs[uint16]{dst: dst, dstStride: PageSize, q: q, k: half, next: half, dim: dim, rows: rows, positions: positions})
			}},
			{"weigh32", func(o *vectorOps, dst []float32) {
				o.weigh32(&weighArgs[float32]{dst: dst, weights: q, weightStride: PageSize, v: page, next: page, vStride: dim, rows: rows, positions: n})
			}},
			{"weigh16", func(o *vectorOps, dst []float32) {
				o.weigh16(&weighArgs[uint16]{dst: dst, weights: q, weightStride: PageSize, v: half, next: half, vStride: dim, rows: rows, positions: n})
			}},
		} {
			dst := s.floats(rows * PageSize)
			v := copies(dst, dst)
			c.run(ops, v[0])
			c.run(&vectorScalar, v[1])
			if err := compareVector(c.name, v[0], v[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareVector says where got differs from want.
func compareVector(what string, got, want []float32) error {
	for i := range want {
		if got[i] != want[i] {
			return fmt.Errorf("%s: value %d is %x, not %x", what, i, got[i], want[i])
		}
	}
	return nil
}
