package lora

import (
	"fmt"
	"maps"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// Resolve matches the adapter with a model's modules, by PEFT's rules. Tied says
// that the head's weight is the embedding's. When it returns, the shapes of all
// tensors have been checked, and that their numbers are finite.
func (a *Adapter) Resolve(modules []Module, tied bool) (*Plan, error) {
	m, err := newMatcher(a.configFile, a.Config, tied)
	if err != nil {
		return nil, err
	}
	r := resolver{Adapter: a, matcher: m, used: map[*safetensors.Tensor]bool{}}
	for _, mod := range modules {
		if mod.Kind == Embedding {
			r.embedding = mod.Name
		}
	}
	if err := r.checkHead(modules); err != nil {
		return nil, err
	}
	plan := &Plan{deltas: map[string]*Delta{}}
	factors := 0
	for _, mod := range modules {
		d, err := r.resolve(mod)
		if err != nil {
			return nil, err
		}
		if d.A != nil {
			factors++
		}
		plan.deltas[mod.Name] = d
	}
	if factors == 0 {
		return nil, badinput.New(a.configFile, "target_modules", "no match in the base", "names of its linear maps or of its embedding")
	}
	if err := r.checkUsed(plan); err != nil {
		return nil, err
	}
	if tied {
		if err := plan.tie(modules, m); err != nil {
			return nil, err
		}
	}
	plan.prune(modules)
	return plan, nil
}

// resolver finds the tensors of each module.
type resolver struct {
	*Adapter
	*matcher
	embedding string                       // the name of the embedding
	used      map[*safetensors.Tensor]bool // tensors that a module has taken
}

// resolve returns the delta of one module, which may be empty.
func (r *resolver) resolve(mod Module) (*Delta, error) {
	d := &Delta{Module: mod, saved: r.saves(mod)}
	e := r.modules[mod.Name]
	if e == nil {
		e = &entry{}
	}
	targeted := r.targets(mod)
	if targeted && mod.Kind == Norm {
		return nil, badinput.New(r.configFile, "target_modules", "a match with "+mod.Name, "linear maps and the embedding only")
	}
	if targeted && d.saved {
		return nil, badinput.New(r.configFile, "modules_to_save", "a match with "+mod.Name, "no module that target_modules matches too")
	}
	// A tied head without tensors of its own gets the embedding's.
	inherits := mod.Kind == Head && (r.tiesTargets() || r.tiesSaved())
	var err error
	if t := e.tensors[weight]; t != nil {
		if d.Weight, err = r.take(t, mod.Rows, mod.Cols, mod.Kind == Norm); err != nil {
			return nil, err
		}
	} else if d.saved && !inherits {
		return nil, r.missing(mod.Name+".weight", mod)
	}
	wantsBias := d.saved || r.Config.Bias == "all" || r.Config.Bias == "lora_only" && targeted
	if t := e.tensors[bias]; t != nil && mod.Bias {
		if d.Bias, err = r.vector(t, mod.Rows); err != nil {
			return nil, err
		}
	} else if wantsBias && mod.Bias {
		return nil, r.missing(mod.Name+".bias", mod)
	}
	if !targeted || inherits && e.tensors[factorA] == nil && e.tensors[factorB] == nil {
		return d, nil
	}
	d.Scale = r.scale(mod.Name)
	return d, r.factors(d, e)
}

// factors reads the factors of a targeted module, and what belongs to them.
func (r *resolver) factors(d *Delta, e *entry) (err error) {
	mod, rank := d.Module, r.rank(d.Module.Name)
	if mod.Kind == Head && r.tiesTargets() {
		rank = r.rank(r.embedding)
	}
	partA, partB, outputs, inputs := factorA, factorB, mod.Rows, mod.Cols
	nameA, nameB := ".lora_A.weight", ".lora_B.weight"
	if mod.Kind == Embedding {
		partA, partB, outputs, inputs = embeddingA, embeddingB, mod.Cols, mod.Rows
		nameA, nameB = ".lora_embedding_A", ".lora_embedding_B"
	}
	if e.tensors[partA] == nil {
		return r.missing(mod.Name+nameA, mod)
	}
	if e.tensors[partB] == nil {
		return r.missing(mod.Name+nameB, mod)
	}
	if d.A, err = r.take(e.tensors[partA], rank, inputs, false); err != nil {
		return err
	}
	if d.B, err = r.take(e.tensors[partB], outputs, rank, false); err != nil {
		return err
	}
	if r.Config.UseDoRA {
		if e.tensors[magnitude] == nil {
			return r.missing(mod.Name+".lora_magnitude_vector", mod)
		}
		if d.Magnitude, err = r.vector(e.tensors[magnitude], outputs); err != nil {
			return err
		}
	}
	if !r.Config.LoraBias {
		return nil
	}
	if mod.Kind == Embedding {
		return badinput.New(r.configFile, "lora_bias", "true for "+mod.Name, "linear maps only")
	}
	if e.tensors[factorBias] == nil {
		return r.missing(mod.Name+".lora_B.bias", mod)
	}
	if d.AddedBias, err = r.vector(e.tensors[factorBias], outputs); err != nil {
		return err
	}
	for i := range d.AddedBias {
		d.AddedBias[i] *= d.Scale
	}
	return nil
}

// missing returns the error for a tensor that a module should have.
func (r *resolver) missing(tensor string, mod Module) error {
	return badinput.New(r.reader.Path(), tensor, "no such tensor", fmt.Sprintf("one for %s, as %s asks for", mod.describe(), ConfigName))
}

// take returns a view of a tensor as a matrix, having checked that the tensor has
// the shape [rows, cols], or [cols] for a vector, and finite numbers.
func (r *resolver) take(t *safetensors.Tensor, rows, cols int, vector bool) (quant.Matrix, error) {
	r.used[t] = true
	want := []int{rows, cols}
	if vector {
		want = []int{cols}
	}
	if !slices.Equal(t.Shape, want) {
		return nil, badinput.New(t.File, t.Name+": shape", fmt.Sprint(t.Shape), fmt.Sprint(want))
	}
	m, err := t.Matrix()
	if err != nil {
		return nil, err
	}
	if err := checkFinite(m); err != nil {
		return nil, badinput.Wrap(t.File, t.Name, err)
	}
	return m, nil
}

// vector reads a tensor of n numbers.
func (r *resolver) vector(t *safetensors.Tensor, n int) ([]float32, error) {
	m, err := r.take(t, 1, n, true)
	if err != nil {
		return nil, err
	}
	return quant.ReadAll(m)
}

// checkUsed refuses an adapter with tensors that no module has taken.
func (r *resolver) checkUsed(plan *Plan) error {
	for _, name := range slices.Sorted(maps.Keys(r.modules)) {
		for _, t := range r.modules[name].tensors {
			if t == nil || r.used[t] {
				continue
			}
			d := plan.deltas[name]
			switch {
			case d == nil:
				return badinput.New(t.File, clip.Text(t.Name), "a tensor of a module that the base does not have", "the base that the adapter was trained on: "+clip.Text(r.Config.BaseModel))
			case t == r.modules[name].tensors[bias]:
				return badinput.New(t.File, t.Name, "a bias for a module without one", "the base that the adapter was trained on: "+clip.Text(r.Config.BaseModel))
			}
			return badinput.New(t.File, t.Name, "a tensor that "+ConfigName+" has no use for", "tensors of its target_modules and settings only")
		}
	}
	return nil
}
