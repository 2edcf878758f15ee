//go:build gpu

package model

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/fake"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/internal/cuda/purego"
	"github.com/medner/medner/internal/cuda/shim"
	"github.com/medner/medner/model/internal/backend"
)

// fakeGPU makes a GPU without silicon the driver of a test.
func fakeGPU(t *testing.T) *fake.Library {
	t.Helper()
	ptx, err := fs.Sub(gpukernels.PTX, "ptx")
	require.NoError(t, err)
	path := fake.Build(t, shim.Trap, "../internal/cuda/gpukernels/src", ptx)
	t.Setenv(purego.LibraryVariable, path)
	return fake.Load(t, path)
}

// TestBitsOfAGPU: in f32 a GPU writes what the processors write, to the bit, in
// every batch, chunk, draft and prefix, greedily and by sampling. In fast it
// writes the same in every schedule.
func TestBitsOfAGPU(t *testing.T) {
	l := fakeGPU(t)
	for _, c := range []struct {
		model, adapter, kv string
		precision          Precision
	}{
		{model: "nf4-f16", adapter: "four-bit"},
		{model: "head-96-llama3", adapter: "dora", kv: "f16"},
		{model: "fp4", adapter: "four-bit", precision: Fast},
		{model: "qwen2", adapter: "qwen2-lora"},
		{model: "nf4-qwen3", adapter: "qwen3-dora"},
	} {
		open := func(o Options) *Model {
			o.KV, o.Precision, o.LoRA = c.kv, c.precision, Unmerged
			o.Adapters = []string{made(t, "adapters", c.adapter)}
			m, err := Open(t.Context(), made(t, "models", c.model), o)
			require.NoError(t, err)
			return m
		}
		reference := Options{Device: "cpu", Threads: 1, Batch: 1, Draft: -1, PrefixCache: -1, PrefillChunk: 1000}
		if c.precision == Fast {
			reference.Device = "cuda"
		}
		plainly := open(reference)
		requests := scheduleRequests(plainly, true)[:5]
		var want []string
		for i := range requests {
			requests[i].MaxNewTokens = 9
			want = append(want, written(t, plainly, requests[i]))
		}
		require.NoError(t, plainly.Close())
		for name, o := range map[string]Options{
			"default":      {},
			"chunks of 11": {PrefillChunk: 11, Draft: -1},
			"only drafts":  {Batch: 1, PrefixCache: -1, Draft: 15},
			"only batches": {Draft: -1, PrefixCache: -1, Batch: 5},
		} {
			t.Run(fmt.Sprintf("%s/%s", c.model, name), func(t *testing.T) {
				o.Device = "cuda"
				m := open(o)
				defer func() {
					require.NoError(t, m.Close())
					require.Empty(t, l.Dropped(), "left to the context's end")
				}()
				m.scheduler.chooseDrafts = takeAll
				var wg sync.WaitGroup
				for i, r := range requests {
					wg.Go(func() {
						if got := written(t, m, r); got != want[i] {
							t.Errorf("request %d:\n%s, expected\n%s", i, got, want[i])
						}
					})
				}
				wg.Wait()
				if st := m.Stats(); o.PrefixCache == 0 && st.CachedTokens == 0 {
					t.Error("no prefix was shared")
				}
			})
		}
	}
}

// TestBitsOfBranchesOnAGPU: branches fork their prefix on a GPU as they do on the
// processors, also where the one that reads it leaves.
func TestBitsOfBranchesOnAGPU(t *testing.T) {
	fakeGPU(t)
	for _, precision := range []Precision{F32, Fast} {
		open := func(o Options) *Model {
			o.Device, o.Precision, o.LoRA, o.Adapters = "cuda", precision, Unmerged, []string{made(t, "adapters", "four-bit")}
			m, err := Open(t.Context(), made(t, "models", "nf4-f16"), o)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, m.Close()) })
			return m
		}
		plainly := open(Options{Batch: 1, Draft: -1, PrefixCache: -1, PrefillChunk: 1000})
		requests := branches(prefixTokens(1, 80))[:3]
		var want []string
		for i := range requests {
			requests[i].Probe, requests[i].MaxNewTokens = []int32{2}, 4
			want = append(want, written(t, plainly, requests[i]))
		}
		requireBranchesOutlive(t, open(Options{PrefillChunk: 33}), requests, want)
	}
}

