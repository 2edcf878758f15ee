package cuda

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/model/internal/paged"
)

// MemoryError says that a model doesn't fit the memory of a device, and which
// options would make it fit.
type MemoryError struct {
	Device      string
	Need        Need
	Free, Total uint64   // bytes of the device's memory
	Fits        []string // options of package model with which it fits, and the bytes it needs then
}

// Need is the device memory that a model takes, in bytes.
type Need struct {
	Weights, Workspace int64
	Cache              int64 // keys and values of one sequence of Positions positions
	Positions          int
}

// All returns the sum of all parts.
func (n Need) All() int64 { return n.Weights + n.Workspace + n.Cache }

func (e *MemoryError) Error() string {
	return fmt.Sprintf("%s: the model needs %s of device memory (weights %s, workspace %s, keys and values of %d positions %s), %s of %s are free",
		e.Device, size(e.Need.All()), size(e.Need.Weights), size(e.Need.Workspace), e.Need.Positions, size(e.Need.Cache),
		size(int64(e.Free)), size(int64(e.Total)))
}

// Hint tells a user what would fit.
func (e *MemoryError) Hint() string {
	if len(e.Fits) == 0 {
		return "nothing that could be changed would make it fit; Options.Device cuda,cpu falls back to the processors"
	}
	return "this would fit: " + strings.Join(e.Fits, ", or ")
}

// Unwrap makes the error match driver.ErrOutOfMemory and backend.ErrMemory.
func (e *MemoryError) Unwrap() []error { return []error{driver.ErrOutOfMemory, backend.ErrMemory} }

// size returns n bytes as people write them: "1.5 GiB".
func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// leastPositions is for how many positions there must be room for keys and values
// when a model is opened, unless its sequences are shorter.
const leastPositions = 4096

// need returns the memory that a model takes.
func need(w *backend.Weights, o backend.Options) (Need, error) {
	d, c := &decoder{}, &counter{}
	if _, err := d.build(w, planFor(o), c); err != nil {
		return Need{}, err
	}
	n := Need{Weights: c.total, Positions: leastPositions}
	if o.Context > 0 {
		n.Positions = min(n.Positions, o.Context)
	}
	n.Cache = int64(paged.Pages(n.Positions)) * int64(pageBytes(w, o))
	ws := workspace{arena: arena{dry: true}}
	if err := ws.build(d, &gpukernels.Kernels{}, startLimits(n.Positions)); err != nil {
		return Need{}, err
	}
	n.Workspace = ws.bytes
	return n, nil
}

// startLimits returns the limits of a workspace for steps of 512 tokens, in which
// attention sees keys positions.
func startLimits(keys int) limits {
	return limits{rows: 512, asked: headRows, slots: 16, stride: paged.Pages(keys), extra: 1 << 20, probes: 16, keys: keys}
}

// cacheShape returns the shape of the keys and values of one layer.
func cacheShape(w *backend.Weights, o backend.Options) kernels.CacheShape {
	return kernels.CacheShape{Heads: w.Config.NumKeyValueHeads, HeadDim: w.Config.HeadDim, Half: o.KV == "f16"}
}

// pageBytes returns the bytes of a page, which has all layers.
func pageBytes(w *backend.Weights, o backend.Options) int {
	shape := cacheShape(w, o)
	return w.Config.NumHiddenLayers * shape.PageBytes()
}

// fit returns a *MemoryError if a model needs more memory than is free.
func fit(device string, w *backend.Weights, o backend.Options, free, total uint64) error {
	n, err := need(w, o)
	if err != nil {
		return err
	}
	if uint64(n.All()) <= free {
		return nil
	}
	e := &MemoryError{Device: device, Need: n, Free: free, Total: total}
	// try adds options to the fitting ones if with the options o the model needs less,
	// and fits.
	try := func(options string, o backend.Options) bool {
		other, err := need(w, o)
		if err != nil || other.All() >= n.All() || uint64(other.All()) > free {
			return false
		}
		e.Fits = append(e.Fits, fmt.Sprintf("%s (%s)", options, size(other.All())))
		return true
	}
	half, short := o, o
	half.KV = "f16"
	try("Options.KV f16", half)
	for short.Context = n.Positions / 2; short.Context >= 256; short.Context /= 2 {
		if try(fmt.Sprintf("Options.Context %d", short.Context), short) {
			break
		}
	}
	for _, as := range []hold.Hold{hold.BF16, hold.Int8, hold.NF4} {
		held := o
		held.Hold = as
		if !try("Options.Hold "+string(as), held) && as == hold.NF4 {
			held.KV, held.Context = "f16", 1024
			try("Options.Hold nf4 Options.KV f16 Options.Context 1024", held)
		}
	}
	return e
}
