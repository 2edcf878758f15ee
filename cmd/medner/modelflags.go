package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/model"
)

// modelFlags are the flags of every command that runs a model.
type modelFlags struct {
	path        string
	adapters    []string
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
	fs.StringArrayVar(&f.adapters, "adapter", nil, "PEFT adapter: a `DIR`; may be repeated")
	fs.StringVar(&f.lora, "lora", "", "apply adapters by `merge|merge-nf4|unmerged` (default: merge; unmerged on 4-bit bases)")
	fs.StringVar(&f.weights, "weights", string(model.Keep), "hold projections as `keep|nf4|int8|bf16|f32`")
	fs.StringVar(&f.precision, "precision", string(model.F32), "arithmetic: `f32|fast`")
	fs.StringVar(&f.device, "device", "cpu", "`cpu|cuda[:N]`, or several in order of preference: cuda,cpu")
	fs.IntVar(&f.threads, "threads", 0, "number of threads (default: the physical cores that this process may use)")
	fs.IntVar(&f.batch, "batch", 0, "most sequences at once (default 16)")
	fs.IntVar(&f.draft, "draft", 6, "most draft tokens that a step verifies; 0: no drafts")
	fs.IntVar(&f.chunk, "prefill-chunk", 0, "most prompt tokens that a step reads (default 512)")
	fs.StringVar(&f.prefixCache, "prefix-cache", "on", "keep the keys and values of prompts for others that begin alike: `on|off`")
	fs.IntVar(&f.context, "context", 0, "most positions of a sequence (default: as many as the model was made for)")
	fs.StringVar(&f.kv, "kv-dtype", "f32", "hold keys and values as `f32|f16`")
}

// oneOf returns an error of usage unless a flag's value is one of those allowed.
func oneOf(flag, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return usagef("--%s %q: expected %s", flag, value, strings.Join(allowed, ", "))
	}
	return nil
}

// atLeast returns an error of usage if a flag's number is below least.
func atLeast(flag string, n, least int) error {
	if n < least {
		return usagef("%s %d: expected %d or more", flag, n, least)
	}
	return nil
}

// options returns the options that the flags stand for.
func (f *modelFlags) options(cmd *cobra.Command) (model.Options, error) {
	for _, check := range []error{
		oneOf("lora", f.lora, "", string(model.Merge), string(model.MergeNF4), string(model.Unmerged)),
		oneOf("weights", f.weights, string(model.Keep), string(model.HoldNF4), string(model.HoldInt8), string(model.HoldBF16), string(model.HoldF32)),
		oneOf("precision", f.precision, string(model.F32), string(model.Fast)),
		oneOf("prefix-cache", f.prefixCache, "on", "off"),
		oneOf("kv-dtype", f.kv, "f32", "f16"),
	} {
		if check != nil {
			return model.Options{}, check
		}
	}
	for flag, n := range map[string]int{"threads": f.threads, "batch": f.batch, "draft": f.draft, "prefill-chunk": f.chunk, "context": f.context} {
		if n < 0 {
			return model.Options{}, usagef("--%s %d: expected 0 or more", flag, n)
		}
	}
	o := model.Options{
		Adapters: f.adapters, LoRA: model.LoRA(f.lora), Hold: model.Hold(f.weights), Precision: model.Precision(f.precision),
		Device: f.device, Threads: f.threads, KV: f.kv, Context: f.context,
		Batch: f.batch, PrefillChunk: f.chunk, Draft: f.draft,
		Log: func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), "medner: "+format+"\n", args...) },
	}
	if f.draft == 0 {
		o.Draft = -1
	}
	if f.prefixCache == "off" {
		o.PrefixCache = -1
	}
	return o, nil
}

// locate replaces --model and --adapter by the paths that they lead to.
func (f *modelFlags) locate() error {
	files, err := modelstore.Locate(f.path, f.adapters...)
	if err != nil {
		return err
	}
	f.path, f.adapters = files.Base, files.Adapters
	return nil
}

// open loads the model that the flags name.
func (f *modelFlags) open(cmd *cobra.Command) (*model.Model, error) {
	if err := f.locate(); err != nil {
		return nil, err
	}
	o, err := f.options(cmd)
	if err != nil {
		return nil, err
	}
	return model.Open(cmd.Context(), f.path, o)
}
