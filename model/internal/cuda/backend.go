package cuda

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/choice/hostchoice"
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/model/internal/paged"
	"github.com/medner/medner/quant"
)

// Backend runs one model on one GPU. It implements backend.Backend.
type Backend struct {
	ctx     driver.Context
	name    string // "cuda:0"
	kernels *gpukernels.Kernels
	stream  driver.Stream
	weights arena
	decoder decoder
	base    quant.Matrix // the token table, where adapters have their own
	store   *paged.Store[driver.Ptr]
	work    workspace
	limits  limits
	graphs  graphs
	pass    pass
	step    step
	info    backend.Info
	lost    error     // set once, in Step
	makers  sync.Pool // of *hostchoice.Maker

	closing sync.Once
}

// What the kernels ask of driver and device: PTX 8.0 is CUDA 12.0's, and
// tensor cores take bf16 from compute capability 8.0 on.
const (
	leastDriver = 12000
	leastMajor  = 8
	mostHeadDim = 256
	widthStep   = 8 // 16 bytes of bf16, a load's width
)

// check refuses a driver or a device that can't do.
func check(d driver.Driver, ordinal int) (driver.Device, error) {
	var device driver.Device
	version, err := d.Version()
	if err != nil {
		return device, err
	}
	if version < leastDriver {
		return device, fmt.Errorf("%w: it runs CUDA %s, and %s is needed", driver.ErrOldDriver, cudaVersion(version), cudaVersion(leastDriver))
	}
	n, err := d.DeviceCount()
	if err != nil {
		return device, err
	}
	if ordinal < 0 || ordinal >= n {
		return device, fmt.Errorf("%w of number %d: there are %d", driver.ErrNoDevice, ordinal, n)
	}
	if device, err = d.Device(ordinal); err != nil {
		return device, err
	}
	if device.Major < leastMajor {
		return device, fmt.Errorf("%w: %s has %d.%d, and %d.0 is needed", driver.ErrOldDevice, device.Name, device.Major, device.Minor, leastMajor)
	}
	return device, nil
}

func cudaVersion(v int) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }

// New packs a model into the memory of a device. The weights are read once;
// rows of a token table that an adapter changes are read later, from the file.
//
// Errors: those of package cuda (internal) by kind, *[MemoryError], and
// badinput errors for what the kernels can't do.
func New(ctx context.Context, d driver.Driver, ordinal int, w *backend.Weights, o backend.Options) (*Backend, error) {
	name := fmt.Sprintf("cuda:%d", ordinal)
	if err := checkModel(w, o); err != nil {
		return nil, err
	}
	device, err := check(d, ordinal)
	if err != nil {
		return nil, explain(name, err)
	}
	opened, err := d.Open(ordinal)
	if err != nil {
		return nil, explain(name, err)
	}
	b := &Backend{ctx: opened, name: name, base: w.Embed.Weight, weights: arena{ctx: opened}, work: workspace{arena: arena{ctx: opened}}}
	b.makers.New = func() any { return new(hostchoice.Maker) }
	if err := b.open(ctx, d, device, w, o); err != nil {
		_ = b.Close() // the first error counts
		return nil, explain(name, err)
	}
	return b, nil
}

// checkModel refuses what the kernels can't do.
func checkModel(w *backend.Weights, o backend.Options) error {
	if o.KV != "" && o.KV != "f32" && o.KV != "f16" {
		return badinput.New("", "kv dtype", fmt.Sprintf("%q", o.KV), `"f32" or "f16"`)
	}
	if w.Config.HeadDim > mostHeadDim {
		return badinput.New("", "head_dim", fmt.Sprint(w.Config.HeadDim), fmt.Sprintf("at most %d on a GPU", mostHeadDim))
	}
	for _, width := range []struct {
		field string
		n     int
	}{
		{"hidden_size", w.Config.HiddenSize},
		{"intermediate_size", w.Config.IntermediateSize},
		{"num_attention_heads * head_dim", w.Config.NumAttentionHeads * w.Config.HeadDim},
	} {
		if width.n%widthStep != 0 {
			return badinput.New("", width.field, fmt.Sprint(width.n), fmt.Sprintf("a multiple of %d on a GPU", widthStep))
		}
	}
	return nil
}

