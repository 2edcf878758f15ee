package kernels

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPoolCoversAll(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		p := NewPool(threads)
		require.Equal(t, threads, p.Threads())
		for _, n := range []int{0, 1, 2, 7, 64, 1000} {
			for _, grain := range []int{1, 2, 16} {
				times := make([]atomic.Int32, n)
				p.Run(n, grain, func(lo, hi int) {
					if lo%grain != 0 || lo >= hi || hi > n || hi%grain != 0 && hi != n {
						t.Errorf("n %d, grain %d: range [%d, %d)", n, grain, lo, hi)
					}
					for i := lo; i < hi; i++ {
						times[i].Add(1)
					}
				})
				for i := range times {
					if times[i].Load() != 1 {
						t.Fatalf("%d threads, n %d, grain %d: row %d was done %d times", threads, n, grain, i, times[i].Load())
					}
				}
			}
		}
		p.Close()
		p.Close()
		require.Panics(t, func() { p.Run(1, 1, func(int, int) {}) })
	}
}

// Workers go to sleep, wake late, or not at all for a run.
func TestPoolSleepers(t *testing.T) {
	p := NewPool(4)
	defer p.Close()
	for round := range 200 {
		if round%20 == 0 {
			time.Sleep(3 * spinTime)
		}
		var sum atomic.Int64
		p.Run(round, 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				sum.Add(int64(i))
			}
		})
		require.Equal(t, int64(round*(round-1)/2), sum.Load())
	}
}

func TestPoolConcurrentRuns(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				mine := make([]int, 100) // no two runs share their rows
				p.Run(len(mine), 3, func(lo, hi int) {
					for i := lo; i < hi; i++ {
						mine[i]++
					}
				})
				for _, n := range mine {
					if n != 1 {
						t.Errorf("a row was done %d times", n)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestPoolPanic(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	for range 20 {
		require.PanicsWithValue(t, "row 7", func() {
			p.Run(10, 1, func(lo, hi int) {
				if lo <= 7 && 7 < hi {
					panic("row 7")
				}
			})
		})
	}
	n := 0
	p.Run(1, 1, func(lo, hi int) { n += hi - lo })
	require.Equal(t, 1, n)
}

func TestPoolDoesNotAllocate(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	var n atomic.Int64
	work := func(lo, hi int) { n.Add(int64(hi - lo)) }
	require.Zero(t, testing.AllocsPerRun(100, func() { p.Run(100, 1, work) }))
}

func TestPhysicalCores(t *testing.T) {
	root := t.TempDir()
	for cpu, siblings := range map[string]string{"0": "0,2\n", "1": "1,3\n", "2": "0,2\n", "3": "1,3\n"} {
		write(t, root, "sys/devices/system/cpu/cpu"+cpu+"/topology/thread_siblings_list", siblings)
	}
	for _, c := range []struct {
		cpus []int
		want int
	}{{[]int{0, 1, 2, 3}, 2}, {[]int{0, 2}, 1}, {[]int{3}, 1}, {[]int{0, 1, 9, 10}, 4}} {
		require.Equal(t, c.want, physicalCores(root, c.cpus))
	}
	require.Positive(t, DefaultThreads())
	require.LessOrEqual(t, DefaultThreads(), runtime.NumCPU())
}

func TestCgroupQuota(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  float64 // 0: none
	}{
		"none":    {nil, 0},
		"v2":      {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"}, 1.5},
		"v2 max":  {map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "max 100000\n"}, 0},
		"v2 part": {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "sys/fs/cgroup/a/cpu.max": "200000 100000\n"}, 2},
		// As seen in a container whose /proc shows the host's path.
		"v2 outside": {map[string]string{"proc/self/cgroup": "0::/docker/x\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}, .5},
		"v1": {map[string]string{"proc/self/cgroup": "3:cpuset:/\n2:cpu,cpuacct:/x\n", "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "300000\n",
			"sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000\n"}, 3},
		"v1 none": {map[string]string{"proc/self/cgroup": "2:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
			"sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 0},
		"nonsense": {map[string]string{"proc/self/cgroup": "x\n0::/\n", "sys/fs/cgroup/cpu.max": "one two\n"}, 0},
	} {
		root := t.TempDir()
		for file, text := range c.files {
			write(t, root, file, text)
		}
		got := cgroupQuota(root)
		if c.want == 0 {
			require.Greater(t, got, 1e300, name)
		} else {
			require.InDelta(t, c.want, got, 1e-9, name)
		}
	}
}

func write(t *testing.T, root, file, text string) {
	t.Helper()
	name := filepath.Join(root, filepath.FromSlash(strings.TrimPrefix(file, "/")))
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
}

func BenchmarkPoolRun(b *testing.B) {
	p := NewPool(0)
	defer p.Close()
	for b.Loop() {
		p.Run(1024, 1, func(int, int) {})
	}
}
