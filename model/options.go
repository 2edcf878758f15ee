package model

import (
	"github.com/medner/medner/lora"
	"github.com/medner/medner/model/arch"
)

// LoRA says how adapters are applied.
type LoRA string

// The ways to apply adapters. Merging adds the active adapter, or the active sum of
// adapters, to the weights; to choose an adapter by request takes Unmerged. MergeNF4
// re-quantises the sum, which rounds most of a small adapter away: the share that
// survives is logged.
const (
	LoRADefault LoRA = ""          // Merge, but Unmerged where the base is 4-bit or adapters are several
	Merge       LoRA = "merge"     // W + ΔW; adapted tensors held as f32 unless Hold says otherwise
	MergeNF4    LoRA = "merge-nf4" // NF4(W + ΔW)
	Unmerged    LoRA = "unmerged"  // W as it is, the low-rank path beside it
)

// Precision chooses the arithmetic.
type Precision string

// The precisions. With either one, the bits of an answer don't depend on threads, batches
// or instruction sets.
const (
	F32  Precision = "f32"  // products in float32
	Fast Precision = "fast" // weights of 4 bits and int8 times activations rounded to int8: faster, not exact
)

// Hold is the form in which projections are held in memory.
type Hold string

// The forms. HoldInt8 and HoldBF16 round what they can't represent, and so does HoldNF4,
// but for weights that the file has in 4-bit codes: these stay as they are.
const (
	Keep     Hold = "keep" // as the file has them; GGUF's block formats as int8 where that is exact, or as f32
	HoldNF4  Hold = "nf4"  // bitsandbytes' NF4, in blocks of 64
	HoldInt8 Hold = "int8" // int8 with a scale for each 32 along a row
	HoldBF16 Hold = "bf16"
	HoldF32  Hold = "f32"
)

// Options choose how a model is held and scheduled. The zero value is the
// default. None of Threads, Batch, Queue, QueueTokens, PrefillChunk, PrefixCache, PrefixTokens
// and Draft changes a bit of any answer.
type Options struct {
	Adapters []string // PEFT folders; a request names them by their last path element
	// ParsedAdapters come after those of Adapters. The model closes them.
	ParsedAdapters []*lora.Adapter
	// Active is what requests that name no adapter run under: the name of an adapter,
	// Base, or names with "+" between for the sum of these adapters, as PEFT applies
	// several at once. "" means the only adapter, or the sum of all. Where several have
	// no sum, such requests are refused unless Active chooses.
	Active string

	// Labels names the classes of token classification heads, by class, in place of
	// what config.json and the adapters' folders say. nil: these count.
	Labels []string

	LoRA      LoRA
	Hold      Hold      // how projections are held; "": Keep
	Precision Precision // the arithmetic; "": F32
	// Device is "cpu" (so is ""), "cuda" or "cuda:1", or several of them with
	// commas between: the first that can be used, and the next should it get lost.
	Device  string
	Threads int    // 0: the physical cores that the container may use
	KV      string // "f32" or "f16"; "": f32
	Context int    // positions a sequence may have; 0: max_position_embeddings

	Batch int // requests that are read and written at once; others wait. 0: 16
	// Queue is how many requests may wait beside those in the batch; one more is
	// refused with a *[QueueFullError]. 0: any number, since a caller that waits
	// costs little; a server sets a bound. Negative: none may wait.
	Queue int
	// QueueTokens is how many tokens of prompts may wait to be read. A request whose
	// prompt would make them more is refused with a *[QueueFullError], unless none
	// wait. 0: any number.
	QueueTokens  int
	PrefillChunk int // prompt tokens read in a step at most. 0: DefaultPrefillChunk
	// PrefixCache is how many bytes of keys and values are kept of prompts read.
	// Requests share the longest prefix that their prompts have in common with what
	// is kept, with requests in the batch, and with prompts that are being read: it
	// is read once. 0: 256 MiB; negative: nothing is kept or shared.
	PrefixCache int64
	// PrefixTokens bounds the positions of all kept prompts together, beside PrefixCache;
	// the latest prompt is kept however long it is. 0: as many as PrefixCache has room for.
	PrefixTokens int
	Draft        int // drafted tokens verified a step and sequence at most. 0: 6; negative: none

	// Log receives a line for what a user should know: how much of an
	// adapter survived merging, for instance. May be nil.
	Log func(format string, args ...any)
}

// DefaultPrefillChunk is how many prompt tokens a step reads at most.
const DefaultPrefillChunk = 512

// withDefaults fills in what was left open, for a checkpoint.
func (o Options) withDefaults(c *arch.Config) Options {
	or := func(v *int, byDefault int) {
		if *v == 0 {
			*v = byDefault
		}
	}
	or(&o.Context, c.MaxPositionEmbeddings)
	or(&o.Batch, 16)
	or(&o.PrefillChunk, DefaultPrefillChunk)
	or(&o.Draft, 6)
	if o.PrefixCache == 0 {
		o.PrefixCache = 256 << 20
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	return o
}
