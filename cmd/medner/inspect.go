package main

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/lora"
	"github.com/medner/medner/model"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
)

// inspection is the JSON of `medner inspect`.
type inspection struct {
	Model         string              `json:"model,omitempty"`
	Architecture  *architecture       `json:"architecture,omitempty"`
	Parameters    int64               `json:"parameters,omitempty"`
	Weights       []inspectedWeight   `json:"weights,omitempty"`
	VocabularyIDs int                 `json:"tokenizer_ids,omitempty"`
	ChatTemplate  string              `json:"chat_template,omitempty"`
	Adapters      []*inspectedAdapter `json:"adapters,omitempty"`
	LoRA          string              `json:"lora,omitempty"`
	Memory        *memoryNeed         `json:"memory,omitempty"`
	Kernels       *kernelChoice       `json:"kernels,omitempty"`
	Notes         []string            `json:"notes,omitempty"`
}

type architecture struct {
	Type          string  `json:"model_type"`
	Layers        int     `json:"layers"`
	Hidden        int     `json:"hidden_size"`
	Intermediate  int     `json:"intermediate_size"`
	Heads         int     `json:"attention_heads"`
	KVHeads       int     `json:"key_value_heads"`
	HeadDim       int     `json:"head_dim"`
	Vocabulary    int     `json:"vocab_size"`
	Positions     int     `json:"max_position_embeddings"`
	RopeTheta     float64 `json:"rope_theta"`
	RopeType      string  `json:"rope_type"`
	Tied          bool    `json:"tie_word_embeddings"`
	AttentionBias bool    `json:"attention_bias"`
	MLPBias       bool    `json:"mlp_bias"`
}

// inspectedWeight is a weight, or those of one kind in all layers.
type inspectedWeight struct {
	Name   string `json:"name"`
	Count  int    `json:"count"`
	Shape  [2]int `json:"shape"` // outputs, inputs
	Format string `json:"format"`
}

type inspectedAdapter struct {
	Name          string           `json:"name"`
	Kind          string           `json:"kind"`
	BaseModel     string           `json:"base_model,omitempty"`
	Rank          int              `json:"r"`
	Alpha         float64          `json:"lora_alpha"`
	TargetModules []string         `json:"target_modules,omitempty"`
	TargetPattern string           `json:"target_pattern,omitempty"`
	SavedModules  []string         `json:"modules_to_save,omitempty"`
	Changes       []inspectedDelta `json:"changes,omitempty"`
}

// inspectedDelta is what an adapter changes in a module, or in those of one
// kind in all layers.
type inspectedDelta struct {
	Name     string  `json:"name"`
	Count    int     `json:"count"`
	Rank     int     `json:"rank,omitempty"`
	Scale    float32 `json:"scale,omitempty"`
	DoRA     bool    `json:"dora,omitempty"`
	Replaced bool    `json:"replaced,omitempty"`
	Bias     bool    `json:"bias,omitempty"`
	// Strength is ‖Δ‖/‖W‖, of all modules taken as one.
	Strength  float64 `json:"strength"`
	Strongest float64 `json:"strongest"`

	delta, weight float64 // squares
}

type memoryNeed struct {
	Held       string `json:"projections_as"`
	Weights    int64  `json:"weights_bytes"`
	Step       int64  `json:"bytes_per_step"` // read for a token
	Embedding  int64  `json:"embedding_mapped_bytes"`
	KVPosition int64  `json:"kv_bytes_per_position"`
	Context    int    `json:"context"`
	KV         int64  `json:"kv_bytes"`
	Total      int64  `json:"total_bytes"` // weights, and keys and values of one full context
}

type kernelChoice struct {
	Device   string           `json:"device"`
	Variant  string           `json:"variant"`
	Reason   string           `json:"reason"`
	Threads  int              `json:"threads"`
	Variants []kernelsVariant `json:"variants"`
}

type kernelsVariant struct {
	Name      string `json:"name"`
	Available bool   `json:"available"`
	Reason    string `json:"reason,omitempty"` // why not
}

