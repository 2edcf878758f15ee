//go:build gpucgo && gpu

package gorgonia

import (
	"os"
	"testing"

	"github.com/medner/medner/internal/cuda/drivertest"
	"github.com/medner/medner/internal/cuda/fake"
)

// TestSuite runs on the driver that the test is linked with; MEDNER_LIBCUDA
// names its file where it is a fake one.
func TestSuite(t *testing.T) {
	o := drivertest.Options{Open: Open}
	if path := os.Getenv("MEDNER_LIBCUDA"); path != "" {
		library := fake.Load(t, path)
		library.Set("count_arguments", 0) // the list doesn't end with nil
		o.Fake = library
	}
	drivertest.Run(t, o)
}
