package drivertest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/cuda"
)

func (o Options) device(t *testing.T) {
	d, err := o.Open()
	require.NoError(t, err)
	require.NotEmpty(t, d.Name())
	version, err := d.Version()
	require.NoError(t, err)
	require.GreaterOrEqual(t, version, 12000)
	n, err := d.DeviceCount()
	require.NoError(t, err)
	require.Positive(t, n)
	device, err := d.Device(0)
	require.NoError(t, err)
	require.NotEmpty(t, device.Name)
	require.GreaterOrEqual(t, device.Major, 8)
	require.Positive(t, device.Memory)
	require.Positive(t, device.Multiprocessors)
	require.Greater(t, device.SharedMemoryPerBlock, 48<<10)
	require.Positive(t, device.L2Bytes)

	_, err = d.Device(n)
	require.ErrorIs(t, err, cuda.ErrNoDevice)
	_, err = d.Open(n)
	require.ErrorIs(t, err, cuda.ErrNoDevice)
	_, err = d.Open(-1)
	require.ErrorIs(t, err, cuda.ErrNoDevice)

	c := o.open(t)
	require.Equal(t, device, c.Device())
}

func (o Options) memory(t *testing.T) {
	o.do(t, func(c cuda.Context) {
		free, total, err := c.MemInfo()
		require.NoError(t, err)
		require.LessOrEqual(t, free, total)
		require.InEpsilon(t, c.Device().Memory, total, 0.05)

		a, err := c.Alloc(1001)
		require.NoError(t, err)
		require.Zero(t, a%256, "alignment")
		b, err := c.Alloc(1001)
		require.NoError(t, err)
		require.NotEqual(t, a, b)
		s := stream(t, c)
		want := make([]byte, 1001)
		for i := range want {
			want[i] = byte(i * 7)
		}
		require.NoError(t, c.CopyToDevice(a, want, s))
		require.NoError(t, c.CopyOnDevice(b, a, 1001, s))
		require.NoError(t, c.Fill(b+10, 0xab, 20, s))
		for i := 10; i < 30; i++ {
			want[i] = 0xab
		}
		require.Equal(t, want, get(t, c, b, 1001, s))
		require.Equal(t, want[5:35], get(t, c, b+5, 30, s))

		// Nothing is copied where there is nothing.
		require.NoError(t, c.CopyToDevice(a, nil, s))
		require.NoError(t, c.CopyToHost(nil, a, s))
		require.NoError(t, c.CopyOnDevice(a, b, 0, s))
		require.NoError(t, c.Fill(a, 1, 0, s))

		require.NoError(t, c.Free(a))
		require.NoError(t, c.Free(b))
		require.NoError(t, c.DestroyStream(s))
		_, err = c.Alloc(total + 1)
		require.ErrorIs(t, err, cuda.ErrOutOfMemory)
	})
}

func (o Options) pinned(t *testing.T) {
	o.do(t, func(c cuda.Context) {
		s := stream(t, c)
		buffer, err := c.AllocPinned(100)
		require.NoError(t, err)
		require.Len(t, buffer, 100)
		for i := range buffer {
			buffer[i] = byte(i)
		}
		p := put(t, c, buffer, s)
		clear(buffer)
		require.NoError(t, c.CopyToHost(buffer, p, s))
		require.NoError(t, c.Synchronize(s))
		for i := range buffer {
			require.EqualValues(t, i, buffer[i])
		}
		require.NoError(t, c.FreePinned(buffer))
	})
}

func (o Options) misuse(t *testing.T) {
	c := o.open(t)
	_, err := c.Alloc(16)
	require.Error(t, err, "outside Do")
	require.NoError(t, c.Do(func() error {
		_, err := c.Alloc(0)
		require.Error(t, err)
		require.Error(t, c.Free(12345))
		_, err = c.LoadModule([]byte("no PTX"))
		require.Error(t, err)
		f := function(t, c, "suite_bounded")
		p, err := c.Alloc(512)
		require.NoError(t, err)
		one := cuda.Dim{X: 1, Y: 1, Z: 1}
		require.ErrorIs(t, c.Launch(f, one, cuda.Dim{X: 1025, Y: 1, Z: 1}, 0, 0, uint64(p)), cuda.ErrLaunch)
		require.ErrorIs(t, c.Launch(f, one, cuda.Dim{X: 256, Y: 1, Z: 1}, 0, 0, uint64(p)), cuda.ErrLaunch, "launch bounds")
		require.ErrorIs(t, c.Launch(f, cuda.Dim{X: 1, Y: 1 << 16, Z: 1}, one, 0, 0, uint64(p)), cuda.ErrLaunch)
		require.ErrorIs(t, c.Launch(f, cuda.Dim{}, one, 0, 0, uint64(p)), cuda.ErrLaunch)
		return nil
	}))
	wrong := make(chan error)
	go func() {
		_, err := c.Alloc(16)
		wrong <- err
	}()
	require.Error(t, <-wrong, "on another thread, outside Do")
	require.NoError(t, c.Do(func() error {
		go func() {
			_, err := c.Alloc(16)
			wrong <- err
		}()
		require.Error(t, <-wrong, "on another thread, while Do runs on this one")
		return nil
	}))
	require.NoError(t, c.Close())
	require.NoError(t, c.Close(), "again")
	require.Error(t, c.Do(func() error {
		_, err := c.Alloc(16)
		return err
	}), "closed")
}
