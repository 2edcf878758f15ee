package model

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/model/internal/backend"
)

// frail is a toy whose device has little memory, or is lost at some step.
type frail struct {
	*toy
	room  int          // positions of all caches at most; 0: any number
	steps atomic.Int64 // tried so far
	last  int64        // steps that succeed before the device is lost; 0: it never is
	live  []*toyCache  // caches that may be open
}

func (f *frail) NewCache() backend.Cache {
	c := f.toy.NewCache().(*toyCache)
	f.live = append(f.live, c)
	return &frailCache{c, f}
}

type frailCache struct {
	*toyCache
	owner *frail
}

func (c *frailCache) Fork(n int) backend.Cache {
	fork := c.toyCache.Fork(n).(*toyCache)
	c.owner.live = append(c.owner.live, fork)
	return &frailCache{fork, c.owner}
}

func (f *frail) Step(ctx context.Context, spans []backend.Span) error {
	if f.last > 0 && f.steps.Add(1) > f.last {
		return fmt.Errorf("toy: %w", backend.ErrLost)
	}
	inner := slices.Clone(spans)
	held := 0
	f.live = slices.DeleteFunc(f.live, func(c *toyCache) bool { return c.closed })
	for _, c := range f.live {
		held += c.Len()
	}
	for i := range inner {
		inner[i].Cache = inner[i].Cache.(*frailCache).toyCache
		held += len(inner[i].Tokens)
	}
	if f.room > 0 && held > f.room {
		return fmt.Errorf("toy: %w", backend.ErrMemory)
	}
	return f.toy.Step(ctx, inner)
}

// TestConcurrentRequestsInLittleMemory: requests wait for room in the device's
// memory, and write what they write in any case. A request fails only if it needs
// more than the whole memory.
func TestConcurrentRequestsInLittleMemory(t *testing.T) {
	for _, room := range []int{150, 250, 700} {
		b := &frail{toy: &toy{}, room: room}
		m := modelOf(t, b, b.toy, Options{PrefillChunk: 20})
		var wg sync.WaitGroup
		for i, r := range toyRequests() {
			r.MaxNewTokens = 20
			wg.Go(func() {
				adapter, _ := m.check(r.Tokens, r.Adapter)
				want, wantErr := plain(r, adapter, m.stop, m.context)
				got, err := m.Generate(t.Context(), r)
				if !errors.Is(err, wantErr) || len(got.Tokens) != len(want) || len(want) > 0 && got.Tokens[len(want)-1].ID != want[len(want)-1].ID {
					t.Errorf("request %d in %d: %v, error %v, expected %v", i, room, got.Tokens, err, want)
				}
			})
		}
		wg.Wait()
	}
	b := &frail{toy: &toy{}, room: 50}
	m := modelOf(t, b, b.toy, Options{})
	_, err := m.Generate(t.Context(), Request{Tokens: make([]int32, 60)})
	require.ErrorIs(t, err, backend.ErrMemory)
	_, err = m.Generate(t.Context(), Request{Tokens: make([]int32, 20), MaxNewTokens: 5})
	require.NoError(t, err)
}

// TestLostDevice: all requests in the batch fail when the device is lost, and so
// do all later ones unless there is another device.
func TestLostDevice(t *testing.T) {
	run := func(m *Model) (failed, fine int) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		for _, r := range toyRequests() {
			r.Constraint = nil
			wg.Go(func() {
				got, err := m.Generate(t.Context(), r)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					fine++
					adapter, _ := m.check(r.Tokens, r.Adapter)
					want, _ := plain(r, adapter, m.stop, m.context)
					require.Len(t, got.Tokens, len(want))
					require.Equal(t, want[len(want)-1].ID, got.Tokens[len(want)-1].ID)
					return
				}
				require.ErrorIs(t, err, backend.ErrLost)
				failed++
			})
		}
		wg.Wait()
		return failed, fine
	}
	b := &frail{toy: &toy{}, last: 5}
	m := modelOf(t, b, b.toy, Options{Batch: 4})
	failed, fine := run(m)
	// Six requests have stop ids: one that comes before the others may end before the loss.
	require.Equal(t, 24, failed+fine)
	require.LessOrEqual(t, fine, 6)
	require.Zero(t, m.Stats().PrefixBytes)

	b = &frail{toy: &toy{}, last: 5}
	var lines []string
	log := func(f string, args ...any) { lines = append(lines, fmt.Sprintf(f, args...)) }
	second := &toy{}
	both := newFallback(b, log, func(context.Context) (backend.Backend, error) { return second, nil })
	m = modelOf(t, both, second, Options{Batch: 4})
	failed, fine = run(m)
	t.Logf("%d failed with the device, %d were met by the other; %q", failed, fine, lines)
	if failed == 0 || failed > 8 || fine != 24-failed {
		t.Errorf("%d failed, %d were met", failed, fine)
	}
	require.Contains(t, strings.Join(lines, "\n"), "going on with toy")
	require.Zero(t, b.caches.Load())
	failed, _ = run(m)
	require.Zero(t, failed)

	b = &frail{toy: &toy{}, last: 5}
	both = newFallback(b, log, func(context.Context) (backend.Backend, error) { return nil, errors.New("no room either") })
	m = modelOf(t, both, b.toy, Options{})
	failed, fine = run(m)
	require.Equal(t, 24, failed+fine)
	require.LessOrEqual(t, fine, 6)
	require.Contains(t, lines[len(lines)-1], "no room either")
}

func TestDevices(t *testing.T) {
	for s, want := range map[string][]string{
		"": {"cpu"}, "cpu": {"cpu"}, "cuda": {"cuda:0"}, "cuda:3": {"cuda:3"}, "cuda:1,cuda,cpu": {"cuda:1", "cuda:0", "cpu"},
	} {
		got, err := parseDevices(s)
		require.NoError(t, err)
		var names []string
		for _, d := range got {
			names = append(names, d.String())
		}
		require.Equal(t, want, names)
	}
	for _, s := range []string{"tpu", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "cuda,", ",cpu", "cuda;cpu", "cuda:99999999"} {
		_, err := parseDevices(s)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, s)
	}
}

// TestNextDevice: an error of the device leads to the next device; an error of
// the weights, or the end of the context, does not.
func TestNextDevice(t *testing.T) {
	require.True(t, unusable(t.Context(), fmt.Errorf("open: %w", cuda.ErrNoDriver)))
	require.True(t, unusable(t.Context(), &cuda.Error{Call: "cuMemAlloc_v2", Code: 2}))
	require.False(t, unusable(t.Context(), badinput.New("f", "x", "y", "z")))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.False(t, unusable(ctx, cuda.ErrNoDriver))
}

// An empty mask allows nothing, while nil allows everything.
func TestEmptyMask(t *testing.T) {
	b := &toy{}
	m := modelOf(t, b, b, Options{})
	_, err := m.Generate(t.Context(), Request{Tokens: []int32{1, 2}, Constraint: &all{[]uint64{}}})
	require.ErrorIs(t, err, ErrNothingAllowed)
	_, err = m.Generate(t.Context(), Request{Tokens: []int32{1, 2}, MaxNewTokens: 3, Constraint: &all{nil}})
	require.NoError(t, err)
}
