package kernels

import (
	"math"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// DefaultThreads is the number of physical cores that this process may use:
// those that its affinity allows, at most as many as its cgroups' quotas pay
// for, at most GOMAXPROCS, at least 1. Two threads of one core count once,
// for they share its vector units.
func DefaultThreads() int {
	cores := physicalCores("/", allowedCPUs())
	n := min(cores, runtime.GOMAXPROCS(0))
	if quota := cgroupQuota("/"); quota < float64(n) {
		n = int(math.Ceil(quota))
	}
	return max(1, n)
}

// physicalCores counts the cores that the CPUs belong to, by sysfs under
// root. CPUs that it does not describe are a core each.
func physicalCores(root string, cpus []int) int {
	seen := map[string]bool{}
	for _, cpu := range cpus {
		id := "/sys/devices/system/cpu/cpu" + strconv.Itoa(cpu)
		siblings, err := os.ReadFile(path.Join(root, id, "topology/thread_siblings_list"))
		if err == nil {
			id = strings.TrimSpace(string(siblings))
		}
		seen[id] = true
	}
	return len(seen)
}

// cgroupQuota returns the number of CPUs whose time the process may use, by the
// cgroups of either version that it is in and those above; +Inf without a limit.
func cgroupQuota(root string) float64 {
	quota := math.Inf(1)
	groups, err := os.ReadFile(path.Join(root, "proc/self/cgroup"))
	if err != nil {
		return quota
	}
	for line := range strings.Lines(string(groups)) {
		// hierarchy:controllers:path, the controllers empty in version 2.
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 {
			continue
		}
		for _, mount := range cgroupMounts(part[1]) {
			// Inside a container the path may be the host's: then only the
			// mount's own files are there to be read.
			for dir := path.Clean("/" + part[2]); ; dir = path.Dir(dir) {
				quota = min(quota, quotaOf(path.Join(root, mount, dir)))
				if dir == "/" {
					break
				}
			}
		}
	}
	return quota
}

// cgroupMounts returns the folders in which the hierarchy of the controllers is
// usually mounted.
func cgroupMounts(controllers string) []string {
	if controllers == "" {
		return []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"}
	}
	for c := range strings.SplitSeq(controllers, ",") {
		if c == "cpu" {
			return []string{"sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"}
		}
	}
	return nil
}

// quotaOf reads one cgroup's quota in CPUs.
func quotaOf(dir string) float64 {
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil {
			return -1
		}
		return v
	}
	quota, period := -1., -1.
	if b, err := os.ReadFile(path.Join(dir, "cpu.max")); err == nil {
		if f := strings.Fields(string(b)); len(f) == 2 {
			quota, period = number(f[0]), number(f[1])
		}
	} else if b, err := os.ReadFile(path.Join(dir, "cpu.cfs_quota_us")); err == nil {
		quota = number(string(b))
		if b, err := os.ReadFile(path.Join(dir, "cpu.cfs_period_us")); err == nil {
			period = number(string(b))
		}
	}
	if quota > 0 && period > 0 {
		return quota / period
	}
	return math.Inf(1)
}

// processorName returns what /proc/cpuinfo under root says of the first processor's
// model, "" if nothing.
func processorName(root string) string {
	text, err := os.ReadFile(path.Join(root, "proc/cpuinfo"))
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(text), "\n\n")
	var name []string
	for line := range strings.Lines(first) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(key) {
		case "vendor_id", "cpu family", "model", "model name", "stepping":
			name = append(name, strings.TrimSpace(value))
		}
	}
	return strings.Join(name, " ")
}
