//go:build gpucgo && gpu

package gorgonia

import (
	"os"
	"testing"

	"github.com/medner/medner/internal/cuda/drivertest"
	"github.com/medner/medner/internal/cuda/fake"
)

// TestSuite runs on the driver that the test is linked with. Where that is a fake
// one, MEDNER_LIBCUDA names its file.
func TestSuite(t *testing.T) {
	o := drivertest.Options{Open: Open}
	if path := os.Getenv("MEDNER_LIBCUDA"); path != "" {
		library := fake.Load(t, path)
		library.Set("count_arguments", 0) // gorgonia.org/cu ends the list of arguments without nil
		o.Fake = library
	}
	drivertest.Run(t, o)
}