// TestTagsOfAGPU: in f32 a GPU scores labels as the processors do, to the bit, under two
// adapters and in every schedule; in fast it scores the same in every schedule.
func TestTagsOfAGPU(t *testing.T) {
	l := fakeGPU(t)
	for _, p := range []Precision{F32, Fast} {
		var want []string
		for _, o := range []Options{{Batch: 1, PrefixCache: -1, PrefillChunk: 1000}, {}, {PrefillChunk: 11}} {
			o.Adapters = []string{tags("adapters", "lora"), tags("adapters", "dora")}
			o.Precision = p
			if o.Device = "cuda"; p == F32 && want == nil {
				o.Device = "cpu"
			}
			m, err := Open(t.Context(), tags("models", "llama-base"), o)
			require.NoError(t, err)
			var cases []tagCase
			for _, c := range tagCases(t) {
				if c.Model == "adapters/lora" || c.Model == "adapters/dora" {
					cases = append(cases, c)
				}
			}
			got := make([]string, 2*len(cases))
			var wg sync.WaitGroup
			for i, c := range cases {
				name := filepath.Base(c.Model)
				wg.Go(func() {
					found, err := m.Classify(t.Context(), ClassifyRequest{Tokens: c.IDs, From: c.From, Adapter: name})
					if err != nil {
						t.Error(err)
						return
					}
					got[2*i] = bits(found.Scores)
				})
				wg.Go(func() {
					got[2*i+1] = written(t, m, Request{Tokens: c.IDs, MaxNewTokens: 5, Adapter: name, Probe: []int32{5}})
				})
			}
			wg.Wait()
			if want == nil {
				want = got
			}
			require.Equal(t, want, got, "%+v", o)
			require.NoError(t, m.Close())
			require.Empty(t, l.Dropped())
		}
	}
}

// TestLostGPU: where another device is named, only requests under way fail when
// the first is lost.
func TestLostGPU(t *testing.T) {
	l := fakeGPU(t)
	var mu sync.Mutex
	var lines []string
	o := Options{Device: "cuda,cpu", Log: func(f string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, fmt.Sprintf(f, args...))
	}}
	m, err := OpenRandom(t.Context(), "tiny", o)
	require.NoError(t, err)
	require.Equal(t, "cuda:0", m.Info().Device)
	require.Equal(t, 7, l.Get("cuMemcpyDtoDAsync_v2"), "the second layer's matrices are copies of the first's, made on the device")
	r := Request{Tokens: []int32{1, 2, 3}, MaxNewTokens: 4, Stop: []int32{}}
	want, err := m.Generate(t.Context(), r)
	require.NoError(t, err)
	l.Set("lose_launch", 5)
	_, err = m.Generate(t.Context(), Request{Tokens: []int32{7, 8, 9, 10}, MaxNewTokens: 50, Stop: []int32{}})
	require.ErrorIs(t, err, backend.ErrLost)
	require.ErrorIs(t, err, driver.ErrDeviceLost)
	got, err := m.Generate(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, want.Tokens, got.Tokens)
	require.Equal(t, "cpu", m.Info().Device)
	require.Contains(t, strings.Join(lines, "\n"), "going on with cpu")
	require.NoError(t, m.Close())

	lines = nil
	l.Set("devices", 0)
	m, err = OpenRandom(t.Context(), "tiny", o)
	require.NoError(t, err)
	require.Equal(t, "cpu", m.Info().Device)
	require.Len(t, lines, 1)
	require.NoError(t, m.Close())
	_, err = OpenRandom(t.Context(), "tiny", Options{Device: "cuda"})
	require.ErrorIs(t, err, driver.ErrNoDevice)
	var h interface{ Hint() string }
	require.True(t, errors.As(err, &h))
	require.Contains(t, h.Hint(), "cuda,cpu")
}

// TestLittleGPU: sequences that don't fit its memory together take turns.
func TestLittleGPU(t *testing.T) {
	l := fakeGPU(t)
	m, err := OpenRandom(t.Context(), "tiny", Options{Device: "cuda", Draft: -1, Context: 256})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	var requests []Request
	for i := range 4 {
		r := Request{Tokens: make([]int32, 60), MaxNewTokens: 8, Stop: []int32{}}
		for j := range r.Tokens {
			r.Tokens[j] = int32((j*j + i*17) % 1000)
		}
		requests = append(requests, r)
	}
	var want []*Result
	for _, r := range requests {
		w, err := m.Generate(t.Context(), r)
		require.NoError(t, err)
		want = append(want, w)
	}
	// From here on memory is what is allocated, and one page more.
	l.Set("memory", l.Get("held.bytes")+70_000)
	var wg sync.WaitGroup
	for i, r := range requests {
		wg.Go(func() {
			got, err := m.Generate(t.Context(), r)
			if err != nil || fmt.Sprint(got.IDs()) != fmt.Sprint(want[i].IDs()) {
				t.Errorf("request %d: %v, error %v, expected %v", i, got.IDs(), err, want[i].IDs())
			}
		})
	}
	wg.Wait()
}
