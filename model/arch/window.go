package arch

// parseWindow reads how many positions a query sees, 0 for all of them.
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
	return size
}
