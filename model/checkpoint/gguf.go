package checkpoint

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/gguf"
	"github.com/medner/medner/quant"
)

// ggufFile is a checkpoint in a GGUF file.
type ggufFile struct {
	file    *gguf.File
	tensors map[string]string // the file's names by those in transformers
	config  *arch.Config
}

// Names in transformers by those in GGUF files: of tensors outside the layers, and
// of the parts of a layer, which the regular expression finds.
var (
	ggufNames = map[string]string{
		"token_embd.weight":  EmbeddingName,
		"output_norm.weight": NormName,
		"output.weight":      HeadName,
	}
	ggufLayerNames = layerNames()
	ggufLayerName  = regexp.MustCompile(`^blk\.(0|[1-9][0-9]*)\.([a-z_]+)\.(weight|bias)$`)
)

const ropeFactors = "rope_freqs.weight"

// layerNames returns the names in transformers of a layer's parts by those in a GGUF
// file.
func layerNames() map[string]string {
	names := map[string]string{}
	for n := range arch.Norms {
		names[n.GGUF()] = n.String()
	}
	for l := range arch.Linears {
		names[l.GGUF()] = l.String()
	}
	return names
}

// huggingFaceName returns the name in transformers of a tensor of a GGUF file; ok is
// false if no decoder has such a tensor.
func huggingFaceName(name string) (known string, ok bool) {
	if known, ok := ggufNames[name]; ok {
		return known, true
	}
	if m := ggufLayerName.FindStringSubmatch(name); m != nil {
		if part, ok := ggufLayerNames[m[2]]; ok {
			return fmt.Sprintf("model.layers.%s.%s.%s", m[1], part, m[3]), true
		}
	}
	return "", false
}

func (c *Checkpoint) openGGUF(path string) error {
	file, err := gguf.Open(path)
	if err != nil {
		return err
	}
	g := &ggufFile{file: file, tensors: map[string]string{}}
	c.source = g
	for _, name := range file.Names() {
		if name == ropeFactors {
			continue
		}
		known, ok := huggingFaceName(name)
		if !ok {
			return badinput.New(path, name, "a tensor that is not a decoder's", "those that llama.cpp's converter writes")
		}
		g.tensors[known] = name
	}
	if err := g.configure(c); err != nil {
		return err
	}
	c.text = newText(path, ggufText(path))
	return nil
}

// configure sets the configuration. If the file's rotary factors come from a scaling
// that config.json has a name for, the configuration has that scaling.
func (g *ggufFile) configure(c *Checkpoint) error {
	config, err := g.describe()
	if err != nil {
		return err
	}
	parse := func() error {
		if c.ConfigJSON, err = json.MarshalIndent(config, "", "  "); err == nil {
			c.Config, err = arch.ParseConfig(g.file.Path(), c.ConfigJSON)
		}
		return err
	}
	if err := parse(); err != nil {
		return err
	}
	rope := &c.Config.Rope
	if rope.Factors, err = g.ropeFactors(c.Config.HeadDim / 2); err != nil {
		return err
	}
	if r, ok := rope.AsLlama3(c.Config.HeadDim); ok {
		config["rope_parameters"] = map[string]any{
			"rope_type": r.Type, "rope_theta": r.Theta, "factor": r.Factor, "low_freq_factor": r.LowFreqFactor,
			"high_freq_factor": r.HighFreqFactor, "original_max_position_embeddings": r.OriginalMaxPositionEmbeddings,
		}
		if err := parse(); err != nil {
			return err
		}
	}
	g.config = c.Config
	return nil
}

// ropeFactors reads the n divisors of the rotary frequencies; nil if there are none,
// or all are 1.
func (g *ggufFile) ropeFactors(n int) ([]float32, error) {
	t, ok := g.file.Tensor(ropeFactors)
	if !ok {
		return nil, nil
	}
	if !slices.Equal(t.Dims, []int{n}) {
		return nil, badinput.New(t.File, t.Name+": shape", fmt.Sprint(t.Dims), fmt.Sprintf("%d numbers, half a head", n))
	}
	m, err := t.Matrix()
	if err != nil {
		return nil, err
	}
	factors, err := quant.ReadAll(m)
	if err != nil {
		return nil, badinput.Wrap(t.File, t.Name, err)
	}
	plain := true
	for _, f := range factors {
		if !(f > 0 && f <= math.MaxFloat32) {
			return nil, badinput.New(t.File, t.Name, fmt.Sprint(f), "positive numbers")
		}
		plain = plain && f == 1
	}
	if plain {
		return nil, nil
	}
	return factors, nil
}

