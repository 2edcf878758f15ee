// Package backend is the wall between package model, which decides what to
// compute, and the devices, which compute it.
//
// A backend receives [Weights] once, as views of the files with nothing unpacked,
// and packs them into the layout of its kernels. From then on it makes batched
// steps: each [Span] feeds some tokens of one sequence, and asks for logits, for
// chosen tokens or for the scores of labels at some of their positions. A schedule
// varies how many spans share a step, how a prompt is cut, and whether a cache was
// forked from another; none of this may change a bit of the answers.
package backend

import (
	"context"
	"errors"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// Backend is one model, packed and resident on one device. Calls of Step follow
// each other; everything else may be called at any time.
type Backend interface {
	// NewCache returns an empty KV cache for one sequence.
	NewCache() Cache
	// Step appends every span's tokens to its cache, in one pass over the
	// weights, and fills in the rows that the spans ask for. After an error,
	// that of ctx included, the caches of the spans are as long as before.
	Step(ctx context.Context, spans []Span) error
	// Info describes the device, and the memory that the model takes of it.
	Info() Info
	// Close frees the device's memory. Caches are of no use afterwards.
	Close() error
}

// Cache holds the keys and values of one sequence.
type Cache interface {
	// Len is the number of positions held.
	Len() int
	// Truncate forgets all but the first n positions.
	Truncate(n int)
	// Fork returns a cache with the first n positions, sharing storage.
	Fork(n int) Cache
	// Bytes is this cache's share of memory: what it shares with other caches
	// is divided among them.
	Bytes() int64
	// Close gives the storage back. Each cache is closed once.
	Close()
}

// Span is the work of one sequence in a step.
type Span struct {
	Cache   Cache
	Tokens  []int32
	Adapter int   // index into the Adapted lists of Weights; -1: the base alone
	Rows    []Row // what is asked at the last len(Rows) tokens
}

// Why a step could not be made though its input is right.
var (
	// ErrMemory: the device has no room for the step. It can be made once
	// other caches are closed.
	ErrMemory = errors.New("out of device memory")
	// ErrLost: the device doesn't answer any more, and won't. What its caches
	// hold is gone.
	ErrLost = errors.New("the device is lost")
)

// Row asks for the outcome at one position.
type Row struct {
	Logits []float32      // receives the raw logits, [vocab]; nil: not wanted
	Rule   *choice.Rule   // says how to choose; nil: no choice is wanted
	Choice *choice.Choice // receives what was chosen under Rule
	// Scores receives the scores of the labels by the classifier of the span's
	// adapter, [labels]; nil: not wanted. A row that wants nothing else takes no
	// product with the head.
	Scores []float32
}

// Writes reports whether the row asks for logits or for a choice from them.
func (r Row) Writes() bool { return r.Logits != nil || r.Rule != nil }

// Info describes a backend to people and benchmarks.
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

// Options choose how a backend computes.
type Options struct {
	Precision hold.Precision
	Hold      hold.Hold
	Threads   int    // 0: the cores that the container may use
	KV        string // "f32" (default) or "f16"
	Context   int    // positions that a sequence may have; 0: not known
	// Log receives a line for what a user should know. May be nil.
	Log func(format string, args ...any)
}

// Weights are the views that a backend packs.
type Weights struct {
	Config   *arch.Config
	InvFreq  []float32 // rotary inverse frequencies, [head_dim/2], scaled
	Embed    Embedding
	Layers   []Layer
	Norm     Norm
	Head     Linear // its Weight is the matrix of Embed where the two are tied; nil: the model has none
	Adapters []string
	// Classifiers[0] is the classifier of the base, Classifiers[1+a] that of adapter a. An
	// entry is nil where there is none, and so are entries past the end of the list.
	Classifiers []*Classifier
	// Release gives back the memory of the pages of files that were read so
	// far. A backend calls it now and then while it packs. nil: nothing to do.
	Release func()
}

// Layer is one decoder layer.
type Layer struct {
	Linears [arch.Linears]Linear // by arch.Linear
	Norms   [arch.Norms]Norm     // by arch.Norm
}

// Linear is y = W x + b, beside what it is under adapters that are not merged.
type Linear struct {
	Weight  quant.Matrix
	Bias    []float32  // nil: none
	Adapted []*Adapted // by adapter index; nil: as without the adapter
}

// Adapted is one linear map under one adapter:
// y = RowScale ∘ (W' x + Scale · Up (Down x)) + b'.
type Adapted struct {
	Weight   quant.Matrix // replaces W (modules_to_save); nil: W itself
	Bias     []float32    // replaces b; nil: b itself
	Down, Up quant.Matrix // [rank, in] and [out, rank]; nil: no low-rank path
	Scale    float32
	RowScale []float32 // by row, DoRA's magnitude / ‖W + ΔW‖; nil: ones
}

// Classifier scores the labels of a token: y = W h + b, where h is the output of the
// last norm. On the processors it is computed in float32, whatever the precision; on
// a GPU its input is rounded to bf16 in the precision fast.
type Classifier struct {
	Weight quant.Matrix // [labels, hidden]
	Bias   []float32    // [labels]; nil: none
}

// Norm is an RMSNorm: the gain of each of the numbers that it is taken over.
type Norm struct {
	Weight  []float32
	Adapted [][]float32 // by adapter index: the gains under it; nil: Weight
}

// Embedding is the token table, [vocab, hidden].
type Embedding struct {
	Weight  quant.Matrix
	Adapted []quant.Matrix // by adapter index: the table under it; nil: Weight
}
