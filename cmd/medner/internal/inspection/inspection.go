// Package inspection describes what a model or an adapter holds, and the memory
// that it will take.
package inspection

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/medner/medner/kernels"
	"github.com/medner/medner/lora"
	"github.com/medner/medner/model"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
)

// Inspection is what was found, as `medner inspect --json` prints it.
type Inspection struct {
	Model         string        `json:"model,omitempty"`
	Architecture  *Architecture `json:"architecture,omitempty"`
	Classes       int           `json:"classes,omitempty"` // of a token classification head
	Labels        []string      `json:"labels,omitempty"`  // of the classes
	Parameters    int64         `json:"parameters,omitempty"`
	Quantisation  []string      `json:"quantisation,omitempty"` // of 4-bit integers: "AWQ GEMM, groups of 128, zeros"
	Weights       []Weight      `json:"weights,omitempty"`
	VocabularyIDs int           `json:"tokenizer_ids,omitempty"`
	ChatTemplate  string        `json:"chat_template,omitempty"`
	Adapters      []*Adapter    `json:"adapters,omitempty"`
	LoRA          string        `json:"lora,omitempty"`
	Memory        *Memory       `json:"memory,omitempty"`
	Kernels       *Kernels      `json:"kernels,omitempty"`
	Notes         []string      `json:"notes,omitempty"`
}

// Architecture holds the hyperparameters of a model, named as in config.json.
type Architecture struct {
	Type          string  `json:"model_type"`
	Layers        int     `json:"layers"`
	Hidden        int     `json:"hidden_size"`
	Intermediate  int     `json:"intermediate_size"`
	Heads         int     `json:"attention_heads"`
	KVHeads       int     `json:"key_value_heads"`
	HeadDim       int     `json:"head_dim"`
	Vocabulary    int     `json:"vocab_size"`
	Positions     int     `json:"max_position_embeddings"`
	Window        int     `json:"sliding_window,omitempty"`
	RopeTheta     float64 `json:"rope_theta"`
	RopeType      string  `json:"rope_type"`
	Tied          bool    `json:"tie_word_embeddings"`
	AttentionBias bool    `json:"attention_bias"`
	MLPBias       bool    `json:"mlp_bias"`
	NoHead        bool    `json:"no_lm_head,omitempty"` // the model writes no text
}

// Weight is a tensor, or all tensors of one name, shape and format in the layers.
type Weight struct {
	Name   string `json:"name"`
	Count  int    `json:"count"` // tensors
	Shape  [2]int `json:"shape"` // outputs, inputs
	Format string `json:"format"`
}

// Adapter is what an adapter's folder says of it, and, beside its model, what it
// changes.
type Adapter struct {
	Name          string   `json:"name"`
	Kind          string   `json:"kind"`
	BaseModel     string   `json:"base_model,omitempty"`
	Rank          int      `json:"r"`
	Alpha         float64  `json:"lora_alpha"`
	TargetModules []string `json:"target_modules,omitempty"`
	TargetPattern string   `json:"target_pattern,omitempty"`
	SavedModules  []string `json:"modules_to_save,omitempty"`
	TaskType      string   `json:"task_type,omitempty"`
	Classes       int      `json:"classes,omitempty"` // of a token classification head
	Labels        []string `json:"labels,omitempty"`  // of the classes
	Changes       []Change `json:"changes,omitempty"`
}

// Change is what an adapter does to a module, or to all modules of one name in
// the layers to which it does the same.
type Change struct {
	Name     string  `json:"name"`
	Count    int     `json:"count"`
	Rank     int     `json:"rank,omitempty"`
	Scale    float32 `json:"scale,omitempty"`
	DoRA     bool    `json:"dora,omitempty"`
	Replaced bool    `json:"replaced,omitempty"`
	Bias     bool    `json:"bias,omitempty"`
	// Strength is ‖Δ‖/‖W‖ (Frobenius norms) of all the modules taken as one
	// matrix; Strongest is that of the module with the largest.
	Strength  float64 `json:"strength"`
	Strongest float64 `json:"strongest"`

	delta, weight float64 // the sums of ‖Δ‖² and ‖W‖²
}

