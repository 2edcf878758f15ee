package arch

import (
	"fmt"
	"slices"
	"strconv"
)

// parseWindow returns how many positions a query sees, 0 for all of them. If only
// some layers have a window, the whole model gets it: sequences are bounded to the
// window's length, within which it changes nothing.
func parseWindow(f fields, c *Config, fam *Family) int {
	if fam.window == noWindow {
		return 0
	}
	size := defaultWindow
	if f.has("sliding_window") {
		size = f.integer("sliding_window", 0)
	}
	if f.raw("sliding_window") != nil {
		f.within("sliding_window", size, maxLength)
	}
	if fam.window == windowEverywhere {
		return size
	}
	if !f.boolean("use_sliding_window") {
		size = 0
	}
	if !slides(f, c, size > 0) {
		return 0
	}
	return size
}

// The kinds of attention that layer_types names.
const (
	fullAttention    = "full_attention"
	slidingAttention = "sliding_attention"
)

// slides reports whether any layer has a window: one that layer_types names, or
// else the layers from max_window_layers on. windowed tells whether the
// configuration has a window at all.
func slides(f fields, c *Config, windowed bool) bool {
	const firstWindowed = 28 // max_window_layers where the field is absent
	if f.raw("layer_types") == nil {
		return windowed && f.integer("max_window_layers", firstWindowed) < c.NumHiddenLayers
	}
	var types []string
	f.get("layer_types", &types, "a list of strings")
	if *f.err == nil && len(types) != c.NumHiddenLayers {
		f.fail("layer_types", fmt.Sprint(len(types), " layers"), strconv.Itoa(c.NumHiddenLayers))
	}
	for _, t := range types {
		if t != fullAttention && (t != slidingAttention || !windowed) {
			f.fail("layer_types", quoted(t), quoted(fullAttention)+", or "+quoted(slidingAttention)+" where use_sliding_window and sliding_window are set")
		}
	}
	return slices.Contains(types, slidingAttention)
}
