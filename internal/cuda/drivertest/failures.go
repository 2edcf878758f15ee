package drivertest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/cuda"
)

// deviceLost checks that a kernel that strays ends its context, and no other.
func (o Options) deviceLost(t *testing.T) {
	d, err := o.Open()
	require.NoError(t, err)
	c, err := d.Open(0)
	require.NoError(t, err)
	err = c.Do(func() error {
		p := put(t, c, count(0, 4), 0)
		require.NoError(t, c.Launch(function(t, c, "suite_stray"), line, line, 0, 0, uint64(p)))
		require.ErrorIs(t, c.Synchronize(0), cuda.ErrDeviceLost)
		_, err := c.Alloc(16)
		require.ErrorIs(t, err, cuda.ErrDeviceLost, "for good")
		return nil
	})
	_ = err       // a driver may refuse to leave a lost context
	_ = c.Close() // or to destroy a lost context
	o.kernels(t)  // a new context works
}

func (o Options) oldDriver(t *testing.T) {
	o.Fake.Set("driver_version", 11080)
	_, err := o.Open()
	require.ErrorIs(t, err, cuda.ErrOldDriver)
	require.ErrorContains(t, err, "CUDA 11.8")
	require.ErrorContains(t, err, "CUDA 12.0 is needed")
	o.Fake.Set("driver_version", 12000)
	d, err := o.Open()
	require.NoError(t, err)
	o.kernels(t) // PTX 8.0

	o.Fake.Set("capability", 75)
	_, err = d.Open(0)
	require.ErrorIs(t, err, cuda.ErrOldDevice)
	require.ErrorContains(t, err, "has 7.5, 8.0 is needed")
	o.Fake.Set("capability", 80)
	o.attributes(t)
}

// plantedFailures checks that each kind of failure is the error that it stands
// for, and that the call after it succeeds.
func (o Options) plantedFailures(t *testing.T) {
	o.do(t, func(c cuda.Context) {
		f := function(t, c, "suite_scale")
		p := put(t, c, count(0, 4), 0)
		launch := func() error { return c.Launch(f, line, line, 0, 0, uint64(p), bits(1), bits(1), 1) }
		alloc := func() error {
			_, err := c.Alloc(16)
			return err
		}
		pinned := func() error {
			_, err := c.AllocPinned(16)
			return err
		}
		o.Fake.Set("fail_alloc", 2)
		require.NoError(t, alloc())
		err := alloc()
		require.ErrorIs(t, err, cuda.ErrOutOfMemory)
		var e *cuda.Error
		require.True(t, errors.As(err, &e))
		require.Equal(t, 2, e.Code)
		require.Equal(t, "CUDA_ERROR_OUT_OF_MEMORY", e.Name)
		require.NoError(t, alloc())
		o.Fake.Set("fail_pinned", 1)
		require.ErrorIs(t, pinned(), cuda.ErrOutOfMemory)
		require.NoError(t, pinned())
		o.Fake.Set("fail_launch", 2)
		require.NoError(t, launch())
		require.ErrorIs(t, launch(), cuda.ErrLaunch)
		require.NoError(t, launch())
		require.NoError(t, c.Synchronize(0))
		o.Fake.Set("fail_stream", 1)
		_, err = c.NewStream()
		require.ErrorIs(t, err, cuda.ErrOutOfMemory)
	})
	c := o.open(t)
	err := c.Do(func() error {
		o.Fake.Set("lose_call", 3)
		var err error
		for range 3 {
			require.NoError(t, err)
			_, err = c.Alloc(16)
		}
		require.ErrorIs(t, err, cuda.ErrDeviceLost)
		return nil
	})
	require.NoError(t, err)
}

func (o Options) nothingLeaks(t *testing.T) {
	before := o.Fake.Get("contexts")
	c := o.open(t)
	require.Equal(t, before+1, o.Fake.Get("contexts"))
	require.NoError(t, c.Do(func() error {
		p, err := c.Alloc(16)
		require.NoError(t, err)
		_, err = c.NewStream()
		require.NoError(t, err)
		require.Equal(t, "memory 1, streams 1", o.Fake.Held())
		return c.Free(p)
	}))
	require.Equal(t, "streams 1", o.Fake.Held())
	streams := o.Fake.Get("dropped.streams")
	require.NoError(t, c.Close())
	require.Empty(t, o.Fake.Held())
	require.Equal(t, streams+1, o.Fake.Get("dropped.streams"))
}
