package kernelbench

import (
	"encoding/binary"
	"math/rand/v2"
)

// RandomCodes reads random 4-bit codes, all of one scale and one zero.
type RandomCodes struct {
	rowBytes int
	codes    []byte
	scale    float32
}

// NewRandomCodes returns a matrix of random codes, the same each time.
func NewRandomCodes(rows, cols int, scale float32) *RandomCodes {
	c := &RandomCodes{cols / 2, make([]byte, rows*cols/2), scale}
	r := rand.New(rand.NewPCG(3, 4))
	for i := 0; i+8 <= len(c.codes); i += 8 {
		binary.LittleEndian.PutUint64(c.codes[i:], r.Uint64())
	}
	return c
}

// CodeRows implements kernels.CodeReader.
func (c *RandomCodes) CodeRows(codes []byte, scales, zeros []float32, from int) error {
	copy(codes, c.codes[from*c.rowBytes:])
	for i := range scales {
		scales[i] = c.scale
	}
	for i := range zeros {
		zeros[i] = 7
	}
	return nil
}