// Memory is what a model takes in memory, in bytes.
type Memory struct {
	Held       string `json:"projections_as"`
	Weights    int64  `json:"weights_bytes"`
	Step       int64  `json:"bytes_per_step"` // weights read for a token
	Embedding  int64  `json:"embedding_mapped_bytes"`
	KVPosition int64  `json:"kv_bytes_per_position"`
	Context    int    `json:"context"`
	KV         int64  `json:"kv_bytes"`    // for Context positions
	Total      int64  `json:"total_bytes"` // Weights + KV
	// Abstracts is about what 'medner ner' and 'medner batch run' take with abstracts, as
	// many at once as by default, mapped files included.
	Abstracts int64 `json:"abstracts_bytes"`
}

// What 'medner ner' and 'medner batch run' hold of abstracts.
const (
	// KeptPositions is how many positions of prompts are kept for others that begin alike.
	// The questions about an article come soon after each other, so that a few articles do.
	KeptPositions = 2048
	abstracts     = 16 // that are annotated at once, as model.Options.Batch is by default
	// ofAbstract is how many positions an abstract holds on average, as measured: some of
	// those that are annotated at once haven't been read yet, and questions share positions.
	ofAbstract = 320
	// working is what the rest takes: the program, buffers, documents, the tokenizer.
	working = 48 << 20
)

// Kernels says which kernels run the model, and why.
type Kernels struct {
	Device   string    `json:"device"`
	Variant  string    `json:"variant"`
	Reason   string    `json:"reason"`
	Threads  int       `json:"threads"`
	Variants []Variant `json:"variants"`
}

// Variant is an instruction set that the kernels are written for.
type Variant struct {
	Name      string `json:"name"`
	Available bool   `json:"available"`
	Reason    string `json:"reason,omitempty"` // why it is not available
}

// Model inspects the model at path, and the adapters that o names. With detail
// every tensor is listed by itself.
func Model(ctx context.Context, path string, o model.Options, detail bool) (*Inspection, error) {
	result := &Inspection{Model: path}
	o.Log = func(format string, args ...any) { result.note(format, args...) }
	d, err := model.Describe(ctx, path, o)
	if err != nil {
		return nil, err
	}
	result.describe(d, detail)
	result.text(path)
	return result, nil
}

// Adapters inspects adapters without a model.
func Adapters(dirs []string) (*Inspection, error) {
	result := &Inspection{}
	for _, dir := range dirs {
		a, err := lora.Open(filepath.Clean(dir))
		if err != nil {
			return nil, err
		}
		adapter := newAdapter(a.Name, a.Config)
		if head, ok := a.Scores(0); ok {
			adapter.Classes, adapter.Labels = head.Rows, a.Labels
		}
		result.Adapters = append(result.Adapters, adapter)
		if err := a.Close(); err != nil {
			return nil, err
		}
	}
	result.note("name the base with --model to see what changes, and by how much")
	return result, nil
}

func (r *Inspection) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func newAdapter(name string, c *lora.Config) *Adapter {
	kind := "LoRA"
	switch {
	case c.UseDoRA && c.UseRSLoRA:
		kind = "DoRA, rank-stabilised"
	case c.UseDoRA:
		kind = "DoRA"
	case c.UseRSLoRA:
		kind = "LoRA, rank-stabilised"
	}
	return &Adapter{Name: name, Kind: kind, BaseModel: c.BaseModel, Rank: c.R, Alpha: c.LoraAlpha,
		TargetModules: c.TargetModules.List, TargetPattern: c.TargetModules.Pattern, SavedModules: c.ModulesToSave, TaskType: c.TaskType}
}