func (g *ggufFile) names() []string {
	return slices.Sorted(maps.Keys(g.tensors))
}

func (g *ggufFile) matrix(w Weight) (quant.Matrix, error) {
	t, ok := g.file.Tensor(g.tensors[w.Name])
	if !ok {
		return nil, badinput.New(g.where(w.Name), w.Name, "no such tensor", describe(w))
	}
	shape := slices.Clone(t.Dims)
	slices.Reverse(shape)
	if err := checkShape(t.File, w, shape); err != nil {
		return nil, err
	}
	m, err := t.Matrix()
	if err != nil {
		return nil, err
	}
	if g.config.Family().PairedInGGUF && (strings.Contains(w.Name, ".q_proj.") || strings.Contains(w.Name, ".k_proj.")) {
		if w.Kind == Bias {
			return g.unpairBias(m)
		}
		return unpaired{m, g.config.HeadDim}, nil
	}
	return m, nil
}

func (g *ggufFile) where(string) string { return g.file.Path() }

func (g *ggufFile) release()     { g.file.Release() }
func (g *ggufFile) close() error { return g.file.Close() }

// unpairBias returns a bias of q_proj or k_proj in transformers' order.
func (g *ggufFile) unpairBias(m quant.Matrix) (quant.Matrix, error) {
	stored, err := quant.ReadAll(m)
	if err != nil {
		return nil, badinput.Wrap(g.file.Path(), "", err)
	}
	v := make([]float32, len(stored))
	for i := range v {
		v[i] = stored[pairedRow(i, g.config.HeadDim)]
	}
	return quant.NewF32(1, len(v), v), nil
}

// pairedRow returns the row of a llama's GGUF file that holds the given row of q_proj
// or k_proj; see the package's comment.
func pairedRow(row, headDim int) int {
	head, within := row/headDim*headDim, row%headDim
	return head + within%(headDim/2)*2 + within/(headDim/2)
}

// unpaired is a matrix of q_proj or k_proj with its rows in transformers'
// order.
type unpaired struct {
	quant.Matrix
	headDim int
}

// ReadRows implements quant.Matrix.
func (u unpaired) ReadRows(dst []float32, from int) error {
	cols := u.Cols()
	if len(dst)%cols != 0 || from < 0 || from > u.Rows()-len(dst)/cols {
		return fmt.Errorf("read %d numbers from row %d of a %d × %d matrix", len(dst), from, u.Rows(), cols)
	}
	for ; len(dst) > 0; from++ {
		if err := u.Matrix.ReadRows(dst[:cols], pairedRow(from, u.headDim)); err != nil {
			return err
		}
		dst = dst[cols:]
	}
	return nil
}

// Int8Rows implements quant.Int8Matrix if the stored matrix does.
func (u unpaired) Int8Rows(codes []int8, scales []float32, from int) error {
	stored, ok := u.Matrix.(quant.Int8Matrix)
	if !ok {
		return fmt.Errorf("read int8 codes from a matrix of %s", u.Format())
	}
	cols := u.Cols()
	if len(codes)%cols != 0 || from < 0 || from > u.Rows()-len(codes)/cols || len(scales) != len(codes)/quant.Int8Block {
		return fmt.Errorf("read %d codes and %d scales from row %d of a %d × %d matrix", len(codes), len(scales), from, u.Rows(), cols)
	}
	for ; len(codes) > 0; from++ {
		if err := stored.Int8Rows(codes[:cols], scales[:cols/quant.Int8Block], pairedRow(from, u.headDim)); err != nil {
			return err
		}
		codes, scales = codes[cols:], scales[cols/quant.Int8Block:]
	}
	return nil
}
