package model

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model/internal/backend"
)

// heldCache is a cache of so many bytes.
type heldCache struct {
	backend.Cache
	bytes  int64
	closed bool
}

func (c *heldCache) Bytes() int64 { return c.bytes }
func (c *heldCache) Close()       { c.closed = true }

func TestPrefixCacheForgetsTheLeastRecentlyUsed(t *testing.T) {
	p := prefixCache{budget: 30}
	a, b, c, d := &heldCache{bytes: 10}, &heldCache{bytes: 10}, &heldCache{bytes: 10}, &heldCache{bytes: 10}
	p.add(0, []int32{1, 2, 3}, a)
	p.add(0, []int32{4, 5, 6}, b)
	p.add(1, []int32{1, 2, 3, 4}, c) // of another adapter: a stays
	found, n := p.longest(0, []int32{1, 2, 9})
	require.Same(t, a, found)
	require.Equal(t, 2, n)
	p.add(0, []int32{7, 8}, d)
	require.True(t, b.closed, "the least recently used")
	require.False(t, a.closed || c.closed || d.closed)
	_, n = p.longest(0, []int32{4, 5, 6})
	require.Zero(t, n)

	longer := &heldCache{bytes: 10}
	p.add(0, []int32{1, 2, 3, 4}, longer)
	require.True(t, a.closed, "a prefix of the new one")
	shorter := &heldCache{bytes: 10}
	p.add(0, []int32{1, 2}, shorter)
	require.True(t, shorter.closed, "known already")
	require.EqualValues(t, 30, p.bytes())
	p.clear()
	require.True(t, c.closed && d.closed && longer.closed)
}

// A bound on positions leaves the latest prompt, however long it is.
func TestPrefixCacheBoundsPositions(t *testing.T) {
	p := prefixCache{budget: 1 << 20, most: 5}
	a, b, long := &heldCache{bytes: 1}, &heldCache{bytes: 1}, &heldCache{bytes: 1}
	p.add(0, []int32{1, 2, 3}, a)
	p.add(0, []int32{4, 5}, b)
	require.False(t, a.closed || b.closed)
	p.add(0, []int32{6, 7, 8, 9, 10, 11}, long)
	require.True(t, a.closed && b.closed)
	require.False(t, long.closed)
	require.Equal(t, 6, p.positions())
}
