package checkpoint

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// directory is a checkpoint in the layout of the Hugging Face hub.
type directory struct {
	dir    string
	reader *safetensors.Reader
	packed *packed         // nil: no weight is packed as 4-bit integers
	asked  map[string]bool // the weights that the configuration asks for
}

const (
	configFile     = "config.json"
	generationFile = "generation_config.json"
)

func (c *Checkpoint) openDirectory(dir string) error {
	path := filepath.Join(dir, configFile)
	data, err := files.Read(path, maxConfig, "a model's configuration")
	if errors.Is(err, os.ErrNotExist) {
		return badinput.New(dir, "", "no "+configFile, "a model's directory, or a GGUF file")
	}
	if err != nil {
		return err
	}
	c.ConfigJSON = data
	if c.Config, err = arch.ParseConfig(path, data); err != nil {
		return err
	}
	weights, err := c.findWeights(dir)
	if err != nil {
		return err
	}
	reader, err := safetensors.Open(weights)
	if err != nil {
		return err
	}
	d := &directory{dir: dir, reader: reader, asked: map[string]bool{}}
	c.source = d
	c.text = newText(dir, directoryText{dir})
	for _, w := range Layout(c.Config) {
		d.asked[w.Name] = true
	}
	d.packed, err = findPacked(dir, c.Config, reader.Names())
	return err
}

// findWeights returns what to open: the directory, whose safetensors may be one file or
// shards with an index, or the one file whose name isn't the usual one. It warns of
// an index whose shards aren't there, which publishers leave behind when they join
// them into one file.
func (c *Checkpoint) findWeights(dir string) (string, error) {
	index := filepath.Join(dir, safetensors.IndexName)
	absent := missingShards(index)
	single := filepath.Join(dir, safetensors.FileName)
	switch _, err := files.Stat(single); {
	case err == nil && absent != "":
		c.warn("%s names %s, which isn't there: weights are read from %s", index, absent, safetensors.FileName)
		return dir, nil
	case !errors.Is(err, os.ErrNotExist):
		return dir, err
	}
	if _, err := files.Stat(index); err == nil && absent == "" {
		return dir, nil
	}
	all, err := files.Glob(dir, "*.safetensors")
	if err != nil || len(all) != 1 || strings.HasPrefix(filepath.Base(all[0]), "adapter_") {
		return dir, err
	}
	c.warn("%s isn't there: weights are read from %s, the one file of safetensors", single, filepath.Base(all[0]))
	return all[0], nil
}

// missingShards returns the name of a shard that an index names and that isn't beside
// it; "" if all are there, or the index isn't one.
func missingShards(index string) string {
	var content struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	data, err := files.Read(index, maxText, "an index")
	if err != nil || json.Unmarshal(data, &content) != nil {
		return ""
	}
	for _, shard := range slices.Sorted(maps.Values(content.WeightMap)) {
		if _, err := files.Stat(filepath.Join(filepath.Dir(index), filepath.Base(shard))); errors.Is(err, os.ErrNotExist) {
			return clip.Text(shard)
		}
	}
	return ""
}

// fourBitParts are the endings of the tensors that a 4-bit weight has beside its
// packed numbers.
var fourBitParts = []string{".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map",
	".quant_state.bitsandbytes__nf4", ".quant_state.bitsandbytes__fp4"}

// names implements source. It also leaves out the rotary frequencies that old
// versions of transformers saved in every layer, and biases of zeros.
func (d *directory) names() []string {
	var names []string
	for _, name := range d.reader.Names() {
		if whole, ok := d.packed.whole(name, d.raw); ok {
			if name == d.packed.layout.CodesName(whole) {
				names = append(names, whole)
			}
			continue
		}
		if !strings.HasSuffix(name, ".rotary_emb.inv_freq") && !d.isPart(name) && !d.isUnusedBias(name) {
			names = append(names, name)
		}
	}
	return names
}

func (d *directory) isPart(name string) bool {
	for _, part := range fourBitParts {
		if whole, ok := strings.CutSuffix(name, part); ok {
			return quant.IsFourBit(whole, d.raw)
		}
	}
	return false
}

// raw returns a tensor in the form in which package quant reads it.
func (d *directory) raw(name string) (quant.Raw, bool) {
	t, ok := d.reader.Tensor(name)
	return quant.Raw{Name: t.Name, DType: string(t.DType), Shape: t.Shape, Data: t.Data}, ok
}

func (d *directory) matrix(w Weight) (quant.Matrix, error) {
	if _, ok := d.packed.codes(w.Name, d.raw); ok {
		q, err := d.packed.matrix(w, d.raw)
		if err != nil {
			return nil, badinput.Wrap(d.where(w.Name), "", err)
		}
		return q, checkShape(d.where(w.Name), w, []int{q.Rows(), q.Cols()})
	}
	if (w.Kind == Linear || w.Kind == Scores) && quant.IsFourBit(w.Name, d.raw) {
		q, err := quant.ReadFourBit(w.Name, d.raw)
		if err != nil {
			return nil, badinput.Wrap(d.where(w.Name), "", err)
		}
		return q, checkShape(d.where(w.Name), w, []int{q.Rows(), q.Cols()})
	}
	t, ok := d.reader.Tensor(w.Name)
	if !ok {
		return nil, badinput.New(d.where(w.Name), w.Name, "no such tensor", describe(w))
	}
	if t.DType.Format() == quant.Invalid {
		return nil, badinput.New(t.File, w.Name+": dtype", string(t.DType), "floating-point weights, or 4-bit ones with a quant_state")
	}
	if err := checkShape(t.File, w, t.Shape); err != nil {
		return nil, err
	}
	return t.Matrix()
}

func (d *directory) where(name string) string {
	if t, ok := d.reader.Tensor(name); ok {
		return t.File
	}
	if codes, ok := d.packed.codes(name, d.raw); ok {
		return d.where(codes)
	}
	return d.dir
}

func (d *directory) release()     { d.reader.Release() }
func (d *directory) close() error { return d.reader.Close() }
