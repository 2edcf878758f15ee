//go:build unix

package kernels

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Matrices that share memory are apart from each other: all words are zero at first,
// and those of one stay as they are when another is released.
func TestSharedMemory(t *testing.T) {
	sizes := []int{fewBytes/4 - 16, fewBytes / 4, 5000, 3 << 18, 5001, chunkBytes/4 + 1, 70_000}
	words, free := make([][]uint32, len(sizes)), make([]func(), len(sizes))
	take := func(i int) {
		words[i], free[i] = allocate(sizes[i])
		require.Len(t, words[i], sizes[i])
		for j, w := range words[i] {
			if w != 0 {
				t.Fatalf("word %d of allocation %d is %d", j, i, w)
			}
			words[i][j] = uint32(i + 1)
		}
	}
	for i := range sizes {
		take(i)
	}
	require.Nil(t, free[0], "the collector has it")
	for _, gone := range []int{2, 5, 3} {
		free[gone]()
		words[gone] = nil
		for i, all := range words {
			for j, w := range all {
				if w != uint32(i+1) {
					t.Fatalf("word %d of allocation %d is %d after the release of %d", j, i, w, gone)
				}
			}
		}
	}
	for i, f := range free {
		if f != nil && words[i] != nil {
			f()
		}
	}
	for i := range sizes {
		take(i)
	}
	for _, f := range free[1:] {
		f()
	}
}
