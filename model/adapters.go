package model

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/labels"
	"github.com/medner/medner/lora"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// adapters holds a model's open adapters, and how they are applied. LoRADefault
// stands until apply has decided.
type adapters struct {
	open   []*lora.Adapter
	mode   LoRA
	heads  heads  // set by apply
	active active // set by apply
}

// Close closes all adapters.
func (a *adapters) Close() error {
	var errs []error
	for _, o := range a.open {
		errs = append(errs, o.Close())
	}
	a.open = nil
	return errors.Join(errs...)
}

// openAdapters reads the adapters that o names.
func openAdapters(o Options) (_ *adapters, err error) {
	a := &adapters{mode: o.LoRA}
	defer func() {
		if err != nil {
			_ = a.Close()
		}
	}()
	for _, dir := range o.Adapters {
		opened, err := lora.Open(filepath.Clean(dir))
		if err != nil {
			return nil, err
		}
		a.open = append(a.open, opened)
	}
	a.open = append(a.open, o.ParsedAdapters...)
	names := []string{Base}
	for _, opened := range a.open {
		if slices.Contains(names, opened.Name) {
			return nil, badinput.New("", "adapter", fmt.Sprintf("the name %q twice", opened.Name), fmt.Sprintf("names that differ, and none %q", Base))
		}
		names = append(names, opened.Name)
	}
	if len(a.open) == 0 && o.Active != "" && o.Active != Base {
		return nil, badinput.New("", "active adapter", fmt.Sprintf("%q", o.Active), fmt.Sprintf("%q, as there are no adapters", Base))
	}
	return a, nil
}

// apply adds the adapters to w: the active ones into the weights, or each, and the sum
// that is active, beside them.
func (a *adapters) apply(ctx context.Context, files *checkpoint.Checkpoint, w *backend.Weights, o Options) error {
	var err error
	if a.heads, err = newHeads(files, o); err != nil {
		return err
	}
	defer func() { w.Classifiers = a.heads.classifiers() }()
	if len(a.open) == 0 {
		return nil
	}
	var plans []*lora.Plan
	for _, adapter := range a.open {
		plan, err := resolve(adapter, files)
		if err != nil {
			return err
		}
		plans = append(plans, plan)
	}
	if a.mode == MergeNF4 {
		o.Hold = HoldNF4
		if holdsIntegers(w) {
			o.Log("%s: the weights that the adapter changes become NF4, the others stay the 4-bit integers that they are", MergeNF4)
		}
	}
	if a.mode == LoRADefault {
		a.mode = Merge
		if len(a.open) > 1 || o.Active == Base || o.Hold == HoldNF4 || quantised(plans[0], w) {
			a.mode = Unmerged
		}
	}
	if err := a.activate(plans, o); err != nil {
		return err
	}
	base := a.heads[0]
	for i, plan := range plans {
		opened := a.open[i]
		if a.mode != Unmerged && opened.Name != a.active.name {
			continue
		}
		head, err := heads{base}.under(opened, plan, files, o)
		if err != nil {
			return err
		}
		if err := a.add(ctx, w, opened.Name, plan, head, o); err != nil {
			return err
		}
	}
	if a.active.sum == nil {
		return nil
	}
	return a.add(ctx, w, a.active.name, a.active.sum, base, o)
}

// add adds what a plan changes, under a name and with a token classification head, to w.
func (a *adapters) add(ctx context.Context, w *backend.Weights, name string, plan *lora.Plan, head *head, o Options) error {
	var err error
	if a.mode == Unmerged {
		a.heads = append(a.heads, head)
		w.Adapters = append(w.Adapters, name)
		err = besideWeights(ctx, w, plan)
	} else {
		a.heads[0] = head
		err = a.intoWeights(ctx, w, plan, o)
	}
	if err != nil {
		return fmt.Errorf("adapter %s: %w", name, err)
	}
	return nil
}

