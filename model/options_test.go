package model

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model/arch"
)

// TestWindowBoundsTheContextOfGPUs: on the processors a context may be longer than the
// window.
func TestWindowBoundsTheContextOfGPUs(t *testing.T) {
	windowed := &arch.Config{SlidingWindow: 100, MaxPositionEmbeddings: 1000}
	for _, c := range []struct {
		name      string
		config    *arch.Config
		device    string
		asked     int
		want      int // 0: refused
		mentioned bool
	}{
		{"processors", windowed, "cpu", 0, 1000, false},
		{"processors, asked", windowed, "", 500, 500, false},
		{"GPU", windowed, "cuda", 0, 100, true},
		{"GPU, within", windowed, "cuda:1", 100, 100, false},
		{"GPU, beyond", windowed, "cuda", 101, 0, false},
		{"either", windowed, "cuda,cpu", 0, 100, true},
		{"GPU, no window", &arch.Config{MaxPositionEmbeddings: 1000}, "cuda", 0, 1000, false},
	} {
		mentioned := false
		o := Options{Device: c.device, Context: c.asked, Log: func(string, ...any) { mentioned = true }}.withDefaults(c.config)
		devices, err := o.check()
		require.NoError(t, err, c.name)
		err = o.fitWindow(c.config, devices, c.asked)
		require.Equal(t, c.mentioned, mentioned, c.name)
		if c.want == 0 {
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad, c.name)
			continue
		}
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, o.Context, c.name)
	}
}
