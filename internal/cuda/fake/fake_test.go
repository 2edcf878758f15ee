//go:build gpu && linux && (amd64 || arm64)

package fake_test

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"math"
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/drivertest"
	"github.com/medner/medner/internal/cuda/fake"
	"github.com/medner/medner/internal/cuda/purego"
	"github.com/medner/medner/internal/cuda/shim"
)

// device is a context on the fake driver, with suite_scale loaded.
type device struct {
	cuda.Context
	t     *testing.T
	fake  *fake.Library
	scale cuda.Function
}

// on runs a test's body inside a context.
func on(t *testing.T, body func(d *device)) { onMode(t, shim.Trap, body) }

func onMode(t *testing.T, mode shim.Mode, body func(d *device)) {
	path := fake.Build(t, mode, drivertest.Folder(), drivertest.PTX())
	t.Setenv(purego.LibraryVariable, path)
	library := fake.Load(t, path)
	driver, err := purego.Open()
	require.NoError(t, err)
	c, err := driver.Open(0)
	require.NoError(t, err)
	defer c.Close() // it may be lost
	require.NoError(t, c.Do(func() error {
		ptx, err := fs.ReadFile(drivertest.PTX(), "suite.ptx")
		require.NoError(t, err)
		m, err := c.LoadModule(ptx)
		require.NoError(t, err)
		f, err := c.Function(m, "suite_scale")
		require.NoError(t, err)
		body(&device{c, t, library, f})
		return nil
	}))
}

func (d *device) alloc(floats int) cuda.Ptr {
	d.t.Helper()
	p, err := d.Alloc(uint64(floats) * 4)
	require.NoError(d.t, err)
	return p
}

// launch queues x[i] = a·x[i] + b for n floats.
func (d *device) launch(s cuda.Stream, p cuda.Ptr, a, b float32, n int) {
	d.t.Helper()
	grid, block := cuda.Dim{X: uint32(n+127) / 128, Y: 1, Z: 1}, cuda.Dim{X: 128, Y: 1, Z: 1}
	require.NoError(d.t, d.Launch(d.scale, grid, block, 0, s, uint64(p), uint64(math.Float32bits(a)), uint64(math.Float32bits(b)), uint64(n)))
}

// first waits for a stream and reads the first float at p.
func (d *device) first(p cuda.Ptr, s cuda.Stream) float32 {
	d.t.Helper()
	b := make([]byte, 4)
	require.NoError(d.t, d.CopyToHost(b, p, s))
	require.NoError(d.t, d.Synchronize(s))
	return math.Float32frombits(binary.LittleEndian.Uint32(b))
}

func (d *device) streams() (a, b cuda.Stream) {
	d.t.Helper()
	a, err := d.NewStream()
	require.NoError(d.t, err)
	b, err = d.NewStream()
	require.NoError(d.t, err)
	return a, b
}

func TestMemoryStartsAsNaN(t *testing.T) {
	on(t, func(d *device) {
		b := make([]byte, 400)
		require.NoError(t, d.CopyToHost(b, d.alloc(100), 0))
		require.NoError(t, d.Synchronize(0))
		require.Equal(t, bytes.Repeat([]byte{0xff}, 400), b)
	})
}

func TestHostCannotReachDeviceMemory(t *testing.T) {
	on(t, func(d *device) {
		p := d.alloc(100)
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		require.Panics(t, func() { t.Log(**(**byte)(unsafe.Pointer(&p))) })
	})
}

func TestStrayAccessesAreFound(t *testing.T) {
	lost := func(d *device) {
		require.ErrorIs(t, d.Synchronize(0), cuda.ErrDeviceLost)
		_, err := d.Alloc(16)
		require.ErrorIs(t, err, cuda.ErrDeviceLost, "for good")
	}
	on(t, func(d *device) { // past the guard page
		p := d.alloc(10)
		d.launch(0, p, 1, 1, 100_000)
		lost(d)
	})
	on(t, func(d *device) { // between the end and the guard page: 128 integers into 127
		ptx, err := fs.ReadFile(drivertest.PTX(), "suite.ptx")
		require.NoError(t, err)
		m, err := d.LoadModule(ptx)
		require.NoError(t, err)
		f, err := d.Function(m, "suite_bounded")
		require.NoError(t, err)
		one := cuda.Dim{X: 1, Y: 1, Z: 1}
		require.NoError(t, d.Launch(f, one, cuda.Dim{X: 128, Y: 1, Z: 1}, 0, 0, uint64(d.alloc(127))))
		lost(d)
	})
}

