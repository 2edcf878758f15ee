package quantize

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/labels"
	"github.com/medner/medner/internal/mmap"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
)

// Options say what to write. The zero value is NF4 with plain scales.
type Options struct {
	// To is the format to write: NF4 (the default) or FP4 for projections, while
	// the other weights keep their numbers; F32, BF16 or F16 for every weight.
	To quant.Format
	// DoubleQuant holds the scales of NF4 and FP4 in 8 bits.
	DoubleQuant bool
	// Round, BF16 or F16, rounds every weight to that format first, as if the
	// source were a checkpoint of it.
	Round quant.Format
	// MaxShard bounds the bytes of an output file, and so the memory that
	// quantised weights take; 0: 1 GiB.
	MaxShard int64
	// Progress, if not nil, is called after each weight with the number of weights
	// written so far, and the number of all weights.
	Progress func(done, total int)
}

func (o Options) withDefaults() (Options, error) {
	if o.To == quant.Invalid {
		o.To = quant.NF4
	}
	if !slices.Contains([]quant.Format{quant.NF4, quant.FP4, quant.F32, quant.BF16, quant.F16}, o.To) {
		return o, badinput.New("", "format to write", o.To.String(), "NF4, FP4, F32, BF16 or F16")
	}
	if o.DoubleQuant && !o.fourBit() {
		return o, badinput.New("", "double quantisation", o.To.String(), "NF4 or FP4")
	}
	if !slices.Contains([]quant.Format{quant.Invalid, quant.BF16, quant.F16}, o.Round) {
		return o, badinput.New("", "format to round to", o.Round.String(), "BF16 or F16")
	}
	if o.MaxShard == 0 {
		o.MaxShard = 1 << 30
	}
	return o, nil
}

func (o Options) fourBit() bool { return o.To == quant.NF4 || o.To == quant.FP4 }

// Convert writes src into the directory dst, which must be empty or not exist. dst
// appears whole or not at all.
func Convert(ctx context.Context, src *checkpoint.Checkpoint, dst string, o Options) (err error) {
	if o, err = o.withDefaults(); err != nil {
		return err
	}
	if src.Config.Rope.Factors != nil {
		return badinput.New(src.Path, "rope_freqs.weight", "factors of an unknown scaling", "a scaling that config.json can name")
	}
	if err := atomicfile.Apart([]string{dst}, src.Path); err != nil {
		return err
	}
	dir, err := atomicfile.CreateDir(dst)
	if err != nil {
		return err
	}
	w := &weightWriter{ctx: ctx, src: src, options: o}
	// Weights are read from mapped files, which another process may shorten.
	err = mmap.Guard(func() error {
		if err := w.writeFiles(dir.Path); err != nil {
			return err
		}
		return w.write(dir.Path)
	})
	if err != nil {
		_ = dir.Discard() // the first error says more
		return named(src.Path, err)
	}
	return dir.Commit()
}

// named returns err with the name of the file in it where a fault of mapped memory
// has none.
func named(path string, err error) error {
	var bad *badinput.Error
	if errors.As(err, &bad) && bad.File == "" {
		return badinput.Wrap(path, "", err)
	}
	return err
}

// unquantised returns the names of the heads, which keep their numbers. transformers
// quantises every linear map that such a list doesn't name.
func unquantised(src *checkpoint.Checkpoint) []string {
	names := []string{"lm_head"}
	for _, weight := range src.Weights() {
		if weight.Kind == checkpoint.Scores {
			names = append(names, labels.HeadModules...)
		}
	}
	return names
}

// configJSON returns src's config.json with what the conversion changes. dense is
// the format of the embeddings.
func configJSON(src *checkpoint.Checkpoint, o Options, dense quant.Format) ([]byte, error) {
	var config map[string]any
	decoder := json.NewDecoder(bytes.NewReader(src.ConfigJSON))
	decoder.UseNumber()
	if err := decoder.Decode(&config); err != nil {
		return nil, badinput.Wrap(src.Path, "config.json", err)
	}
	config["tie_word_embeddings"] = src.Config.TieWordEmbeddings
	delete(config, "quantization_config")
	delete(config, "compression_config")
	if o.fourBit() {
		kind := map[quant.Format]string{quant.NF4: "nf4", quant.FP4: "fp4"}[o.To]
		config["quantization_config"] = map[string]any{
			"quant_method": "bitsandbytes", "load_in_4bit": true, "load_in_8bit": false,
			"bnb_4bit_quant_type": kind, "bnb_4bit_use_double_quant": o.DoubleQuant,
			"bnb_4bit_compute_dtype": "float32", "bnb_4bit_quant_storage": "uint8",
			"llm_int8_skip_modules": unquantised(src),
		}
	}
	// transformers reads torch_dtype before version 4.56 and dtype since.
	dtype := map[quant.Format]string{quant.F32: "float32", quant.BF16: "bfloat16", quant.F16: "float16"}[dense]
	config["dtype"], config["torch_dtype"] = dtype, dtype
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write config.json: %w", err)
	}
	return append(text, '\n'), nil
}

// writeFiles writes the files of the model that hold no weights.
func (w *weightWriter) writeFiles(dir string) error {
	files, err := w.src.Text().Files()
	if err != nil {
		return err
	}
	embeddings, err := w.src.Matrix(checkpoint.EmbeddingName)
	if err != nil {
		return err
	}
	if files["config.json"], err = configJSON(w.src, w.options, w.dense(embeddings.Format())); err != nil {
		return err
	}
	for name, data := range files {
		if err := atomicfile.WriteBytes(filepath.Join(dir, name), data); err != nil {
			return err
		}
	}
	return nil
}
