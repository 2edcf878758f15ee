//go:build gpu && linux && (amd64 || arm64)

package purego

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/drivertest"
	"github.com/medner/medner/internal/cuda/fake"
	"github.com/medner/medner/internal/cuda/shim"
)

// onFake makes Open find the fake driver.
func onFake(t testing.TB) *fake.Library {
	path := fake.Build(t, shim.Trap, drivertest.Folder(), drivertest.PTX())
	t.Setenv(LibraryVariable, path)
	return fake.Load(t, path)
}

func TestSuiteOnFakeDriver(t *testing.T) {
	drivertest.Run(t, drivertest.Options{Open: Open, Fake: onFake(t), Graphs: true})
}

func TestSuiteOnRealDriver(t *testing.T) {
	if os.Getenv(LibraryVariable) != "" {
		t.Skip(LibraryVariable + " names a driver")
	}
	if _, err := Open(); err != nil {
		t.Skip("needs a GPU: " + err.Error())
	}
	drivertest.Run(t, drivertest.Options{Open: Open, Graphs: true})
}

func TestNoDriver(t *testing.T) {
	t.Setenv(LibraryVariable, filepath.Join(t.TempDir(), "libcuda.so.1"))
	_, err := Open()
	require.ErrorIs(t, err, cuda.ErrNoDriver)
	require.ErrorContains(t, err, "cannot open shared object file")

	t.Setenv(LibraryVariable, "libc.so.6")
	_, err = Open()
	require.ErrorIs(t, err, cuda.ErrNoDriver)
	require.ErrorContains(t, err, "libc.so.6 is no CUDA driver")
}

func TestNoDevice(t *testing.T) {
	l := onFake(t)
	l.Set("devices", 0)
	_, err := Open()
	require.ErrorIs(t, err, cuda.ErrNoDevice)
	require.ErrorContains(t, err, "CUDA_ERROR_NO_DEVICE")
	l.Set("devices", 1)
	l.Set("fail_init", 999)
	_, err = Open()
	require.ErrorContains(t, err, "cuInit: error 999")
}

// A launch and a graph's launch make no garbage.
func TestLaunchAllocatesNothing(t *testing.T) {
	onFake(t)
	c, f, p := scale(t)
	args := []uint64{uint64(p), 1, 2, 3} // the caller's, as through an interface it is garbage otherwise
	require.NoError(t, c.Do(func() error {
		allocations := testing.AllocsPerRun(100, func() {
			if err := c.Launch(f, one, one, 0, 0, args...); err != nil {
				t.Fatal(err)
			}
		})
		require.Zero(t, allocations)
		return c.Synchronize(0)
	}))
}

var one = cuda.Dim{X: 1, Y: 1, Z: 1}

// scale opens a context and finds suite_scale and memory for it.
func scale(t testing.TB) (cuda.Context, cuda.Function, cuda.Ptr) {
	d, err := Open()
	require.NoError(t, err)
	c, err := d.Open(0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	var f cuda.Function
	var p cuda.Ptr
	require.NoError(t, c.Do(func() error {
		ptx, err := os.ReadFile(filepath.Join(drivertest.Folder(), "suite.ptx"))
		require.NoError(t, err)
		m, err := c.LoadModule(ptx)
		require.NoError(t, err)
		f, err = c.Function(m, "suite_scale")
		require.NoError(t, err)
		p, err = c.Alloc(16)
		return err
	}))
	return c, f, p
}

// BenchmarkCall is the cost of a call that does next to nothing in the fake
// driver.
func BenchmarkCall(b *testing.B) {
	onFake(b)
	c, _, _ := scale(b)
	b.ReportAllocs()
	require.NoError(b, c.Do(func() error {
		for b.Loop() {
			if _, _, err := c.MemInfo(); err != nil {
				return err
			}
		}
		return nil
	}))
}
