package model

// Info describes a device and what a model takes of it.
type Info struct {
	Device       string // "cpu", "cuda:0"
	Variant      string // the kernels chosen: "avx2", "scalar", …
	Reason       string // why
	Threads      int
	WeightBytes  int64 // memory held by packed weights
	CacheBytes   int64 // bytes that the keys and values of a position take
	BytesPerStep int64 // bytes of weights that a step of one token reads
	// Bandwidth is what the device's memory can deliver by its clock and bus, in
	// bytes a second; 0: not known.
	Bandwidth float64
}
