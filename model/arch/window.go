package arch

import (
	"fmt"
	"slices"
	"strconv"
)

// Window returns how many positions a query of a layer sees, its own included; 0: all.
func (c *Config) Window(layer int) int {
	if c.full != nil && c.full[layer] {
		return 0
	}
	return c.SlidingWindow
}

// parseWindow reads SlidingWindow, and which layers are without it.
func parseWindow(f fields, c *Config, fam *Family) {
	if fam.window == noWindow {
		return
	}
	size := defaultWindow
	if f.has("sliding_window") {
		size = f.integer("sliding_window", 0)
	}
	if f.raw("sliding_window") != nil {
		f.within("sliding_window", size, maxLength)
	}
	if fam.window == windowEverywhere {
		c.SlidingWindow = size
		return
	}
	if !f.boolean("use_sliding_window") {
		size = 0
	}
	full := fullLayers(f, c, size > 0)
	if *f.err != nil || !slices.Contains(full, false) {
		return
	}
	c.SlidingWindow = size
	if slices.Contains(full, true) {
		c.full = full
	}
}

// The kinds of attention that layer_types names.
const (
	fullAttention    = "full_attention"
	slidingAttention = "sliding_attention"
)

// fullLayers says of each layer whether it is without a window. Those with one are
// named by layer_types, or else are the layers from max_window_layers on. windowed
// tells whether the configuration has a window at all.
func fullLayers(f fields, c *Config, windowed bool) []bool {
	const firstWindowed = 28 // max_window_layers where the field is absent
	if *f.err != nil {
		return nil // the number of layers may be anything
	}
	full := make([]bool, c.NumHiddenLayers)
	if f.raw("layer_types") == nil {
		first := f.integer("max_window_layers", firstWindowed)
		for i := range full {
			full[i] = !windowed || i < first
		}
		return full
	}
	var types []string
	f.get("layer_types", &types, "a list of strings")
	if *f.err == nil && len(types) != c.NumHiddenLayers {
		f.fail("layer_types", fmt.Sprint(len(types), " layers"), strconv.Itoa(c.NumHiddenLayers))
	}
	if *f.err != nil {
		return nil
	}
	for i, t := range types {
		if t != fullAttention && (t != slidingAttention || !windowed) {
			f.fail("layer_types", quoted(t), quoted(fullAttention)+", or "+quoted(slidingAttention)+" where use_sliding_window and sliding_window are set")
		}
		full[i] = t == fullAttention
	}
	return full
}