// resolve matches an adapter with the modules of a checkpoint.
func resolve(a *lora.Adapter, files *checkpoint.Checkpoint) (*lora.Plan, error) {
	tied := files.Config.TieWordEmbeddings
	modules := slices.DeleteFunc(Modules(files.Config), func(m lora.Module) bool {
		return m.Name == headModule && !tied && !files.Has(checkpoint.HeadName)
	})
	if head, err := scoresModule(a, files); err != nil {
		return nil, err
	} else if head != nil {
		modules = append(modules, *head)
	}
	plan, err := a.Resolve(modules, tied)
	if err != nil {
		return nil, err
	}
	err = plan.Simplify(func(module string) (quant.Matrix, error) {
		if module == headModule && tied {
			module = embeddingModule
		}
		if slices.Contains(labels.HeadModules, module) && !files.Has(module+".weight") {
			return nil, nil
		}
		return files.Matrix(module + ".weight")
	})
	return plan, err
}

// quantised reports whether the file holds a weight that a plan changes in fewer
// bits than 16. Merging would then round most of the change away, or take the
// memory that the few bits save.
func quantised(plan *lora.Plan, w *backend.Weights) bool {
	for name, l := range eachLinear(w) {
		if plan.Delta(name) == nil {
			continue
		}
		switch l.Weight.Format() {
		case quant.F64, quant.F32, quant.F16, quant.BF16:
		default:
			return true
		}
	}
	return false
}

// holdsIntegers reports whether the file holds a linear map in 4-bit integers.
func holdsIntegers(w *backend.Weights) bool {
	for _, l := range eachLinear(w) {
		if l.Weight != nil && l.Weight.Format() == quant.U4 {
			return true
		}
	}
	return false
}

// besideWeights appends what a plan changes to the Adapted list of each weight.
func besideWeights(ctx context.Context, w *backend.Weights, plan *lora.Plan) error {
	for name, l := range eachLinear(w) {
		if err := ctx.Err(); err != nil {
			return err
		}
		d := plan.Delta(name)
		if d == nil {
			l.Adapted = append(l.Adapted, nil)
			continue
		}
		a := &backend.Adapted{Weight: d.Weight, Down: d.A, Up: d.B, Scale: d.Scale}
		if d.Bias != nil || d.AddedBias != nil {
			a.Bias = d.BiasOf(l.Bias)
		}
		var err error
		if a.RowScale, err = d.RowScale(l.Weight); err != nil {
			return err
		}
		l.Adapted = append(l.Adapted, a)
	}
	for name, n := range eachNorm(w) {
		weight, err := normUnder(plan.Delta(name))
		if err != nil {
			return err
		}
		n.Adapted = append(n.Adapted, weight)
	}
	table, err := tableUnder(plan.Delta(embeddingModule), w.Embed.Weight)
	w.Embed.Adapted = append(w.Embed.Adapted, table)
	return err
}

// normUnder returns the gains that replace a norm's, nil if none do.
func normUnder(d *lora.Delta) ([]float32, error) {
	if d == nil {
		return nil, nil
	}
	return quant.ReadAll(d.Weight)
}

// tableUnder returns the embedding under an adapter, nil if the adapter doesn't
// change it. Rows are computed when they are read, so that it takes no memory
// beside the base's.
func tableUnder(d *lora.Delta, base quant.Matrix) (quant.Matrix, error) {
	if d == nil {
		return nil, nil
	}
	return d.Merge(base)
}

// intoWeights replaces weights by merged ones. Where these will be rounded to be
// held, it logs how much of the adapter is left.
func (a *adapters) intoWeights(ctx context.Context, w *backend.Weights, plan *lora.Plan, o Options) error {
	table, err := tableUnder(plan.Delta(embeddingModule), w.Embed.Weight)
	if err != nil {
		return err
	}
	if table != nil {
		w.Embed.Weight = table // a tied head keeps its own matrix: PEFT merges it apart, if at all
	}
	for name, n := range eachNorm(w) {
		weight, err := normUnder(plan.Delta(name))
		if err != nil {
			return err
		}
		if weight != nil {
			n.Weight = weight
		}
	}
	var left survival
	for name, l := range eachLinear(w) {
		if err := ctx.Err(); err != nil {
			return err
		}
		d := plan.Delta(name)
		if d == nil {
			continue
		}
		base := l.Weight
		l.Bias = d.BiasOf(l.Bias)
		if l.Weight, err = d.Merge(base); err != nil {
			return err
		}
		if name == headModule || d.A == nil {
			continue
		}
		if err := left.add(base, l.Weight, hold.Hold(o.Hold)); err != nil {
			return err
		}
	}
	if left.tensors > 0 {
		o.Log("adapter %s merged: %s", a.active.name, left)
	}
	return nil
}
