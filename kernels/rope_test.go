package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
)

func TestSinCos(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	for i := range 200000 {
		x := float64(float32(math.Exp(r.Float64()*30 - 15)))
		if i < 2000 {
			x = float64(i) * math.Pi / 8
		}
		s, c := sinCos(x)
		if ds, dc := math.Abs(s-math.Sin(x)), math.Abs(c-math.Cos(x)); ds > 4e-16 || dc > 4e-16 {
			t.Fatalf("sin, cos of %v: %v, %v; want %v, %v", x, s, c, math.Sin(x), math.Cos(x))
		}
	}
}

func invFreq(headDim int, theta float64) []float32 {
	f := make([]float32, headDim/2)
	for i := range f {
		f[i] = float32(1 / math.Pow(theta, float64(2*i)/float64(headDim)))
	}
	return f
}

func TestRope(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	for _, dim := range []int{2, 6, 32, 48, 64, 80, 128} {
		freq := invFreq(dim, 500000)
		rope := NewRope(freq)
		for _, pos := range []int{0, 1, 63, 64, 500, ropeBlock * ropeBlocks, ropeBlock*ropeBlocks + 65, 131071, 1} {
			row := random(r, 3*dim)
			want := make([]float64, len(row))
			for h := range 3 {
				for i, f := range freq {
					angle := float64(float32(pos) * f)
					c, s := math.Cos(angle), math.Sin(angle)
					a, b := float64(row[h*dim+i]), float64(row[h*dim+i+dim/2])
					want[h*dim+i], want[h*dim+i+dim/2] = a*c-b*s, b*c+a*s
				}
			}
			rope.Apply(row, dim, pos)
			for i, v := range row {
				near(t, fmt.Sprintf("head of %d, position %d, element %d", dim, pos, i), v, want[i], 3e-7)
			}
		}
	}
}

func TestRopeLeavesTheRestOfAHead(t *testing.T) {
	row := []float32{1, 2, 3, 4, 5, 6}
	NewRope([]float32{1}).Apply(row, 3, 7)
	if row[2] != 3 || row[5] != 6 || row[0] == 1 || row[3] == 4 {
		t.Fatalf("got %v", row)
	}
}

func TestRopeConcurrent(t *testing.T) {
	rope := NewRope(invFreq(32, 10000))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 2000 {
				pos := (i*37 + g*8192) % 40000
				cos, sin := rope.angles(pos)
				s, c := sinCos(float64(float32(pos)))
				if cos[0] != float32(c) || sin[0] != float32(s) {
					t.Errorf("position %d: got %v and %v", pos, cos[0], sin[0])
					return
				}
			}
		}()
	}
	wg.Wait()
}
