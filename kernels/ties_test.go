package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/kinds"
)

// nf4Code are the values of NF4.
var nf4Code = [16]float32{
	-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
	0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
}

// tieOf returns a scale with which a value is a tie that the book rounds down.
func tieOf(t *testing.T, r *rand.Rand, round *rounder, value float32) float32 {
	t.Helper()
	for range 1000 {
		unit := 2 * round.half
		tie := math.Float32frombits(math.Float32bits(0.01+r.Float32())&^(2*unit-1) | round.half)
		near := math.Float32bits(tie / float32(math.Abs(float64(value))))
		for d := range uint32(8) {
			s := math.Float32frombits(near + d - 4)
			if math.Float32bits(s*value)&^(1<<31) == math.Float32bits(tie) {
				return s
			}
		}
	}
	t.Fatalf("no scale makes a tie of %v", value)
	return 0
}

// away rounds v as kernels do where tiles aren't tied.
func (r *rounder) away(v float32) float32 {
	return math.Float32frombits((math.Float32bits(v) + r.half) &^ (2*r.half - 1))
}

func TestUntie(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 72))
	for _, kind := range []kinds.Kind{kinds.Bits4BF16, kinds.Bits4F16} {
		round, failed := &rounders[kind.Form().Round], 0
		for i := range 2000 {
			scale := float32(math.Ldexp(0.5+r.Float64(), -r.IntN(8)))
			tied := i%2 == 0
			if tied {
				scale = tieOf(t, r, round, nf4Code[[]int{1, 2, 5, 9, 12, 14}[i/2%6]])
				require.False(t, round.same(&nf4Code, scale, scale), "a tie is rounded alike either way")
			}
			got, ok := round.untie(&nf4Code, scale)
			if !ok { // another product is nearly a tie
				failed++
				continue
			}
			if tied {
				require.NotEqual(t, scale, got)
			}
			for _, c := range nf4Code {
				want := rounded(round.round, c*scale)
				sameBits(t, fmt.Sprintf("%v with scale %v for %v", c, got, scale), []float32{rounded(round.round, c*got), round.away(c * got)}, []float32{want, want})
			}
		}
		require.Less(t, failed, 40)
		for _, scale := range []float32{0, float32(math.Copysign(0, -1)), 1, -0.37} {
			got, ok := round.untie(&nf4Code, scale)
			require.True(t, ok, "%v", scale)
			sameBits(t, "a scale that makes no ties", []float32{got}, []float32{scale})
		}
		code, scale := contradiction(round)
		got, ok := round.untie(&code, scale)
		require.False(t, ok)
		sameBits(t, "a scale that nothing can stand for", []float32{got}, []float32{scale})
	}
	_, ok := rounders[kinds.ToF16].untie(&nf4Code, 0x1p-16)
	require.False(t, ok, "subnormal numbers of float16")
}

// contradiction returns a codebook and a scale that make two ties: one is rounded up,
// and the other down.
func contradiction(r *rounder) (code [16]float32, scale float32) {
	half := float32(r.half) * 0x1p-23
	code = nf4Code
	code[14] = (1 + 3*half) / (1 + half)
	return code, 1 + half
}

// TestTiedTiles: whatever the scales are, weights are what the book says, in tiles that
// are tied and in others.
func TestTiedTiles(t *testing.T) {
	r := rand.New(rand.NewPCG(73, 74))
	p := NewPool(2)
	defer p.Close()
	const rows, cols = 7*tileRows - 3, 3 * blockK
	for _, format := range []Format{BF16, F16} {
		m := &codes4{FourBit: FourBit{Rows: rows, Cols: cols, Format: NF4, Block: blockK, Round: format}}
		round := &rounders[m.kind().Form().Round]
		code, bad := contradiction(round)
		m.Code = code
		m.codes, m.scales = make([]byte, rows*cols/2), make([]float32, rows*cols/blockK)
		for i := range m.codes {
			m.codes[i] = byte(r.Uint32())
		}
		for i := range m.scales {
			m.scales[i] = tieOf(t, r, round, code[1+i%6])
		}
		odd := []float32{bad, float32(math.NaN()), bad, float32(math.Inf(1)), 3e38, 0x1p-140, 0x1p-20, -0.3, 0}
		for i, v := range odd {
			m.scales[(i%4*tileRows+i)*cols/blockK+i%3] = v
		}
		w := m.pack(t, p)
		require.Contains(t, w.tied, true)
		require.Contains(t, w.tied, false)
		for _, v := range variants() {
			if v.missing != "" {
				continue
			}
			for n := 1; n <= v.matrix.vectorTokens; n++ {
				x := random(r, n*cols)
				got := make([]float32, n*w.tiles()*tileRows)
				w.vector(v.matrix, &vectorArgs{y: got, yStride: w.tiles() * tileRows, x: x, xStride: cols, n: n}, 0, w.tiles())
				for i := range n * rows {
					c, row := i/rows, i%rows
					y := float32(0)
					for from := 0; from < cols; from += blockK {
						s := float32(0)
						for k := from; k < from+blockK; k++ {
							value, scale := m.parts(row, k)
							s = fma32(roundTo(format, value*scale), x[c*cols+k], s)
						}
						y += s
					}
					if g := got[c*w.tiles()*tileRows+row]; math.Float32bits(g) != math.Float32bits(y) && (g == g || y == y) {
						t.Fatalf("%s, %s, %d tokens, row %d: %v, want %v", v.name, format, n, row, g, y)
					}
				}
			}
		}
	}
}
