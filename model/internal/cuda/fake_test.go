//go:build gpu

package cuda

import (
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/fake"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/internal/cuda/purego"
	"github.com/medner/medner/internal/cuda/shim"
	"github.com/medner/medner/model/internal/backend"
)

// anyDriver returns the driver that the environment names, such as that of a GPU, or
// a fake one if it names none.
func anyDriver(t *testing.T) driver.Driver {
	t.Helper()
	if os.Getenv(purego.LibraryVariable) == "" {
		d, _ := fakeDriver(t)
		return d
	}
	d, err := purego.Open()
	require.NoError(t, err)
	return d
}

// fakeDriver is a driver without a GPU, and the strings that it hangs on.
func fakeDriver(t *testing.T) (driver.Driver, *fake.Library) {
	t.Helper()
	if os.Getenv(purego.LibraryVariable) != "" {
		t.Skip("of the fake driver alone")
	}
	ptx, err := fs.Sub(gpukernels.PTX, "ptx")
	require.NoError(t, err)
	path := fake.Build(t, shim.Trap, "../../../internal/cuda/gpukernels/src", ptx)
	t.Setenv(purego.LibraryVariable, path)
	l := fake.Load(t, path)
	d, err := purego.Open()
	require.NoError(t, err)
	return d, l
}

// open is New on the first device; all is freed at the test's end.
func open(t *testing.T, d driver.Driver, w *backend.Weights, o backend.Options) *Backend {
	t.Helper()
	b, err := New(t.Context(), d, 0, w, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) }) // whose errors tell what can't be freed
	return b
}
