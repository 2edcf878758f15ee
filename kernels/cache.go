package kernels

import (
	"fmt"

	"github.com/x448/float16"
)

// CacheShape describes the keys and values of one layer.
type CacheShape struct {
	Heads   int  // KV heads
	HeadDim int  // of each
	Half    bool // held in float16, rounded to nearest even; otherwise in float32
}

// Page holds the keys and values of one layer for PageSize consecutive
// positions, the first a multiple of PageSize, in the one field that the
// shape's Half names. A head's keys lie transposed, [HeadDim][PageSize], and
// then its values, [PageSize][HeadDim rounded up to 16], head by head. The
// rounding-up must hold zeros.
type Page struct {
	F32 []float32
	F16 []uint16
}

// valueStride is the distance between the values of two positions.
func (s CacheShape) valueStride() int { return (s.HeadDim + 15) &^ 15 }

// headLen is the number of elements of one head in a page.
func (s CacheShape) headLen() int { return PageSize * (s.HeadDim + s.valueStride()) }

// PageLen is the number of elements of a page.
func (s CacheShape) PageLen() int { return s.Heads * s.headLen() }

// PageBytes is the memory of a page.
func (s CacheShape) PageBytes() int {
	if s.Half {
		return 2 * s.PageLen()
	}
	return 4 * s.PageLen()
}

// NewPage returns a page of zeros.
func (s CacheShape) NewPage() Page {
	if s.Half {
		return Page{F16: make([]uint16, s.PageLen())}
	}
	return Page{F32: make([]float32, s.PageLen())}
}

// NewPages returns a page of zeros for each of some layers. They lie side by side, so
// that they fill large pages of the system's, where it has them.
func (s CacheShape) NewPages(layers int) []Page {
	pages, n := make([]Page, layers), s.PageLen()
	if s.Half {
		all := make([]uint16, layers*n)
		inLargePages(all)
		for l := range pages {
			pages[l].F16 = all[l*n : (l+1)*n : (l+1)*n]
		}
		return pages
	}
	all := make([]float32, layers*n)
	inLargePages(all)
	for l := range pages {
		pages[l].F32 = all[l*n : (l+1)*n : (l+1)*n]
	}
	return pages
}

// Copy copies a page of this shape.
func (s CacheShape) Copy(dst, src Page) {
	copy(dst.F32, src.F32)
	copy(dst.F16, src.F16)
}

// Write stores the keys and values, [n][Heads·HeadDim] each, of the n
// positions from pos on into the pages of a sequence (page i holds the
// positions from i·PageSize on). In float16, what lies past its range becomes
// infinite.
func (s CacheShape) Write(pages []Page, pos, n int, keys, values []float32) {
	width, ops := s.Heads*s.HeadDim, vec()
	if len(keys) != n*width || len(values) != n*width || pos < 0 || pos+n > PageSize*len(pages) {
		panic(fmt.Sprintf("kernels: write of %d positions at %d into %d pages: keys of %d, values of %d, width %d",
			n, pos, len(pages), len(keys), len(values), width))
	}
	for n > 0 {
		page, at := pages[pos/PageSize], pos%PageSize
		m := min(n, PageSize-at, transposeRows)
		for h := range s.Heads {
			from := h * s.headLen()
			if s.Half {
				s.writeHalf(page.F16[from:][:s.headLen()], at, m, keys[h*s.HeadDim:], values[h*s.HeadDim:])
				continue
			}
			head := page.F32[from:][:s.headLen()]
			ops.transpose(head[at:], PageSize, keys[h*s.HeadDim:], width, m, s.HeadDim)
			head = head[s.HeadDim*PageSize+at*s.valueStride():]
			for i := range m {
				copy(head[i*s.valueStride():][:s.HeadDim], values[i*width+h*s.HeadDim:])
			}
		}
		pos, n = pos+m, n-m
		keys, values = keys[m*width:], values[m*width:]
	}
}

// writeHalf stores m positions of one head, whose rows lie Heads·HeadDim
// apart, rounded to float16.
func (s CacheShape) writeHalf(head []uint16, at, m int, keys, values []float32) {
	const chunk = 128
	var half [transposeRows * chunk]uint16
	ops := vec()
	width, stride := s.Heads*s.HeadDim, s.valueStride()
	rows := head[s.HeadDim*PageSize+at*stride:]
	for from := 0; from < s.HeadDim; from += chunk {
		d := min(chunk, s.HeadDim-from)
		for i := range m {
			ops.toHalf(half[i*chunk:][:d], keys[i*width+from:][:d])
			ops.toHalf(rows[i*stride+from:][:d], values[i*width+from:][:d])
		}
		transposeGo(head[from*PageSize+at:], PageSize, half[:], chunk, m, d)
	}
}

// transposeGo sets dst[c·dstStride+r] = x[r·xStride+c] for r < rows, c < columns.
func transposeGo[T float32 | uint16](dst []T, dstStride int, x []T, xStride, rows, columns int) {
	for c := range columns {
		column := dst[c*dstStride:][:rows]
		for r := range column {
			column[r] = x[r*xStride+c]
		}
	}
}

// toHalfGo rounds to the nearest float16, to even of two.
func toHalfGo(dst []uint16, x []float32) {
	for i, v := range x {
		dst[i] = halfOf(v)
	}
}

func halfOf(x float32) uint16  { return float16.Fromfloat32(x).Bits() }
func floatOf(h uint16) float32 { return float16.Frombits(h).Float32() }