func TestFreedMemoryIsGone(t *testing.T) {
	on(t, func(d *device) {
		p := d.alloc(1000)
		require.NoError(t, d.Free(p))
		require.NotEqual(t, p, d.alloc(1000), "an address is given out once")
		require.ErrorIs(t, d.CopyToHost(make([]byte, 4), p, 0), cuda.ErrLaunch)
		d.launch(0, p, 1, 1, 1000)
		err := d.Synchronize(0)
		require.ErrorIs(t, err, cuda.ErrDeviceLost)
		require.ErrorContains(t, err, "CUDA_ERROR_ILLEGAL_ADDRESS")
	})
}

// What one stream writes, another doesn't see unless it waits.
func TestForgottenWaitReadsOldData(t *testing.T) {
	on(t, func(d *device) {
		d.fake.Set("seed", 0)
		a, b := d.streams()
		p := d.alloc(1)
		require.NoError(t, d.Fill(p, 0, 4, a))
		require.NoError(t, d.Synchronize(a))
		d.launch(a, p, 1, 5, 1)
		require.Zero(t, d.first(p, b))
		require.Equal(t, float32(5), d.first(p, a))
	})
}

// With a seed, a stream that nobody waits for may run ahead, so that what
// overwrites a buffer still in use shows.
func TestForgottenWaitOfAWriterShows(t *testing.T) {
	on(t, func(d *device) {
		a, b := d.streams()
		p := d.alloc(1)
		early, late := 0, 0
		for range 50 {
			require.NoError(t, d.Fill(p, 0, 4, a))
			require.NoError(t, d.Synchronize(a))
			d.launch(b, p, 1, 5, 1)
			if d.first(p, a) == 0 {
				late++
			} else {
				early++
			}
			require.NoError(t, d.Synchronize(b))
		}
		require.Positive(t, early)
		require.Positive(t, late)
	})
}

func TestCaptureRefusesWhatActsAtOnce(t *testing.T) {
	on(t, func(d *device) {
		s, _ := d.streams()
		p := d.alloc(16)
		for name, call := range map[string]func() error{
			"pageable memory": func() error { return d.CopyToHost(make([]byte, 4), p, s) },
			"allocating":      func() error { _, err := d.Alloc(16); return err },
			"freeing":         func() error { return d.Free(p) },
			"waiting":         func() error { return d.Synchronize(s) },
		} {
			require.NoError(t, d.BeginCapture(s))
			require.ErrorContains(t, call(), "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", name)
			_, err := d.EndCapture(s)
			require.ErrorContains(t, err, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", name)
		}
	})
}

func TestHandlesDie(t *testing.T) {
	on(t, func(d *device) {
		s, _ := d.streams()
		require.NoError(t, d.DestroyStream(s))
		require.ErrorContains(t, d.DestroyStream(s), "CUDA_ERROR_INVALID_HANDLE")
		require.ErrorContains(t, d.Fill(d.alloc(1), 0, 4, s), "CUDA_ERROR_INVALID_HANDLE")
		require.Equal(t, "no such stream", d.fake.Message())
	})
}

func TestLossAtAnyCallIsOneError(t *testing.T) {
	for n := 1; n < 8; n++ {
		on(t, func(d *device) {
			p := d.alloc(4)
			d.fake.Set("lose_call", n)
			var err error
			for i := 0; i < n && err == nil; i++ {
				err = d.Fill(p, 0, 16, 0)
			}
			require.ErrorIs(t, err, cuda.ErrDeviceLost)
			d.fake.Set("lose_call", 0)
		})
	}
}

// Two blocks that write one address race, in the mode that watches for it.
func TestRaceModeFindsRacesOfBlocks(t *testing.T) {
	onMode(t, shim.Race, func(d *device) {
		p := d.alloc(256)
		d.launch(0, p, 0, 1, 256)
		require.NoError(t, d.Synchronize(0))
		ptx, err := fs.ReadFile(drivertest.PTX(), "suite.ptx")
		require.NoError(t, err)
		m, err := d.LoadModule(ptx)
		require.NoError(t, err)
		f, err := d.Function(m, "suite_bounded") // each block writes all of it
		require.NoError(t, err)
		require.NoError(t, d.Launch(f, cuda.Dim{X: 2, Y: 1, Z: 1}, cuda.Dim{X: 128, Y: 1, Z: 1}, 0, 0, uint64(p)))
		require.ErrorIs(t, d.Synchronize(0), cuda.ErrDeviceLost)
	})
}
