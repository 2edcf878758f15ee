//go:build gpu

package cuda

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/purego"
	"github.com/medner/medner/model/internal/backend"
)

// little is a script of few steps, under an adapter or without.
func little(adapter int) script {
	return script{adapters: []int{-1, adapter}, lengths: []int{6, 4}, chunk: 3, together: true}
}

// TestEveryAllocationMayFail: at whichever allocation memory ends, the error
// says so, what was allocated is freed, and a model that is open goes on.
func TestEveryAllocationMayFail(t *testing.T) {
	d, l := fakeDriver(t)
	w := newToy(32, false, true, true)
	c := *w.Config
	c.NumHiddenLayers = 1
	w.Config, w.Layers = &c, w.Layers[:1]
	reference := open(t, d, w, backend.Options{})
	want, err := play(stepper(reference), reference, little(-1))
	require.NoError(t, err)
	for _, setting := range []string{"fail_alloc", "fail_pinned", "fail_module", "fail_stream", "fail_instantiate"} {
		failures := 0
		for n := 1; ; n++ {
			l.Set(setting, n)
			b, err := New(t.Context(), d, 0, w, backend.Options{})
			if err == nil {
				for range 2 { // the second time by graphs
					got, failed := play(stepper(b), b, little(-1))
					if failed != nil { // once more, with all memory
						require.Zero(t, l.Get(setting), "%v", failed)
						got, err = play(stepper(b), b, little(-1))
						require.NoError(t, err)
						err = failed
					}
					equal(t, fmt.Sprintf("%s %d", setting, n), got, want)
				}
				require.NoError(t, b.Close())
			}
			left := l.Get(setting)
			l.Set(setting, 0)
			require.Empty(t, l.Dropped(), "%s %d: left to the context's end", setting, n)
			require.Equal(t, 1, l.Get("contexts"), "%s %d", setting, n)
			if left > 0 {
				break // it was never reached
			}
			failures++
			if err != nil && setting == "fail_alloc" {
				require.ErrorIs(t, err, driver.ErrOutOfMemory, "%s %d", setting, n)
				require.ErrorIs(t, err, backend.ErrMemory)
				require.ErrorContains(t, err, "cuda:0")
			}
		}
		t.Logf("%s: %d points", setting, failures)
		require.Positive(t, failures, setting)
	}
}

// TestEveryLaunchMayFail: the step fails with the driver's reason, its caches
// are as before, and the next one computes the same bits.
func TestEveryLaunchMayFail(t *testing.T) {
	d, l := fakeDriver(t)
	b := open(t, d, newToy(32, true, false, true), backend.Options{})
	want, err := play(stepper(b), b, little(0))
	require.NoError(t, err)
	for n := 1; n < 400; n += 1 + n/4 {
		require.NoError(t, b.ctx.Do(b.graphs.clear))
		l.Set("fail_launch", n)
		failed := false
		got, err := play(func(spans []backend.Span) error {
			var before []int
			for _, s := range spans {
				before = append(before, s.Cache.Len())
			}
			err := b.Step(t.Context(), spans)
			if err != nil && !failed {
				failed = true
				require.ErrorIs(t, err, driver.ErrLaunch)
				for i, s := range spans {
					require.Equal(t, before[i], s.Cache.Len())
				}
				return b.Step(t.Context(), spans)
			}
			return err
		}, b, little(0))
		require.NoError(t, err)
		equal(t, fmt.Sprintf("launch %d", n), got, want)
		reached := l.Get("fail_launch") == 0
		l.Set("fail_launch", 0)
		if !reached {
			return
		}
		require.True(t, failed)
	}
}

// TestLostDevice: at whichever call the device gets lost, opening or stepping
// fails with that reason, from then on at once, and closing ends well.
func TestLostDevice(t *testing.T) {
	d, l := fakeDriver(t)
	w := newToy(32, false, false, true)
	for _, setting := range []string{"lose_call", "lose_launch"} {
		points := 0
		for n := 1; ; n += 1 + n/3 {
			l.Set(setting, n)
			b, err := New(t.Context(), d, 0, w, backend.Options{})
			if err != nil {
				require.ErrorIs(t, err, driver.ErrDeviceLost, "%s %d", setting, n)
				require.ErrorIs(t, err, backend.ErrLost)
			} else {
				c := b.NewCache()
				for range 4 {
					if err = b.Step(t.Context(), []backend.Span{{Cache: c, Tokens: []int32{1, 2}, Adapter: -1, Rows: []backend.Row{ask(0, 1)}}}); err != nil {
						break
					}
				}
				if err != nil {
					require.ErrorIs(t, err, backend.ErrLost, "%s %d", setting, n)
					calls := l.Get("calls")
					again := b.Step(t.Context(), []backend.Span{{Cache: c, Tokens: []int32{1}, Adapter: -1}})
					require.ErrorIs(t, again, backend.ErrLost)
					require.Equal(t, calls, l.Get("calls"), "a lost device was asked again")
				}
				c.Close()
				require.NoError(t, b.Close(), "%s %d", setting, n)
			}
			reached := l.Get(setting) == 0
			l.Set(setting, 0)
			if !reached {
				break
			}
			if err != nil { // not where there is no context to lose yet
				points++
			}
		}
		t.Logf("%s: %d points", setting, points)
		require.Greater(t, points, 5)
	}
}

// TestUnfitDevices are refused with the reason.
func TestUnfitDevices(t *testing.T) {
	d, l := fakeDriver(t)
	w := newToy(32, false, false, true)
	try := func(setting string, value, ordinal int) error {
		before := l.Get(setting)
		l.Set(setting, value)
		defer l.Set(setting, before)
		_, err := New(t.Context(), d, ordinal, w, backend.Options{Context: 1000})
		return err
	}
	err := try("driver_version", 11080, 0)
	require.ErrorIs(t, err, driver.ErrOldDriver)
	require.ErrorContains(t, err, "11.8")
	err = try("capability", 75, 0)
	require.ErrorIs(t, err, driver.ErrOldDevice)
	require.ErrorContains(t, err, "7.5")
	err = try("devices", 1, 3)
	require.ErrorIs(t, err, driver.ErrNoDevice)
	require.ErrorContains(t, err, "cuda:3")

	n, err := need(w, backend.Options{Context: 1000})
	require.NoError(t, err)
	err = try("memory", int(n.All())*9/10, 0)
	var little *MemoryError
	require.ErrorAs(t, err, &little)
	require.ErrorIs(t, err, driver.ErrOutOfMemory)
	require.ErrorIs(t, err, backend.ErrMemory)
	t.Logf("%v\n%s", err, little.Hint())
	require.Contains(t, little.Hint(), "Options.Context")
	err = try("memory", 1<<20, 0)
	require.ErrorAs(t, err, &little)
	require.Contains(t, little.Hint(), "Options.Device cuda,cpu")

	broken := newToy(320, false, false, true)
	_, err = New(t.Context(), d, 0, broken, backend.Options{})
	require.ErrorContains(t, err, "head_dim")
	t.Setenv(purego.LibraryVariable, "/nowhere/libcuda.so.1")
	_, err = purego.Open()
	require.ErrorIs(t, err, driver.ErrNoDriver)
}
