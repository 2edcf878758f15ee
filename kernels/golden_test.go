package kernels

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"testing"
)

// TestBitsEverywhere pins the bits of everything but matrix products: the
// hashes are the same on every architecture.
func TestBitsEverywhere(t *testing.T) {
	hash := func(what string, want uint64, vectors ...[]float32) {
		t.Helper()
		h := fnv.New64a()
		for _, x := range vectors {
			for _, v := range x {
				var b [4]byte
				binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
				_, _ = h.Write(b[:])
			}
		}
		if got := h.Sum64(); got != want {
			t.Errorf("%s: hash %#x, want %#x", what, got, want)
		}
	}
	p := NewPool(2)
	defer p.Close()
	s := sample(7)
	x, y, z := s.floats(1000), s.floats(1000), s.floats(1000)
	for i := range x {
		x[i] *= 20
	}

	norm, silu := make([]float32, 1000), make([]float32, 1000)
	RMSNorm(norm, x, y, 1e-5)
	SiLUMul(silu, x, y)
	hash("norm", 0x316e354e539bf300, norm)
	hash("silu", 0xc34b511c9874c63a, silu)

	rope := NewRope(invFreq(128, 500000))
	var angles [][]float32
	for _, pos := range []int{0, 1, 2, 3, 5, 8, 100, 1000, 8191, 8192, 131071} {
		cos, sin := rope.angles(pos)
		angles = append(angles, cos, sin)
	}
	hash("angles", 0xda3194f8635d61b5, angles...)
	rotated := append([]float32(nil), z[:768]...)
	rope.Apply(rotated, 128, 77)
	hash("rotated", 0x799d52358edb3c0e, rotated)

	for _, half := range []bool{false, true} {
		shape := CacheShape{Heads: 2, HeadDim: 48, Half: half}
		pages := []Page{shape.NewPage(), shape.NewPage()}
		const n = 70
		k, v, q := s.floats(n*96), s.floats(n*96), s.floats(n*288)
		shape.Write(pages, 0, n, k, v)
		out := make([]float32, len(q))
		NewAttention(shape, 6).Run(p, []AttentionSpan{{Pages: pages, Q: q, Out: out}})
		hash("attention", map[bool]uint64{false: 0x6a7cbcf111e42c09, true: 0x57ce9de19930f010}[half], out)
	}

	penalised := append([]float32(nil), x...)
	for id := range 128 {
		if [2]uint64{0xff00ff00ff00ff00, 3}[id/64]>>(id%64)&1 == 0 {
			continue
		}
		if x[id] < 0 {
			penalised[id] *= 1.1
		} else {
			penalised[id] /= 1.1
		}
	}
	id := FirstEqual(penalised, nil, GreatestAllowed(penalised, nil))
	greatest, _ := Greatest(x)
	logSum, logProbs := LogSumExp(x, greatest), []float32{float32(id)}
	for _, i := range []int{id, 0, 1, 999} {
		logProbs = append(logProbs, float32(float64(x[i])-logSum))
	}
	hash("log-probabilities", 0x9e127e0fa4b81199, logProbs)
}
