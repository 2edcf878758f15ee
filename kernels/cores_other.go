//go:build !linux

package kernels

import "runtime"

// allowedCPUs numbers the CPUs that this process may use.
func allowedCPUs() []int {
	cpus := make([]int, runtime.NumCPU())
	for i := range cpus {
		cpus[i] = i
	}
	return cpus
}
