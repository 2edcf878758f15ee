package cpu

import (
	"context"
	"fmt"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/model/internal/paged"
)

// Backend runs one packed model on the processors. It implements
// backend.Backend.
type Backend struct {
	pool    *kernels.Pool
	memory  *memory
	store   *paged.Store[[]kernels.Page]
	decoder decoder
	step    *step
	info    backend.Info
}

// New packs a model. It reads each weight once, in parallel, and makes no copy beside
// the packed one. Rows of the embedding are read from the files in every step. The
// backend keeps the slices of w.
func New(ctx context.Context, w *backend.Weights, o backend.Options) (*Backend, error) {
	if err := kernels.CheckEnvironment(); err != nil {
		return nil, err
	}
	if slow := kernels.SlowCode(); slow != "" && o.Log != nil {
		o.Log("%s", slow)
	}
	shape := kernels.CacheShape{Heads: w.Config.NumKeyValueHeads, HeadDim: w.Config.HeadDim}
	switch o.KV {
	case "", "f32":
	case "f16":
		shape.Half = true
	default:
		return nil, badinput.New("", "kv dtype", fmt.Sprintf("%q", o.KV), `"f32" or "f16"`)
	}
	pool := kernels.NewPool(o.Threads)
	m := &memory{shape: shape, layers: w.Config.NumHiddenLayers}
	b := &Backend{pool: pool, memory: m, store: paged.NewStore(m, m.pageBytes(), maxFree), step: newStep(pool)}
	b.step.input.Fast, b.step.partial.Fast = o.Precision == hold.Fast, o.Precision == hold.Fast
	p := &packer{pool: pool, plan: planFor(o), release: w.Release}
	if err := b.pack(ctx, p, w); err != nil {
		pool.Close()
		return nil, err
	}
	b.info = backend.Info{Device: "cpu", Threads: pool.Threads(), WeightBytes: p.bytes, BytesPerStep: p.read,
		CacheBytes: m.pageBytes() / kernels.PageSize}
	b.info.Variant, b.info.Reason = kernels.Selected()
	return b, nil
}

// pack builds the decoder.
func (b *Backend) pack(ctx context.Context, p *packer, w *backend.Weights) (err error) {
	c := w.Config
	d := &b.decoder
	d.width = c.HiddenSize
	d.embed, d.layers = embedding{Embedding: w.Embed, release: w.Release}, make([]layer, len(w.Layers))
	kernel := kernels.NewAttention(b.memory.shape, c.NumAttentionHeads)
	rope := kernels.NewRope(w.InvFreq)
	for i, l := range w.Layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		d.norms = append(d.norms, norm{l.Norms[arch.InputNorm], c.RMSNormEps})
		packed := &d.layers[i]
		packed.postAttentionNorm = norm{l.Norms[arch.PostAttentionNorm], c.RMSNormEps}
		packed.attention = attention{
			layer: i, window: c.Window(i), headDim: c.HeadDim, rope: rope, kernel: kernel, shape: b.memory.shape,
			qNorm: norm{l.Norms[arch.QueryNorm], c.RMSNormEps}, kNorm: norm{l.Norms[arch.KeyNorm], c.RMSNormEps},
		}
		for part := range arch.Linears {
			if packed.linears[part], err = p.linear(l.Linears[part], hold.Projection); err != nil {
				return fmt.Errorf("pack model.layers.%d.%s: %w", i, part, err)
			}
		}
		if w.Release != nil {
			w.Release()
		}
	}
	d.norms = append(d.norms, norm{w.Norm, c.RMSNormEps})
	if w.Head.Weight != nil {
		if d.head, err = p.linear(w.Head, hold.Head); err != nil {
			return fmt.Errorf("pack lm_head: %w", err)
		}
	}
	if d.classifiers, err = p.classifiers(w.Classifiers); err != nil {
		return err
	}
	if w.Release != nil {
		w.Release()
	}
	d.bind()
	return nil
}

// NewCache implements backend.Backend.
func (b *Backend) NewCache() backend.Cache { return newCache(b.store.NewCache(), b.memory.layers) }

// Info implements backend.Backend.
func (b *Backend) Info() backend.Info { return b.info }

// Step implements backend.Backend.
func (b *Backend) Step(ctx context.Context, spans []backend.Span) error {
	b.step.lay(spans)
	err := b.decoder.forward(ctx, b.step)
	for _, s := range spans {
		s.Cache.(*cache).finish(len(s.Tokens), err == nil)
	}
	return err
}

// Close implements backend.Backend.
func (b *Backend) Close() error {
	b.pool.Close()
	return nil
}
