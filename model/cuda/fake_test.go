//go:build gpu

package cuda

import (
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/fake"
	"github.com/medner/medner/internal/cuda/purego"
	"github.com/medner/medner/internal/cuda/shim"
	gpu "github.com/medner/medner/kernels/cuda"
)

// fakeDriver is a driver without a GPU, and the strings that it hangs on.
func fakeDriver(t *testing.T) (driver.Driver, *fake.Library) {
	t.Helper()
	ptx, err := fs.Sub(gpu.PTX, "ptx")
	require.NoError(t, err)
	path := fake.Build(t, shim.Trap, "../../kernels/cuda/src", ptx)
	require.NoError(t, os.Setenv(purego.LibraryVariable, path))
	l := fake.Load(t, path)
	d, err := purego.Open()
	require.NoError(t, err)
	return d, l
}

func TestPath(t *testing.T) {
	d, _ := fakeDriver(t)
	v, err := d.Version()
	require.NoError(t, err)
	t.Log(v, os.Getenv(purego.LibraryVariable))
}
