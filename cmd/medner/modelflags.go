package main

import (
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/model"
)

// modelFlags are the flags of every command that runs a model.
type modelFlags struct {
	path        string
	unnamed     bool // whether no flag names a model or an adapter; set by locate
	adapters    []string
	active      string
	lora        string
	weights     string
	precision   string
	device      string
	threads     int
	batch       int
	draft       int
	chunk       int
	prefixCache string
	context     int
	kv          string
}

func (f *modelFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.path, "model", "", "model: a `DIR` in Hugging Face's layout, or a GGUF file (default: the default model)")
	fs.StringArrayVar(&f.adapters, "adapter", nil, "PEFT adapter: a `DIR`; may be repeated, which applies the sum of all")
	fs.StringVar(&f.active, "active-adapter", "", "apply the adapters of these `NAMES` only: a+b is the sum of two, base none")
	choose(fs, &f.lora, "lora", "", []model.LoRA{model.Merge, model.MergeNF4, model.Unmerged}, "apply adapters by `merge|merge-nf4|unmerged` (default: merge; unmerged on 4-bit bases)")
	choose(fs, &f.weights, "weights", model.Keep, []model.Hold{model.Keep, model.HoldNF4, model.HoldInt8, model.HoldBF16, model.HoldF32}, "hold projections as `keep|nf4|int8|bf16|f32`")
	choose(fs, &f.precision, "precision", model.F32, []model.Precision{model.F32, model.Fast}, "arithmetic: `f32|fast`")
	deviceFlag(fs, &f.device, true, "`cpu|cuda[:N]`, or several in order of preference: cuda,cpu")
	intFlag(fs, &f.threads, "threads", 0, 0, mostThreads, "number of threads (default: the physical cores that this process may use)")
	intFlag(fs, &f.batch, "batch", 0, 0, mostSequences, "most sequences at once (default 16)")
	intFlag(fs, &f.draft, "draft", 6, 0, mostDraft, "most draft tokens that a step verifies; 0: no drafts")
	intFlag(fs, &f.chunk, "prefill-chunk", 0, 0, mostTokens, "most prompt tokens that a step reads (default 512)")
	choose(fs, &f.prefixCache, "prefix-cache", "on", []string{"on", "off"}, "keep the keys and values of prompts for others that begin alike: `on|off`")
	intFlag(fs, &f.context, "context", 0, 0, mostTokens, "most positions of a sequence (default: as many as the model was made for)")
	choose(fs, &f.kv, "kv-dtype", "f32", []string{"f32", "f16"}, "hold keys and values as `f32|f16`")
}

// capThreads returns the number of threads to use where the user asks for n:
// more than 16 for each processor, and more than 64, only take memory.
func capThreads(cmd *cobra.Command, n int) int {
	most := max(64, 16*runtime.NumCPU())
	if n <= most {
		return n
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "medner: --threads %d: %d are used, as this machine has %d processors\n", n, most, runtime.NumCPU())
	return most
}

// options returns the options that the flags stand for. For processors it has kernels
// chosen, where the model is large or made of random weights.
func (f *modelFlags) options(cmd *cobra.Command) model.Options {
	if f.device == "cpu" && (f.path == "" || large(f.path)) {
		tuneKernels()
	}
	f.threads = capThreads(cmd, f.threads)
	o := model.Options{
		Adapters: f.adapters, Active: f.active, LoRA: model.LoRA(f.lora), Hold: model.Hold(f.weights), Precision: model.Precision(f.precision),
		Device: f.device, Threads: f.threads, KV: f.kv, Context: f.context,
		Batch: f.batch, PrefillChunk: f.chunk, Draft: f.draft,
		Log: func(format string, args ...any) {
			fmt.Fprintln(cmd.ErrOrStderr(), printable(fmt.Sprintf("medner: "+format, args...)))
		},
	}
	if f.draft == 0 {
		o.Draft = -1
	}
	if f.prefixCache == "off" {
		o.PrefixCache = -1
	}
	return o
}

// locate replaces --model and --adapter by the paths that they lead to.
func (f *modelFlags) locate() error {
	f.unnamed = f.unnamed || f.path == "" && len(f.adapters) == 0
	files, err := modelstore.Locate(f.path, f.adapters...)
	if err != nil {
		return err
	}
	f.path, f.adapters = files.Base, files.Adapters
	return nil
}

// noteAdapter says that a model which no flag names has an adapter, to who may
// expect the base from a command that continues any text.
func (f *modelFlags) noteAdapter(cmd *cobra.Command) {
	if f.unnamed && len(f.adapters) > 0 && f.active == "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "medner: no --model: %s with the adapter %s; --active-adapter base leaves the adapter out\n",
			visible(filepath.Base(f.path)), visible(filepath.Base(f.adapters[0])))
	}
}

// open loads the model that the flags name.
func (f *modelFlags) open(cmd *cobra.Command) (*model.Model, error) {
	if err := f.locate(); err != nil {
		return nil, err
	}
	return model.Open(cmd.Context(), f.path, f.options(cmd))
}
