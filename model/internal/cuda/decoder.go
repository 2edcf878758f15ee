package cuda

import (
	"fmt"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// decoder is the whole model (transformers' LlamaForCausalLM) in device memory.
type decoder struct {
	hidden, intermediate, vocab int
	heads, kvHeads, headDim     int
	rotary                      int // number of inverse frequencies
	eps                         float32

	invFreq driver.Ptr
	embed   *gpukernels.Weights
	tables  []quant.Matrix // by adapter: its own token table, read on the host; nil: embed
	norms   []norm         // the input norm of each layer, then the norm before the head
	layers  []layer
	head    linear // its weights are nil where the model has none
	rank    int    // the greatest rank of a low-rank path
	// classifiers[0] is the classifier of the base, classifiers[1+a] that of adapter a. An
	// entry is nil where there is none.
	classifiers []*classifier
}

// layer is one decoder layer (transformers' LlamaDecoderLayer).
type layer struct {
	linears [arch.Linears]linear
	norms   [arch.Norms]norm // base is 0 for norms that the family doesn't have
	window  int              // positions that a query sees, its own included; 0: all
}

// norm is an RMSNorm.
type norm struct {
	base    driver.Ptr // the gains
	own     driver.Ptr // by adapter: the address of its own gains, or 0; 0: no adapter has any
	adapted []bool     // by adapter: whether it has gains of its own
}

// linear is y = W x + b, and what adapters change in it.
type linear struct {
	weights  *gpukernels.Weights
	bias     driver.Ptr            // 0: none
	table    driver.Ptr            // by adapter: its gpukernels.LowRank; 0: no adapter changes anything
	adapted  []bool                // by adapter: whether it changes anything
	replaced []*gpukernels.Weights // by adapter: its own weights; nil: it keeps the base's
	lowRank  []bool                // by adapter: whether it has a low-rank path
}

// sink takes the parts of a model into device memory, or counts their bytes.
type sink interface {
	matrix(m quant.Matrix, form hold.Form) (*gpukernels.Weights, error)
	bytes(data []byte) (driver.Ptr, error)
	// layerDone is called after each layer and at the end.
	layerDone()
}

// build fills the decoder. It returns how many bytes of weights a step of one token
// under the base reads.
func (d *decoder) build(w *backend.Weights, plan hold.Plan, to sink) (read int64, err error) {
	c := w.Config
	d.hidden, d.intermediate, d.vocab = c.HiddenSize, c.IntermediateSize, c.VocabSize
	d.heads, d.kvHeads, d.headDim = c.NumAttentionHeads, c.NumKeyValueHeads, c.HeadDim
	d.rotary, d.eps = len(w.InvFreq), c.RMSNormEps
	d.layers = make([]layer, len(w.Layers))
	b := &builder{to: to, plan: plan, d: d}
	if d.invFreq, err = b.vector(w.InvFreq); err != nil {
		return 0, err
	}
	for i := range w.Layers {
		from, into := &w.Layers[i], &d.layers[i]
		into.window = c.Window(i)
		for n := range arch.Norms {
			into.norms[n] = b.norm(from.Norms[n])
		}
		d.norms = append(d.norms, into.norms[arch.InputNorm])
		for part := range arch.Linears {
			into.linears[part] = b.linear(&from.Linears[part], hold.Projection)
			if b.err != nil {
				return 0, fmt.Errorf("pack model.layers.%d.%s: %w", i, part, b.err)
			}
		}
		to.layerDone()
	}
	d.norms = append(d.norms, b.norm(w.Norm))
	if w.Head.Weight != nil {
		d.head = b.linear(&w.Head, hold.Head)
	}
	if b.err != nil {
		return 0, fmt.Errorf("pack lm_head: %w", b.err)
	}
	d.tables = w.Embed.Adapted
	if d.embed = d.head.weights; d.embed == nil || !same(w.Head.Weight, w.Embed.Weight) {
		d.embed = b.matrix(w.Embed.Weight, hold.Embedding)
	}
	if b.err != nil {
		return 0, fmt.Errorf("pack model.embed_tokens: %w", b.err)
	}
	if d.classifiers = b.classifiers(w.Classifiers); b.err != nil {
		return 0, fmt.Errorf("pack the classifier: %w", b.err)
	}
	to.layerDone()
	return b.read, nil
}

// builder hands the parts of a model to a sink, and nothing more after an error.
type builder struct {
	to   sink
	plan hold.Plan
	d    *decoder
	read int64
	err  error
}

func (b *builder) matrix(m quant.Matrix, role hold.Role) *gpukernels.Weights {
	if m == nil || b.err != nil {
		return nil
	}
	w, err := b.to.matrix(m, b.plan.Of(m, role))
	b.err = err
	return w
}

func (b *builder) vector(x []float32) (driver.Ptr, error) {
	if b.err != nil || len(x) == 0 {
		return 0, b.err
	}
	var p driver.Ptr
	p, b.err = b.to.bytes(bytesOf(x))
	return p, b.err
}

func (b *builder) norm(n backend.Norm) norm {
	var packed norm
	packed.base, _ = b.vector(n.Weight)
	addresses := make([]uint64, len(n.Adapted))
	any := false
	for i, own := range n.Adapted {
		p, _ := b.vector(own)
		addresses[i] = uint64(p)
		packed.adapted = append(packed.adapted, own != nil)
		any = any || own != nil
	}
	if any && b.err == nil {
		packed.own, b.err = b.to.bytes(bytesOf(addresses))
	}
	return packed
}

func (b *builder) linear(l *backend.Linear, role hold.Role) linear {
	packed := linear{weights: b.matrix(l.Weight, role)}
	if b.err != nil {
		return packed
	}
	b.read += packed.weights.Bytes()
	packed.bias, _ = b.vector(l.Bias)
	table := make([]byte, len(l.Adapted)*gpukernels.LowRankBytes)
	any := false
	for i, a := range l.Adapted {
		packed.adapted = append(packed.adapted, a != nil)
		if a == nil {
			packed.replaced, packed.lowRank = append(packed.replaced, nil), append(packed.lowRank, false)
			continue
		}
		any = true
		entry := gpukernels.LowRank{Down: b.matrix(a.Down, hold.Down), Up: b.matrix(a.Up, hold.Up), Scale: a.Scale}
		entry.RowScale, _ = b.vector(a.RowScale)
		entry.Bias, _ = b.vector(a.Bias)
		packed.replaced = append(packed.replaced, b.matrix(a.Weight, hold.Replacement))
		packed.lowRank = append(packed.lowRank, a.Down != nil)
		if b.err != nil {
			return packed
		}
		if a.Down != nil {
			b.d.rank = max(b.d.rank, entry.Down.Rows)
		}
		b.err = entry.Put(table[i*gpukernels.LowRankBytes:])
	}
	if any && b.err == nil {
		packed.table, b.err = b.to.bytes(table)
	}
	return packed
}

// changesHeads reports whether an adapter changes norms of heads in any layer.
func (d *decoder) changesHeads(adapter int) bool {
	for i := range d.layers {
		norms := &d.layers[i].norms
		if under(norms[arch.QueryNorm].adapted, []int{adapter}) || under(norms[arch.KeyNorm].adapted, []int{adapter}) {
			return true
		}
	}
	return false
}

// under reports whether list, which has an entry for each adapter, is true for any of
// the given adapters.
func under(list []bool, adapters []int) bool {
	for _, a := range adapters {
		if a < len(list) && list[a] {
			return true
		}
	}
	return false
}
