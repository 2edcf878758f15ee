package model

import (
	"context"
	"errors"
	"fmt"

	"github.com/medner/medner/lora"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
)

// Description tells what a checkpoint holds, and what Open would make of it.
type Description struct {
	Config   *arch.Config
	Weights  []DescribedWeight
	Adapters []DescribedAdapter
	LoRA     LoRA // how adapters are applied; empty if there are none
	Hold     Hold
	Context  int            // the most positions of a sequence
	Info     Info           // the Info of the model that Open would return
	Head     *DescribedHead // the model's token classification head; nil: none
	Writes   bool           // whether the model has a language-model head
}

// DescribedWeight describes a weight in its file.
type DescribedWeight struct {
	checkpoint.Weight
	Format quant.Format
	// The following fields describe 4-bit weights.
	BlockSize   int
	DoubleQuant bool
	State       quant.Format // the format that numbers are rounded to when they are read
	// The following fields describe integers of 4 bits, whose groups BlockSize has.
	Layout    string       // "AWQ GEMM"
	Symmetric bool         // whether all zeros are 8
	Scales    quant.Format // F16, BF16 or F32
}

// DescribedAdapter describes an adapter and what it changes.
type DescribedAdapter struct {
	Name   string
	Config *lora.Config
	Deltas []DescribedDelta
	// Head is the token classification head under the adapter, which is the model's
	// or the adapter's own; nil: none.
	Head *DescribedHead
}

// DescribedHead describes a token classification head.
type DescribedHead struct {
	Classes int
	Labels  []string // by class; nil: neither the files nor Options.Labels name them
	Format  quant.Format
}

// DescribedDelta tells what an adapter changes in one module.
type DescribedDelta struct {
	Module   lora.Module
	Rank     int // 0: no low-rank path
	Scale    float32
	DoRA     bool
	Replaced bool // whether the adapter has a weight of its own
	Bias     bool // whether the bias changes
	// Delta is the Frobenius norm ‖W' − W‖, and Weight is ‖W‖, where W' is the
	// weight under the adapter.
	Delta, Weight float64
}

// Describe opens and checks the files that Open would, but packs nothing. It
// reads the weights that adapters change once, to measure by how much.
func Describe(ctx context.Context, path string, o Options) (_ *Description, err error) {
	files, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	o = o.withDefaults(files.Config)
	for _, warning := range files.Warnings {
		o.Log("%s", warning)
	}
	devices, err := o.check()
	if err != nil {
		return nil, err
	}
	w, err := readWeights(files)
	if err != nil {
		return nil, err
	}
	adapters, err := openAdapters(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, adapters.Close()) }()
	d := &Description{Config: files.Config, Context: o.Context}
	for _, weight := range files.Weights() {
		described, err := describeWeight(files, weight)
		if err != nil {
			return nil, err
		}
		d.Weights = append(d.Weights, described)
	}
	for _, a := range adapters.open {
		described, err := describeAdapter(ctx, files, a)
		if err != nil {
			return nil, err
		}
		d.Adapters = append(d.Adapters, described)
	}
	if err := adapters.apply(ctx, files, w, o); err != nil {
		return nil, err
	}
	d.Writes = w.Head.Weight != nil
	if len(adapters.open) > 0 {
		d.LoRA = adapters.mode
	}
	d.describeHeads(adapters.heads)
	if d.Hold = o.Hold; d.LoRA == MergeNF4 {
		d.Hold = HoldNF4
	}
	o.Hold = d.Hold
	info, err := estimateDevices(devices, w, o.backend())
	d.Info = Info(info)
	return d, err
}

// describeHeads describes the heads of the model and of its adapters. A merged
// adapter has put its head in the model's place.
func (d *Description) describeHeads(list heads) {
	described := make([]*DescribedHead, len(list))
	for i, h := range list {
		if h != nil {
			described[i] = &DescribedHead{Classes: h.classifier.Weight.Rows(), Labels: h.labels, Format: h.classifier.Weight.Format()}
		}
	}
	if d.Config.TokenClassification {
		d.Head = described[0]
	}
	for i := range d.Adapters {
		d.Adapters[i].Head = described[min(i+1, len(described)-1)]
	}
}

func describeWeight(files *checkpoint.Checkpoint, w checkpoint.Weight) (DescribedWeight, error) {
	m, err := files.Matrix(w.Name)
	if err != nil {
		return DescribedWeight{}, err
	}
	d := DescribedWeight{Weight: w, Format: m.Format()}
	switch q := m.(type) {
	case *quant.FourBit:
		d.BlockSize, d.DoubleQuant, d.State = q.BlockSize, q.Double != nil, q.State
	case *quant.Grouped:
		d.BlockSize, d.State, d.Layout, d.Symmetric, d.Scales = q.Group(), quant.F32, q.Layout().String(), q.Symmetric(), q.Scales()
	}
	return d, nil
}

func describeAdapter(ctx context.Context, files *checkpoint.Checkpoint, a *lora.Adapter) (DescribedAdapter, error) {
	described := DescribedAdapter{Name: a.Name, Config: a.Config}
	plan, err := resolve(a, files)
	if err != nil {
		return described, err
	}
	for _, name := range plan.Names() {
		if err := ctx.Err(); err != nil {
			return described, err
		}
		delta := plan.Delta(name)
		d := DescribedDelta{Module: delta.Module, Scale: delta.Scale, DoRA: delta.Magnitude != nil,
			Replaced: delta.Weight != nil, Bias: delta.Bias != nil || delta.AddedBias != nil}
		if delta.A != nil {
			d.Rank = delta.A.Rows()
		}
		weight := name + ".weight"
		if name == headModule && files.Config.TieWordEmbeddings {
			weight = checkpoint.EmbeddingName
		}
		if delta.Module.Kind == lora.Scores && !files.Has(weight) {
			described.Deltas = append(described.Deltas, d) // there is nothing to compare the head with
			continue
		}
		base, err := files.Matrix(weight)
		if err != nil {
			return described, err
		}
		if base.Rows() != delta.Module.Rows { // a head for other labels than the base's
			described.Deltas = append(described.Deltas, d)
			continue
		}
		merged, err := delta.Merge(base)
		if err != nil {
			return described, fmt.Errorf("adapter %s: %s: %w", a.Name, name, err)
		}
		if d.Delta, d.Weight, err = lora.Strength(base, merged); err != nil {
			return described, fmt.Errorf("adapter %s: %s: %w", a.Name, name, err)
		}
		described.Deltas = append(described.Deltas, d)
	}
	return described, nil
}