func (r *Inspection) describe(d *model.Description, detail bool) {
	c := d.Config
	r.Architecture = &Architecture{Type: c.ModelType, Layers: c.NumHiddenLayers, Hidden: c.HiddenSize, Intermediate: c.IntermediateSize,
		Heads: c.NumAttentionHeads, KVHeads: c.NumKeyValueHeads, HeadDim: c.HeadDim, Vocabulary: c.VocabSize, Positions: c.MaxPositionEmbeddings, Window: c.SlidingWindow,
		RopeTheta: c.Rope.Theta, RopeType: c.Rope.Type, Tied: c.TieWordEmbeddings, AttentionBias: c.AttentionBias, MLPBias: c.MLPBias, NoHead: !d.Writes}
	if d.Head != nil {
		r.Classes, r.Labels = d.Head.Classes, d.Head.Labels
	}
	r.Memory = &Memory{Held: string(d.Hold), Weights: d.Info.WeightBytes, Step: d.Info.BytesPerStep,
		KVPosition: d.Info.CacheBytes, Context: d.Context, KV: d.Info.CacheBytes * int64(d.Context)}
	r.Memory.Total = r.Memory.Weights + r.Memory.KV
	for _, w := range d.Weights {
		r.Parameters += int64(w.Rows) * int64(w.Cols)
		if numbers, bytes := w.Format.Block(); w.Kind == checkpoint.Embedding && numbers > 0 && d.Info.Device == "cpu" { // on a GPU it is among the weights
			r.Memory.Embedding = int64(w.Rows) * int64(w.Cols) / int64(numbers) * int64(bytes)
		}
		if name := integersName(w); name != "" && !slices.Contains(r.Quantisation, name) {
			r.Quantisation = append(r.Quantisation, name)
		}
		r.addWeight(Weight{Name: kindName(w.Name, detail), Count: 1, Shape: [2]int{w.Rows, w.Cols}, Format: formatName(w)})
	}
	r.Memory.Abstracts = r.Memory.Weights + r.Memory.Embedding + (abstracts*ofAbstract+KeptPositions)*d.Info.CacheBytes + working
	for _, a := range d.Adapters {
		adapter := newAdapter(a.Name, a.Config)
		if a.Head != nil {
			adapter.Classes, adapter.Labels = a.Head.Classes, a.Head.Labels
		}
		for _, delta := range a.Deltas {
			adapter.add(delta, detail)
		}
		r.Adapters = append(r.Adapters, adapter)
	}
	r.LoRA = string(d.LoRA)
	r.Kernels = &Kernels{Device: d.Info.Device, Variant: d.Info.Variant, Reason: d.Info.Reason, Threads: d.Info.Threads}
	if d.Info.Device != "cpu" {
		return
	}
	for _, v := range kernels.Variants() {
		r.Kernels.Variants = append(r.Kernels.Variants, Variant{v.Name, v.Available, v.Reason})
	}
}

// text adds what tokenizer and chat template are, or why there is none.
func (r *Inspection) text(path string) {
	text, err := checkpoint.OpenText(path)
	if err != nil {
		r.Notes = append(r.Notes, err.Error())
		return
	}
	if tok, err := text.Tokenizer(); err != nil {
		r.note("no tokenizer: %v", err)
	} else {
		r.VocabularyIDs = tok.VocabSize()
	}
	if template, err := text.Template(); err != nil {
		r.note("no chat template: %v", err)
	} else {
		r.ChatTemplate = template.Name()
	}
}

var layerNumber = regexp.MustCompile(`\.layers\.\d+\.`)

// kindName returns a tensor's name, with * for the number of its layer unless
// each tensor is listed by itself.
func kindName(name string, detail bool) string {
	if detail {
		return name
	}
	return layerNumber.ReplaceAllString(name, ".layers.*.")
}

// integersName describes how a weight of 4-bit integers is packed; "" for others.
func integersName(w model.DescribedWeight) string {
	if w.Layout == "" {
		return ""
	}
	return fmt.Sprintf("%s, groups of %d, %s", w.Layout, w.BlockSize, zerosName(w))
}

func zerosName(w model.DescribedWeight) string {
	if w.Symmetric {
		return "symmetric"
	}
	return "zeros"
}

func formatName(w model.DescribedWeight) string {
	switch {
	case w.BlockSize == 0:
		return w.Format.String()
	case w.Layout != "":
		return fmt.Sprintf("%s in groups of %d, %s, %s, %s scales", w.Format, w.BlockSize, w.Layout, zerosName(w), w.Scales)
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

func (r *Inspection) addWeight(w Weight) {
	i := slices.IndexFunc(r.Weights, func(o Weight) bool {
		return o.Name == w.Name && o.Shape == w.Shape && o.Format == w.Format
	})
	if i < 0 {
		r.Weights = append(r.Weights, w)
		return
	}
	r.Weights[i].Count++
}

func (a *Adapter) add(d model.DescribedDelta, detail bool) {
	n := Change{Name: kindName(d.Module.Name, detail), Rank: d.Rank, Scale: d.Scale, DoRA: d.DoRA, Replaced: d.Replaced, Bias: d.Bias}
	i := slices.IndexFunc(a.Changes, func(o Change) bool {
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
