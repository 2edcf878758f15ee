package verify

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/lora"
	"github.com/medner/medner/model"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// fourBit checks nf4/*.safetensors, each of which holds a weight, what
// bitsandbytes packed it into, and what it read back: all must be bit-equal.
func (r *run) fourBit() error {
	files, err := filepath.Glob(r.path("nf4", "*.safetensors"))
	if err != nil {
		return err
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".safetensors")
		tensors, err := safetensors.Open(file)
		if err != nil {
			return err
		}
		difference, err := fourBitDifference(name, tensors)
		_ = tensors.Close()
		if err != nil {
			return err
		}
		r.verdict("4-bit "+name, difference)
	}
	return nil
}

func fourBitDifference(name string, file *safetensors.Reader) (string, error) {
	weight, err := matrix(file, "weight")
	if err != nil {
		return "", err
	}
	dequantized, err := matrix(file, "dequantized")
	if err != nil {
		return "", err
	}
	blockSize, err := strconv.Atoi(file.Metadata()["blocksize"])
	if err != nil {
		return "", badinput.New(file.Path(), "metadata blocksize", file.Metadata()["blocksize"], "a number")
	}
	o := quant.FourBitOptions{Quant: quant.NF4, BlockSize: blockSize, State: dequantized.Format()}
	if strings.Contains(name, "fp4") {
		o.Quant = quant.FP4
	}
	if offset, ok := file.Tensor("offset"); ok {
		o.Double = true
		v := float32s(offset.Data)[0]
		o.Offset = &v
	}
	q, err := quant.Quantize4Bit(weight, o)
	if err != nil {
		return "", err
	}
	for part, got := range parts(q) {
		want, ok := file.Tensor(part)
		if !ok {
			return "", badinput.New(file.Path(), part, "no such tensor", "it")
		}
		if !bytes.Equal(got, want.Data) {
			return part + " differs", nil
		}
	}
	got, err := quant.ReadAll(q)
	if err != nil {
		return "", err
	}
	want, err := quant.ReadAll(dequantized)
	if err != nil {
		return "", err
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && got[i] != want[i] {
			return fmt.Sprintf("dequantized[%d] is %g, expected %g", i, got[i], want[i]), nil
		}
	}
	return "", nil
}

// parts returns the bytes of a packed weight, by the names of the tensors that
// hold them in a golden file.
func parts(q *quant.FourBit) map[string][]byte {
	p := map[string][]byte{"packed": q.Packed}
	if q.Double == nil {
		p["absmax"] = bytesOf(q.Absmax)
		return p
	}
	p["absmax_u8"] = q.Double.AbsmaxCodes
	p["nested_absmax"] = bytesOf(q.Double.Absmax)
	return p
}

// merges checks adapters/*/merged-expected.safetensors.
func (r *run) merges() error {
	files, err := filepath.Glob(r.path("adapters", "*", "merged-expected.safetensors"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := r.merge(filepath.Dir(file), file); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) merge(dir, file string) error {
	name := "merge " + filepath.Base(dir)
	adapter, err := lora.Open(dir)
	if err != nil {
		return err
	}
	defer adapter.Close()
	base := adapter.Config.BaseModel
	if !r.hasWeights(base) {
		r.skip(name, "no weights of "+base+" here")
		return nil
	}
	files, err := checkpoint.Open(r.path(base))
	if err != nil {
		return err
	}
	defer files.Close()
	expected, err := safetensors.Open(file)
	if err != nil {
		return err
	}
	defer expected.Close()
	plan, err := adapter.Resolve(model.Modules(files.Config), files.Config.TieWordEmbeddings)
	if err != nil {
		return err
	}
	for _, tensor := range expected.Names() {
		difference, err := mergeDifference(plan, files, expected, tensor)
		if err != nil {
			return err
		}
		r.verdict(name+" "+tensor, difference)
	}
	return nil
}

func mergeDifference(plan *lora.Plan, files *checkpoint.Checkpoint, expected *safetensors.Reader, tensor string) (string, error) {
	want, err := matrix(expected, tensor)
	if err != nil {
		return "", err
	}
	got, err := files.Matrix(tensor)
	if err != nil {
		return "", err
	}
	if d := plan.Delta(strings.TrimSuffix(tensor, ".weight")); d != nil && strings.HasSuffix(tensor, ".weight") {
		if got, err = d.Merge(got); err != nil {
			return "", err
		}
	}
	x, err := quant.ReadAll(got)
	if err != nil {
		return "", err
	}
	y, err := quant.ReadAll(want)
	if err != nil {
		return "", err
	}
	if len(x) != len(y) {
		return fmt.Sprintf("%d numbers, expected %d", len(x), len(y)), nil
	}
	for i := range y {
		if d := math.Abs(float64(x[i]) - float64(y[i])); !(d <= MergeTolerance) {
			return fmt.Sprintf("number %d is %g, expected %g", i, x[i], y[i]), nil
		}
	}
	return "", nil
}

func matrix(file *safetensors.Reader, name string) (quant.Matrix, error) {
	t, ok := file.Tensor(name)
	if !ok {
		return nil, badinput.New(file.Path(), name, "no such tensor", "it")
	}
	return t.Matrix()
}

func float32s(data []byte) []float32 {
	v := make([]float32, len(data)/4)
	quant.Decode(quant.F32, v, data)
	return v
}

func bytesOf(v []float32) []byte {
	b := make([]byte, 4*len(v))
	quant.Encode(quant.F32, b, v)
	return b
}
