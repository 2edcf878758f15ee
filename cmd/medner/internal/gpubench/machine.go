package gpubench

import (
	"fmt"

	host "github.com/medner/medner/cmd/medner/internal/kernelbench"
	driver "github.com/medner/medner/internal/cuda"
)

// lanes and tensor are what a multiprocessor does in a clock, by compute
// capability: fused multiply-adds of float32, and of bf16 on tensor cores,
// dense, by the CUDA programming guide and NVIDIA's white papers.
var units = []struct {
	capability, lanes, tensor int
}{
	{80, 64, 1024}, {86, 128, 512}, {89, 128, 512}, {90, 128, 2048}, {100, 128, 4096}, {120, 128, 512},
}

// machineOf reckons a device's limits.
func machineOf(d driver.Device) Machine {
	u := units[0]
	for _, other := range units {
		if other.capability <= 10*d.Major+d.Minor {
			u = other
		}
	}
	clocks := float64(d.Multiprocessors) * float64(d.ClockKHz) * 1e3 / 1e9
	return Machine{
		Name: d.Name, Capability: fmt.Sprintf("%d.%d", d.Major, d.Minor), SMs: d.Multiprocessors,
		MemoryGBps: d.Bandwidth() / 1e9, FLOPs: 2 * float64(u.lanes) * clocks, TensorFLOPs: 2 * float64(u.tensor) * clocks,
	}
}

func (m *Machine) variant() string {
	return "sm_" + m.Capability[:len(m.Capability)-2] + m.Capability[len(m.Capability)-1:]
}

// result sets a time against the roofline.
func (m *Machine) result(w *work, variant, model string, seconds float64) host.Result {
	bandwidth, top := m.MemoryGBps, m.FLOPs
	if bandwidth == 0 {
		bandwidth = m.CopyGBps
	}
	if w.tensor {
		top = m.TensorFLOPs
	}
	r := host.Result{
		Variant: variant, Kernel: w.kernel, Model: model, Shape: w.shape, Seconds: seconds,
		GBps: w.bytes / 1e9 / seconds, GFLOPs: w.flops / 1e9 / seconds, Bound: "memory",
	}
	memory, compute := w.bytes/1e9/bandwidth, 0.0
	if top > 0 {
		compute = w.flops / 1e9 / top
	}
	r.Share = memory / seconds
	if compute > memory {
		r.Bound, r.Share = "compute", compute/seconds
	}
	return r
}
