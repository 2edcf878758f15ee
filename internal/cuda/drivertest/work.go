package drivertest

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/cuda"
)

var line = cuda.Dim{X: 1, Y: 1, Z: 1}

func dim(x uint32) cuda.Dim { return cuda.Dim{X: x, Y: 1, Z: 1} }

func (o Options) kernels(t *testing.T) {
	o.do(t, func(c cuda.Context) {
		s := stream(t, c)
		scale := function(t, c, "suite_scale")
		p := put(t, c, count(0, 1000), s)
		require.NoError(t, c.Launch(scale, dim(8), dim(128), 0, s, uint64(p), bits(2), bits(1), 1000))
		want := make([]float32, 1000)
		for i := range want {
			want[i] = 2*float32(i) + 1
		}
		require.Equal(t, floats(want...), get(t, c, p, 4000, s))

		reverse := function(t, c, "suite_reverse")
		q, err := c.Alloc(4000)
		require.NoError(t, err)
		require.NoError(t, c.Launch(reverse, dim(2), dim(100), 2000, s, uint64(q), uint64(p), 5))
		for i := range want {
			want[i] = 2*float32(i/500*500+499-i%500) + 1
		}
		require.Equal(t, floats(want...), get(t, c, q, 4000, s))

		m, err := c.LoadModule([]byte(".version 99.0\n.target sm_80\n"))
		require.Error(t, err)
		require.ErrorIs(t, err, cuda.ErrOldDriver)
		require.Zero(t, m)
	})
}

func (o Options) parameterSizes(t *testing.T) {
	o.do(t, func(c cuda.Context) {
		f := function(t, c, "suite_sizes")
		p, err := c.Alloc(8)
		require.NoError(t, err)
		short, integer, long := int16(-300), int32(-70000), int64(-1<<40)
		require.NoError(t, c.Launch(f, line, line, 0, 0, uint64(p), 200, uint64(short), uint64(integer), uint64(long), math.Float64bits(0.5)))
		want := 200 - 300 - 70000 - float64(1<<40) + 0.5
		require.Equal(t, want, math.Float64frombits(binary.LittleEndian.Uint64(get(t, c, p, 8, 0))))
		if o.Fake != nil && o.Fake.Get("count_arguments") == 1 {
			require.ErrorIs(t, c.Launch(f, line, line, 0, 0, uint64(p), 1, 2, 3, 4), cuda.ErrLaunch, "too few arguments")
			require.ErrorIs(t, c.Launch(f, line, line, 0, 0, uint64(p), 1, 2, 3, 4, 5, 6), cuda.ErrLaunch, "too many")
		}
	})
}

func (o Options) attributes(t *testing.T) {
	o.do(t, func(c cuda.Context) {
		bounded := function(t, c, "suite_bounded")
		n, err := c.FunctionAttribute(bounded, cuda.MaxThreadsPerBlock)
		require.NoError(t, err)
		require.Equal(t, 128, n)
		n, err = c.FunctionAttribute(bounded, cuda.SharedSizeBytes)
		require.NoError(t, err)
		require.Equal(t, 512, n)
		n, err = c.FunctionAttribute(bounded, cuda.NumRegs)
		require.NoError(t, err)
		require.Positive(t, n)

		// More than 48 KB of dynamic shared memory only with consent.
		reverse := function(t, c, "suite_reverse")
		const bytes = 64 << 10
		p := put(t, c, count(0, bytes/4), 0)
		q, err := c.Alloc(bytes)
		require.NoError(t, err)
		launch := func() error { return c.Launch(reverse, line, dim(1024), bytes, 0, uint64(q), uint64(p), bytes/4/1024) }
		require.ErrorIs(t, launch(), cuda.ErrLaunch)
		require.NoError(t, c.SetFunctionAttribute(reverse, cuda.MaxDynamicSharedMemory, bytes))
		n, err = c.FunctionAttribute(reverse, cuda.MaxDynamicSharedMemory)
		require.NoError(t, err)
		require.Equal(t, bytes, n)
		require.NoError(t, launch())
		require.Equal(t, floats(bytes/4-1, bytes/4-2), get(t, c, q, 8, 0))
		require.Error(t, c.SetFunctionAttribute(reverse, cuda.MaxDynamicSharedMemory, c.Device().SharedMemoryPerBlock+1))
	})
}

