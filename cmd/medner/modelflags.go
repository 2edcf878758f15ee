package main

import (
	"fmt"
	"regexp"
	"runtime"
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
	fs.StringVar(&f.lora, "lora", "", "apply adapters by `merge|merge-nf4|unmerged` (default: merge; unmerged on 4-bit bases)")
	fs.StringVar(&f.weights, "weights", string(model.Keep), "hold projections as `keep|nf4|int8|bf16|f32`")
	fs.StringVar(&f.precision, "precision", string(model.F32), "arithmetic: `f32|fast`")
	fs.StringVar(&f.device, "device", "cpu", "`cpu|cuda[:N]`, or several in order of preference: cuda,cpu")
	intFlag(fs, &f.threads, "threads", 0, 0, mostThreads, "number of threads (default: the physical cores that this process may use)")
	intFlag(fs, &f.batch, "batch", 0, 0, mostSequences, "most sequences at once (default 16)")
	intFlag(fs, &f.draft, "draft", 6, 0, mostDraft, "most draft tokens that a step verifies; 0: no drafts")
	intFlag(fs, &f.chunk, "prefill-chunk", 0, 0, mostTokens, "most prompt tokens that a step reads (default 512)")
	fs.StringVar(&f.prefixCache, "prefix-cache", "on", "keep the keys and values of prompts for others that begin alike: `on|off`")
	intFlag(fs, &f.context, "context", 0, 0, mostTokens, "most positions of a sequence (default: as many as the model was made for)")
	fs.StringVar(&f.kv, "kv-dtype", "f32", "hold keys and values as `f32|f16`")
}

// oneOf returns an error of usage unless a flag's value is one of those allowed.
func oneOf(flag, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return usagef("--%s %q: expected %s", flag, value, strings.Join(allowed, ", "))
	}
	return nil
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

// deviceNames matches the values of --device.
var deviceNames = regexp.MustCompile(`^(cpu|cuda(:\d{1,4})?)(,(cpu|cuda(:\d{1,4})?))*$`)

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
	if !deviceNames.MatchString(f.device) {
		return model.Options{}, usagef("--device %q: expected cpu, cuda, cuda:N, or some of them with commas between", f.device)
	}
	o := model.Options{
		Adapters: f.adapters, Active: f.active, LoRA: model.LoRA(f.lora), Hold: model.Hold(f.weights), Precision: model.Precision(f.precision),
		Device: f.device, Threads: capThreads(cmd, f.threads), KV: f.kv, Context: f.context,
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