// open fills the backend.
func (b *Backend) open(ctx context.Context, d driver.Driver, device driver.Device, w *backend.Weights, o backend.Options) error {
	var free, total uint64
	err := b.ctx.Do(func() (err error) {
		free, total, err = b.ctx.MemInfo()
		return err
	})
	if err != nil {
		return err
	}
	if err := fit(b.name, w, o, free, total); err != nil {
		return err
	}
	info, err := Estimate(d, device.Ordinal, w, o)
	if err != nil {
		return err
	}
	b.info = info
	if room := free - uint64(info.WeightBytes); o.Log != nil && o.Context > 0 && info.CacheBytes > 0 {
		if n := room / uint64(info.CacheBytes); n < uint64(o.Context) {
			o.Log("%s: there is room for the keys and values of about %d positions, and a sequence may have %d (Options.Context)", b.name, n, o.Context)
		}
	}
	return b.ctx.Do(func() error { return b.load(ctx, w, o) })
}

// load makes everything that a step needs but its workspace.
func (b *Backend) load(ctx context.Context, w *backend.Weights, o backend.Options) (err error) {
	precision := gpukernels.F32
	if o.Precision == hold.Fast {
		precision = gpukernels.Fast
	}
	if b.kernels, err = gpukernels.Load(b.ctx, precision); err != nil {
		return err
	}
	if b.stream, err = b.ctx.NewStream(); err != nil {
		return err
	}
	layout := cacheShape(w, o)
	m := &memory{ctx: b.ctx, stream: b.stream, pageBytes: pageBytes(w, o), wipe: w.Config.HeadDim%16 != 0}
	b.store = paged.NewStore(m, int64(m.pageBytes), -1) // what is free is trimmed in a step
	b.graphs = graphs{ctx: b.ctx, stream: b.stream, entries: map[shape]*graph{}}
	if err := b.upload(ctx, w, o); err != nil {
		return err
	}
	b.pass = pass{d: &b.decoder, k: b.kernels, w: &b.work, stream: b.stream, cache: gpukernels.Cache{Shape: layout}, layerKV: layout.PageBytes()}
	return nil
}

// upload fills the decoder with weights in device memory.
func (b *Backend) upload(ctx context.Context, w *backend.Weights, o backend.Options) error {
	count := &counter{}
	if _, err := new(decoder).build(w, planFor(o), count); err != nil {
		return err
	}
	u, err := newUploader(ctx, &b.weights, count, w.Release)
	if err != nil {
		return err
	}
	_, err = b.decoder.build(w, planFor(o), u)
	if closed := u.close(); err == nil {
		err = closed
	}
	return err
}

// NewCache implements backend.Backend.
func (b *Backend) NewCache() backend.Cache { return &cache{b.store.NewCache()} }

// Info implements backend.Backend.
func (b *Backend) Info() backend.Info { return b.info }

// Step implements backend.Backend.
func (b *Backend) Step(ctx context.Context, spans []backend.Span) error {
	err := b.lost
	if err == nil {
		err = explain(b.name, b.ctx.Do(func() error { return b.run(ctx, spans) }))
	}
	if errors.Is(err, backend.ErrLost) {
		b.lost = err
	}
	for _, s := range spans {
		s.Cache.(*cache).Finish(len(s.Tokens), err == nil)
	}
	return err
}

// Close implements backend.Backend. A lost device has nothing left to free.
func (b *Backend) Close() (err error) {
	b.closing.Do(func() {
		err = b.ctx.Do(b.unload)
		err = errors.Join(err, b.ctx.Close())
		if b.lost != nil || errors.Is(err, driver.ErrDeviceLost) {
			err = nil
		}
	})
	return err
}

// unload frees what load made.
func (b *Backend) unload() error {
	var errs []error
	if b.stream != 0 {
		errs = append(errs, b.ctx.Synchronize(b.stream), b.graphs.clear())
	}
	if b.store != nil {
		errs = append(errs, b.trim(0))
	}
	errs = append(errs, b.work.free(), b.weights.free())
	if b.kernels != nil {
		errs = append(errs, b.kernels.Close())
	}
	if b.stream != 0 {
		errs = append(errs, b.ctx.DestroyStream(b.stream))
	}
	return errors.Join(errs...)
}
