package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// directory is a checkpoint in the layout of the Hugging Face hub.
type directory struct {
	dir    string
	reader *safetensors.Reader
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
	reader, err := safetensors.Open(dir)
	if err != nil {
		return err
	}
	c.source = &directory{dir, reader}
	c.text = newText(dir, directoryText{dir})
	return nil
}

// fourBitParts are the endings of the tensors that a 4-bit weight has beside its
// packed numbers.
var fourBitParts = []string{".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map",
	".quant_state.bitsandbytes__nf4", ".quant_state.bitsandbytes__fp4"}

// names implements source. It also leaves out the rotary frequencies that old
// versions of transformers saved in every layer.
func (d *directory) names() []string {
	var names []string
	for _, name := range d.reader.Names() {
		if !strings.HasSuffix(name, ".rotary_emb.inv_freq") && !d.isPart(name) {
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
	return d.dir
}

func (d *directory) release()     { d.reader.Release() }
func (d *directory) close() error { return d.reader.Close() }