func (o Options) streams(t *testing.T) {
	o.do(t, func(c cuda.Context) {
		scale := function(t, c, "suite_scale")
		a, b := stream(t, c), stream(t, c)
		p := put(t, c, count(0, 256), a)
		for range 10 { // in order within a stream
			require.NoError(t, c.Launch(scale, line, dim(256), 0, a, uint64(p), bits(2), bits(0), 256))
		}
		done, err := c.NewEvent()
		require.NoError(t, err)
		require.NoError(t, c.Wait(b, done), "never recorded: nothing to wait for")
		require.NoError(t, c.Record(done, a))
		require.NoError(t, c.Wait(b, done)) // across streams
		require.NoError(t, c.Launch(scale, line, dim(256), 0, b, uint64(p), bits(1), bits(1), 256))
		require.Equal(t, floats(1, 1025, 2049), get(t, c, p, 12, b))
		require.NoError(t, c.Synchronize(a))
		require.NoError(t, c.DestroyEvent(done))
		require.NoError(t, c.DestroyStream(a))
		require.NoError(t, c.DestroyStream(b))
		if o.Fake != nil {
			// Work is lazy: what isn't waited for hasn't happened.
			before := o.Fake.Get("launches")
			require.NoError(t, c.Launch(scale, line, dim(256), 0, 0, uint64(p), bits(1), bits(1), 256))
			require.Equal(t, before, o.Fake.Get("launches"))
			require.NoError(t, c.Synchronize(0))
			require.Equal(t, before+1, o.Fake.Get("launches"))
		}
	})
}

func (o Options) events(t *testing.T) {
	o.do(t, func(c cuda.Context) {
		s := stream(t, c)
		from, err := c.NewEvent()
		require.NoError(t, err)
		to, err := c.NewEvent()
		require.NoError(t, err)
		_, err = c.Elapsed(from, to)
		require.Error(t, err, "not recorded")
		scale := function(t, c, "suite_scale")
		p := put(t, c, count(0, 4096), s)
		require.NoError(t, c.Record(from, s))
		require.NoError(t, c.Launch(scale, dim(16), dim(256), 0, s, uint64(p), bits(2), bits(0), 4096))
		require.NoError(t, c.Record(to, s))
		require.NoError(t, c.Synchronize(s))
		d, err := c.Elapsed(from, to)
		require.NoError(t, err)
		require.Positive(t, d)
		back, err := c.Elapsed(to, from)
		require.NoError(t, err)
		require.InDelta(t, float64(d), -float64(back), 1000)
		require.NoError(t, c.DestroyEvent(from))
		require.NoError(t, c.DestroyEvent(to))
	})
}

func (o Options) graphs(t *testing.T) {
	o.do(t, func(c cuda.Context) {
		s := stream(t, c)
		if !o.Graphs {
			require.ErrorIs(t, c.BeginCapture(s), cuda.ErrNoGraphs)
			return
		}
		scale := function(t, c, "suite_scale")
		p := put(t, c, count(1, 256), s)
		pinned, err := c.AllocPinned(8)
		require.NoError(t, err)
		require.NoError(t, c.BeginCapture(s))
		for range 2 {
			require.NoError(t, c.Launch(scale, line, dim(256), 0, s, uint64(p), bits(2), bits(1), 256))
		}
		require.NoError(t, c.CopyToHost(pinned, p, s))
		graph, err := c.EndCapture(s)
		require.NoError(t, err)
		require.Equal(t, floats(1, 2), get(t, c, p, 8, s), "capturing runs nothing")
		exec, err := c.Instantiate(graph)
		require.NoError(t, err)
		require.NoError(t, c.DestroyGraph(graph))
		for _, want := range [][]byte{floats(7, 11), floats(31, 47)} {
			require.NoError(t, c.LaunchGraph(exec, s))
			require.NoError(t, c.Synchronize(s))
			require.Equal(t, want, pinned)
		}
		require.NoError(t, c.DestroyExec(exec))

		// What can't be captured spoils the capture, and nothing else.
		require.NoError(t, c.BeginCapture(s))
		require.Error(t, c.Synchronize(s))
		_, err = c.EndCapture(s)
		require.Error(t, err)
		require.Equal(t, floats(31, 47), get(t, c, p, 8, s))
		require.Error(t, c.BeginCapture(0), "the default stream")
	})
}
