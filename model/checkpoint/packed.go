package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/quant"
)

// packed reads the 4-bit integers of AWQ, GPTQ and compressed-tensors in a directory.
type packed struct {
	config *arch.Quantization
	layout quant.Layout
}

// layouts has the layout of each Format of arch.Quantization.
var layouts = map[string]quant.Layout{
	"gemm": quant.AWQGEMM, "gemv": quant.AWQGEMV, "gptq": quant.GPTQ, "gptq_v2": quant.GPTQv2, "pack-quantized": quant.PackQuantized,
}

// quantizationFiles hold what config.json leaves out in older checkpoints, with the
// quant_method whose producers write them.
var quantizationFiles = []struct{ name, method string }{{"quantize_config.json", "gptq"}, {"quant_config.json", "awq"}}

// findPacked completes the configuration from the files beside it where tensors are
// packed and config.json doesn't say how, and returns nil where none are packed.
func findPacked(dir string, config *arch.Config, tensors []string) (*packed, error) {
	at := slices.IndexFunc(tensors, func(name string) bool {
		return strings.HasSuffix(name, ".qweight") || strings.HasSuffix(name, ".weight_packed")
	})
	if at < 0 {
		return nil, nil
	}
	for _, file := range quantizationFiles {
		if config.Quantization != nil {
			break
		}
		path := filepath.Join(dir, file.name)
		data, err := files.Read(path, maxConfig, "a quantisation's configuration")
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			config.Quantization, err = arch.ParseQuantization(path, data, file.method)
		}
		if err != nil {
			return nil, err
		}
	}
	if config.Quantization == nil {
		return nil, badinput.New(filepath.Join(dir, configFile), "quantization_config", "none", "one that says how "+clip.Text(tensors[at])+" is packed")
	}
	layout, ok := layouts[config.Quantization.Format]
	if !ok {
		return nil, badinput.New(filepath.Join(dir, configFile), "quantization_config: quant_method", config.Quantization.Method, "one that says how "+clip.Text(tensors[at])+" is packed")
	}
	return &packed{config.Quantization, layout}, nil
}

// whole returns the name of the weight that a tensor is a part of, if that weight is
// packed.
func (p *packed) whole(tensor string, get func(string) (quant.Raw, bool)) (name string, ok bool) {
	if p == nil {
		return "", false
	}
	if name, ok = p.layout.Whole(tensor); ok {
		_, ok = get(p.layout.CodesName(name))
	}
	return name, ok
}

// codes returns the name of the tensor that holds a weight's codes, if the weight is
// packed.
func (p *packed) codes(weight string, get func(string) (quant.Raw, bool)) (tensor string, ok bool) {
	if p == nil {
		return "", false
	}
	tensor = p.layout.CodesName(weight)
	_, ok = get(tensor)
	return tensor, ok
}

// matrix returns a view of a packed weight.
func (p *packed) matrix(w Weight, get func(string) (quant.Raw, bool)) (*quant.Grouped, error) {
	module := strings.TrimSuffix(w.Name, ".weight")
	if _, twice := get(w.Name); twice {
		return nil, badinput.New("", w.Name, "a plain weight beside the packed one", "one of them")
	}
	if w.Kind != Linear && w.Kind != Scores {
		return nil, badinput.New("", w.Name, "a packed weight", "plain numbers: only linear maps may be packed")
	}
	if err := p.config.Check(module); err != nil {
		return nil, err
	}
	group, _ := p.config.Group(module)
	if _, ok := get(module + ".g_idx"); p.config.ActOrder && !ok {
		return nil, badinput.New("", module+".g_idx", "no such tensor", "the groups of inputs, since desc_act is true")
	}
	return quant.ReadGrouped(w.Name, p.layout, group.GroupSize, group.Symmetric, get)
}

// isUnusedBias says whether a tensor is a bias of zeros that the model doesn't have:
// old versions of AutoGPTQ saved one for every linear map.
func (d *directory) isUnusedBias(name string) bool {
	module, ok := strings.CutSuffix(name, ".bias")
	if !ok || d.packed == nil || d.packed.config.Method != "gptq" || d.asked[name] {
		return false
	}
	if _, ok := d.packed.codes(module+".weight", d.raw); !ok {
		return false
	}
	t, _ := d.reader.Tensor(name)
	m, err := t.Matrix()
	if err != nil {
		return false
	}
	v, err := quant.ReadAll(m)
	return err == nil && !slices.ContainsFunc(v, func(x float32) bool { return x != 0 })
}
