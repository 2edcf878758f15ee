package cuda

import (
	"fmt"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
)

// Estimate returns the Info of the Backend that New would make, without reading a
// weight.
func Estimate(d driver.Driver, ordinal int, w *backend.Weights, o backend.Options) (backend.Info, error) {
	name := fmt.Sprintf("cuda:%d", ordinal)
	if err := checkModel(w, o); err != nil {
		return backend.Info{}, err
	}
	device, err := check(d, ordinal)
	if err != nil {
		return backend.Info{}, explain(name, err)
	}
	version, err := d.Version()
	if err != nil {
		return backend.Info{}, explain(name, err)
	}
	count := &counter{}
	read, err := new(decoder).build(w, planFor(o), count)
	if err != nil {
		return backend.Info{}, err
	}
	return backend.Info{
		Device: name, Variant: fmt.Sprintf("sm_%d%d", device.Major, device.Minor),
		Reason:  fmt.Sprintf("%s, driver of CUDA %s through %s", device.Name, cudaVersion(version), d.Name()),
		Threads: kernels.DefaultThreads(), WeightBytes: count.total, BytesPerStep: read,
		CacheBytes: int64(pageBytes(w, o)) / kernels.PageSize, Bandwidth: device.Bandwidth(),
	}, nil
}
