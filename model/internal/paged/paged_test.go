package paged

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/kernels"
)

// fakeMemory makes left more pages, which are numbers, and then fails.
type fakeMemory struct {
	left, made int
	copied     [][2]int // to, from
}

var errEmpty = errors.New("no memory")

func (m *fakeMemory) Allocate() (int, error) {
	if m.left == 0 {
		return 0, errEmpty
	}
	m.left--
	m.made++
	return m.made, nil
}

func (m *fakeMemory) Copy(to, from int) error {
	m.copied = append(m.copied, [2]int{to, from})
	return nil
}

func pagesOf(c *Cache[int]) (all []int) {
	for i := range c.Pages() {
		all = append(all, c.At(i))
	}
	return all
}

func TestAForkSharesUntilItWrites(t *testing.T) {
	m := &fakeMemory{left: 9}
	s := NewStore(m, 100, -1)
	c := s.NewCache()
	n := kernels.PageSize + 1
	require.NoError(t, c.Reserve(n))
	c.Finish(n, true)
	require.Equal(t, []int{1, 2}, pagesOf(&c))

	f := c.Fork(n)
	require.Equal(t, []int{1, 2}, pagesOf(&f))
	require.EqualValues(t, 100, c.Bytes())
	require.NoError(t, f.Reserve(1)) // the last page is not full
	require.Equal(t, []int{1, 3}, pagesOf(&f))
	require.Equal(t, [][2]int{{3, 2}}, m.copied)
	require.NoError(t, c.Reserve(1)) // no other cache has it any more
	require.Equal(t, []int{1, 2}, pagesOf(&c))

	c.Close()
	require.Equal(t, 1, s.Free())
	f.Close()
	require.Equal(t, 3, s.Free())
	require.Len(t, s.Trim(100), 2)
	require.Equal(t, 1, s.Free())
}

func TestWhatFailsIsUndone(t *testing.T) {
	m := &fakeMemory{left: 2}
	s := NewStore(m, 100, -1)
	c := s.NewCache()
	require.NoError(t, c.Reserve(1))
	c.Finish(1, true)
	require.ErrorIs(t, c.Reserve(3*kernels.PageSize), errEmpty)
	c.Finish(3*kernels.PageSize, false)
	require.Equal(t, 1, c.Len())
	require.Equal(t, []int{1}, pagesOf(&c))
	require.Equal(t, 1, s.Free())
}

func TestReleaseKeepsSoMuch(t *testing.T) {
	s := NewStore(&fakeMemory{left: 5}, 100, 250)
	c := s.NewCache()
	require.NoError(t, c.Reserve(5*kernels.PageSize))
	c.Close()
	require.Equal(t, 2, s.Free())
}