func newInspect() *cobra.Command {
	var (
		mf             modelFlags
		asJSON, detail bool
	)
	cmd := &cobra.Command{
		Use:  "inspect [DIR|GGUF|ADAPTER]",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			result, err := inspect(cmd, &mf, args, detail)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(result)
			}
			return result.print(cmd.OutOrStdout())
		},
	}
	mf.register(cmd)
	for _, flag := range []string{"prefix-cache", "draft", "batch", "prefill-chunk"} {
		cobra.CheckErr(cmd.Flags().MarkHidden(flag))
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.Flags().BoolVar(&detail, "tensors", false, "list every tensor by itself")
	return cmd
}

func inspect(cmd *cobra.Command, mf *modelFlags, args []string, detail bool) (*inspection, error) {
	if len(args) > 0 {
		if _, err := files.Stat(filepath.Join(args[0], lora.ConfigName)); err == nil {
			mf.adapters = append(mf.adapters, args[0])
			if mf.path == "" {
				return inspectAdapters(mf.adapters)
			}
		} else if mf.path, err = modelArgument(mf.path, args); err != nil {
			return nil, err
		}
	}
	if err := mf.locate(); err != nil {
		return nil, err
	}
	o, err := mf.options(cmd)
	if err != nil {
		return nil, err
	}
	result := &inspection{Model: mf.path}
	o.Log = func(format string, args ...any) { result.Notes = append(result.Notes, fmt.Sprintf(format, args...)) }
	d, err := model.Describe(cmd.Context(), mf.path, o)
	if err != nil {
		return nil, err
	}
	result.describe(d, detail)
	result.text(mf.path)
	return result, nil
}

// inspectAdapters shows adapters without a model.
func inspectAdapters(dirs []string) (*inspection, error) {
	result := &inspection{}
	for _, dir := range dirs {
		a, err := lora.Open(filepath.Clean(dir))
		if err != nil {
			return nil, err
		}
		result.Adapters = append(result.Adapters, newInspectedAdapter(a.Name, a.Config))
		if err := a.Close(); err != nil {
			return nil, err
		}
	}
	result.Notes = append(result.Notes, "name the base with --model to see what changes, and by how much")
	return result, nil
}

func newInspectedAdapter(name string, c *lora.Config) *inspectedAdapter {
	kind := "LoRA"
	switch {
	case c.UseDoRA && c.UseRSLoRA:
		kind = "DoRA, rank-stabilised"
	case c.UseDoRA:
		kind = "DoRA"
	case c.UseRSLoRA:
		kind = "LoRA, rank-stabilised"
	}
	return &inspectedAdapter{Name: name, Kind: kind, BaseModel: c.BaseModel, Rank: c.R, Alpha: c.LoraAlpha,
		TargetModules: c.TargetModules.List, TargetPattern: c.TargetModules.Pattern, SavedModules: c.ModulesToSave}
}

