package lora

import (
	"bytes"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/safetensors"
)

// part says what a tensor of an adapter is in its module.
type part uint8

const (
	factorA part = iota
	factorB
	factorBias // the bias of B (lora_bias)
	embeddingA
	embeddingB
	magnitude
	weight // replaces the module's own
	bias   // replaces the module's own
	parts  // the number of parts
)

// entry holds the tensors of one module by part, nil where the module has none.
type entry struct {
	tensors [parts]*safetensors.Tensor
}

// index returns an adapter's tensors by module.
func index(r *safetensors.Reader) (map[string]*entry, error) {
	modules := map[string]*entry{}
	for _, name := range r.Names() {
		t, _ := r.Tensor(name)
		// With bias "all", PEFT also saves the biases of a module that
		// modules_to_save replaced, and the replacing ones under two names.
		if strings.Contains(name, ".original_module.") {
			continue
		}
		module, p, ok := parseName(name)
		if !ok {
			return nil, badinput.New(t.File, clip.Text(name), "a tensor that is no part of a LoRA adapter", "lora_A, lora_B, lora_embedding_A, lora_embedding_B, lora_magnitude_vector, weight or bias of a module")
		}
		e := modules[module]
		if e == nil {
			e = &entry{}
			modules[module] = e
		}
		if other := e.tensors[p]; other != nil {
			if same(*other, t) {
				continue
			}
			return nil, badinput.New(t.File, clip.Text(name), "the same as "+clip.Text(other.Name), "one tensor for each part of a module")
		}
		e.tensors[p] = &t
	}
	return modules, nil
}

// same reports whether two tensors have the same content. Tensors that can't be
// read any more don't.
func same(a, b safetensors.Tensor) bool {
	equal := false
	err := a.View(func(data []byte) error {
		equal = a.DType == b.DType && slices.Equal(a.Shape, b.Shape) && bytes.Equal(data, b.Data)
		return nil
	})
	return err == nil && equal
}

// marks tells parts by their names. Behind the name of its module, a part's name has an
// infix, then a dot and the name of the adapter, which newer files leave out, and an
// ending. The first mark that fits counts.
var marks = []struct {
	infix, ending string
	part          part
}{
	{".lora_A", ".weight", factorA},
	{".lora_B", ".weight", factorB},
	{".lora_B", ".bias", factorBias},
	{".lora_embedding_A", "", embeddingA},
	{".lora_embedding_B", "", embeddingB},
	{".lora_magnitude_vector", ".weight", magnitude},
	{".lora_magnitude_vector", "", magnitude},
	{".modules_to_save", ".weight", weight},
	{".modules_to_save", ".bias", bias},
	{".base_layer", ".weight", weight},
	{".base_layer", ".bias", bias},
	{"", ".weight", weight},
	{"", ".bias", bias},
}

// parseName splits the name of a tensor, which has one of these forms:
//
//	base_model.model.<module>.lora_A[.<adapter>].weight
//	base_model.model.<module>.lora_embedding_A[.<adapter>]
//	base_model.model.<module>.lora_magnitude_vector[.<adapter>][.weight]
//	base_model.model.<module>[.base_layer|.modules_to_save[.<adapter>]].weight
func parseName(name string) (module string, p part, ok bool) {
	name = strings.TrimPrefix(name, "base_model.model.")
	if module, rest, found := strings.Cut(name, ".modules_to_save."); found {
		if _, inside, found := strings.Cut(rest, "."); found && strings.Contains(inside, ".") {
			name = module + "." + inside // a module within a replaced one
		}
	}
	for _, m := range marks {
		rest, found := strings.CutSuffix(name, m.ending)
		if !found {
			continue
		}
		if m.infix == "" {
			return rest, m.part, rest != "" && !strings.Contains(rest, ".lora_")
		}
		at := strings.LastIndex(rest, m.infix)
		if at <= 0 {
			continue
		}
		adapter := rest[at+len(m.infix):]
		if adapter == "" || adapter[0] == '.' && len(adapter) > 1 && !strings.Contains(adapter[1:], ".") {
			return rest[:at], m.part, true
		}
	}
	return "", 0, false
}
