package gpubench

import (
	"fmt"

	host "github.com/medner/medner/cmd/medner/internal/kernelbench"
	driver "github.com/medner/medner/internal/cuda"
)

// units says how many fused multiply-adds a multiprocessor does in a clock, by
// compute capability times ten: lanes of float32, and tensor of dense bf16 on
// tensor cores, as the CUDA programming guide and NVIDIA's white papers give them.
var units = []struct {
	capability, lanes, tensor int
}{
	{80, 64, 1024}, {86, 128, 512}, {89, 128, 512}, {90, 128, 2048}, {100, 128, 4096}, {120, 128, 512},
}

// Describe implements kernelbench.Limits.
func (m Machine) Describe() string {
	return fmt.Sprintf("%s, compute capability %s, %d multiprocessors: %.0f GB/s by its memory's clock and bus, %.0f GB/s copied;\n%.0f GFLOP/s in float32, %.0f in bf16 on tensor cores, by its clock.\n",
		m.Name, m.Capability, m.SMs, m.MemoryGBps, m.CopyGBps, m.FLOPs, m.TensorFLOPs)
}

// machineOf computes a device's limits from its attributes.
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

// result compares the seconds that w took with the roofline.
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