func (r *inspection) describe(d *model.Description, detail bool) {
	c := d.Config
	r.Architecture = &architecture{Type: c.ModelType, Layers: c.NumHiddenLayers, Hidden: c.HiddenSize, Intermediate: c.IntermediateSize,
		Heads: c.NumAttentionHeads, KVHeads: c.NumKeyValueHeads, HeadDim: c.HeadDim, Vocabulary: c.VocabSize, Positions: c.MaxPositionEmbeddings,
		RopeTheta: c.Rope.Theta, RopeType: c.Rope.Type, Tied: c.TieWordEmbeddings, AttentionBias: c.AttentionBias, MLPBias: c.MLPBias}
	r.Memory = &memoryNeed{Held: string(d.Hold), Weights: d.Info.WeightBytes, Step: d.Info.BytesPerStep,
		KVPosition: d.Info.CacheBytes, Context: d.Context, KV: d.Info.CacheBytes * int64(d.Context)}
	r.Memory.Total = r.Memory.Weights + r.Memory.KV
	for _, w := range d.Weights {
		r.Parameters += int64(w.Rows) * int64(w.Cols)
		if numbers, bytes := w.Format.Block(); w.Kind == checkpoint.Embedding && numbers > 0 && d.Info.Device == "cpu" { // a GPU holds it among its weights
			r.Memory.Embedding = int64(w.Rows) * int64(w.Cols) / int64(numbers) * int64(bytes)
		}
		r.addWeight(inspectedWeight{Name: kindName(w.Name, detail), Count: 1, Shape: [2]int{w.Rows, w.Cols}, Format: formatName(w)})
	}
	for _, a := range d.Adapters {
		adapter := newInspectedAdapter(a.Name, a.Config)
		for _, delta := range a.Deltas {
			adapter.add(delta, detail)
		}
		r.Adapters = append(r.Adapters, adapter)
	}
	r.LoRA = string(d.LoRA)
	r.Kernels = &kernelChoice{Device: d.Info.Device, Variant: d.Info.Variant, Reason: d.Info.Reason, Threads: d.Info.Threads}
	if d.Info.Device != "cpu" {
		return
	}
	for _, v := range kernels.Variants() {
		r.Kernels.Variants = append(r.Kernels.Variants, kernelsVariant{v.Name, v.Available, v.Reason})
	}
}

// text adds what tokenizer and chat template are, or why there is none.
func (r *inspection) text(path string) {
	text, err := openText(path)
	if err != nil {
		r.Notes = append(r.Notes, err.Error())
		return
	}
	if tok, err := text.Tokenizer(); err != nil {
		r.Notes = append(r.Notes, fmt.Sprintf("no tokenizer: %v", err))
	} else {
		r.VocabularyIDs = tok.VocabSize()
	}
	if template, err := text.Template(); err != nil {
		r.Notes = append(r.Notes, fmt.Sprintf("no chat template: %v", err))
	} else {
		r.ChatTemplate = template.Name()
	}
}

var layerNumber = regexp.MustCompile(`\.layers\.\d+\.`)

// kindName is a tensor's name without the number of its layer, but in detail.
func kindName(name string, detail bool) string {
	if detail {
		return name
	}
	return layerNumber.ReplaceAllString(name, ".layers.*.")
}

func formatName(w model.DescribedWeight) string {
	if w.BlockSize == 0 {
		return w.Format.String()
	}
	scales := "f32 scales"
	if w.DoubleQuant {
		scales = "8-bit scales"
	}
	name := fmt.Sprintf("%s in blocks of %d, %s", w.Format, w.BlockSize, scales)
	if w.State != quant.F32 {
		name += fmt.Sprintf(", rounded to %s", w.State)
	}
	return name
}

func (r *inspection) addWeight(w inspectedWeight) {
	i := slices.IndexFunc(r.Weights, func(o inspectedWeight) bool {
		return o.Name == w.Name && o.Shape == w.Shape && o.Format == w.Format
	})
	if i < 0 {
		r.Weights = append(r.Weights, w)
		return
	}
	r.Weights[i].Count++
}

func (a *inspectedAdapter) add(d model.DescribedDelta, detail bool) {
	n := inspectedDelta{Name: kindName(d.Module.Name, detail), Rank: d.Rank, Scale: d.Scale, DoRA: d.DoRA, Replaced: d.Replaced, Bias: d.Bias}
	i := slices.IndexFunc(a.Changes, func(o inspectedDelta) bool {
		return o.Name == n.Name && o.Rank == n.Rank && o.Scale == n.Scale && o.DoRA == n.DoRA && o.Replaced == n.Replaced && o.Bias == n.Bias
	})
	if i < 0 {
		i = len(a.Changes)
		a.Changes = append(a.Changes, n)
	}
	c := &a.Changes[i]
	c.Count++
	c.delta += d.Delta * d.Delta
	c.weight += d.Weight * d.Weight
	if c.weight > 0 {
		c.Strength = math.Sqrt(c.delta / c.weight)
	}
	if d.Weight > 0 {
		c.Strongest = max(c.Strongest, d.Delta/d.Weight)
	}
}
