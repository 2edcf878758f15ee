package quantize

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// weightWriter writes the weights of a checkpoint, one shard after the other.
type weightWriter struct {
	ctx     context.Context
	src     *checkpoint.Checkpoint
	options Options
	done    int
}

// write fills dir with one file, or with shards and their index.
func (w *weightWriter) write(dir string) error {
	shards, err := w.cut()
	if err != nil {
		return err
	}
	index := struct {
		Metadata  map[string]int64  `json:"metadata"`
		WeightMap map[string]string `json:"weight_map"`
	}{map[string]int64{"total_size": 0}, map[string]string{}}
	for i, shard := range shards {
		file := safetensors.FileName
		if len(shards) > 1 {
			file = fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		}
		var tensors []safetensors.Source
		for _, weight := range shard {
			parts, err := w.tensors(weight)
			if err != nil {
				return err
			}
			tensors = append(tensors, parts...)
		}
		if err := safetensors.WriteFile(filepath.Join(dir, file), tensors, map[string]string{"format": "pt"}); err != nil {
			return err
		}
		for _, t := range tensors {
			index.WeightMap[t.Name] = file
			index.Metadata["total_size"] += size(t)
		}
	}
	if len(shards) == 1 {
		return nil
	}
	text, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(dir, safetensors.IndexName), append(text, '\n'))
}

func size(t safetensors.Source) int64 {
	n := int64(t.DType.Size())
	for _, d := range t.Shape {
		n *= int64(d)
	}
	return n
}

// cut groups the weights into shards of at most MaxShard bytes. A larger weight
// is a shard of its own.
func (w *weightWriter) cut() (shards [][]checkpoint.Weight, err error) {
	var total int64
	for i, weight := range w.src.Weights() {
		n := int64(weight.Rows) * int64(weight.Cols)
		if w.quantises(weight) {
			n = n/2 + n/16 + 4096 // an upper bound: codes, f32 scales, and what describes them
		} else {
			m, err := w.src.Matrix(weight.Name)
			if err != nil {
				return nil, err
			}
			n *= int64(w.dense(m.Format()).Size())
		}
		if i == 0 || total+n > w.options.MaxShard {
			shards, total = append(shards, nil), 0
		}
		last := len(shards) - 1
		shards[last] = append(shards[last], weight)
		total += n
	}
	return shards, nil
}

func (w *weightWriter) quantises(weight checkpoint.Weight) bool {
	return w.options.fourBit() && weight.Kind == checkpoint.Linear && weight.Name != checkpoint.HeadName
}

// dense returns the format in which a weight is written that is stored in a
// format and not quantised.
func (w *weightWriter) dense(stored quant.Format) quant.Format {
	if !w.options.fourBit() {
		return w.options.To
	}
	if w.options.Round != quant.Invalid {
		return w.options.Round
	}
	switch stored {
	case quant.BF16, quant.F16:
		return stored
	case quant.F8E4M3, quant.F8E5M2:
		return quant.BF16 // holds them exactly
	}
	return quant.F32
}

// tensors returns the tensors that a weight is written as. Those of a quantised
// weight are computed here, others while they are written.
func (w *weightWriter) tensors(weight checkpoint.Weight) ([]safetensors.Source, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	m, err := w.src.Matrix(weight.Name)
	if err != nil {
		return nil, err
	}
	if !w.quantises(weight) {
		return []safetensors.Source{w.denseTensor(weight, m)}, nil
	}
	q, err := w.quantise(weight, m)
	if err != nil {
		return nil, err
	}
	w.progress()
	var tensors []safetensors.Source
	for _, raw := range q.Tensors(weight.Name) {
		tensors = append(tensors, safetensors.Bytes(raw.Name, safetensors.DType(raw.DType), raw.Shape, raw.Data))
	}
	return tensors, nil
}

// quantise quantises a projection, or copies it if it is quantised that way
// already.
func (w *weightWriter) quantise(weight checkpoint.Weight, m quant.Matrix) (*quant.FourBit, error) {
	o := w.options
	if q, ok := m.(*quant.FourBit); ok && q.Quant == o.To && (q.Double != nil) == o.DoubleQuant && o.Round == quant.Invalid {
		return q.Clone()
	}
	q, err := quant.Quantize4Bit(w.rounded(m), quant.FourBitOptions{Quant: o.To, Double: o.DoubleQuant})
	if err != nil {
		return nil, badinput.Wrap(w.src.Path, weight.Name, err)
	}
	return q, nil
}

// denseTensor returns a tensor that converts a weight while it is written.
func (w *weightWriter) denseTensor(weight checkpoint.Weight, m quant.Matrix) safetensors.Source {
	format := w.dense(m.Format())
	shape := []int{weight.Rows, weight.Cols}
	if weight.Kind == checkpoint.Norm || weight.Kind == checkpoint.Bias {
		shape = shape[1:]
	}
	m = w.rounded(m)
	if format == quant.F16 || format == quant.BF16 {
		m = roundedMatrix{m, format}
	}
	return safetensors.Source{Name: weight.Name, DType: safetensors.DType(format.String()), Shape: shape, Write: func(out io.Writer) error {
		rows := min(max(1, chunk/weight.Cols), weight.Rows)
		numbers := make([]float32, rows*weight.Cols)
		data := make([]byte, len(numbers)*format.Size())
		for from := 0; from < weight.Rows; from += rows {
			if err := w.ctx.Err(); err != nil {
				return err
			}
			n := min(rows, weight.Rows-from) * weight.Cols
			if err := m.ReadRows(numbers[:n], from); err != nil {
				return badinput.Wrap(w.src.Path, weight.Name, err)
			}
			quant.Encode(format, data[:n*format.Size()], numbers[:n])
			if _, err := out.Write(data[:n*format.Size()]); err != nil {
				return err
			}
		}
		w.progress()
		return nil
	}}
}

// chunk bounds how many numbers of a dense weight are held at a time, but for one
// row.
const chunk = 1 << 18

func (w *weightWriter) progress() {
	w.done++
	if w.options.Progress != nil {
		w.options.Progress(w.done, len(w.src.Weights()))
	}
}

// rounded returns m with its numbers rounded as Options.Round says.
func (w *weightWriter) rounded(m quant.Matrix) quant.Matrix {
	if w.options.Round == quant.Invalid {
		return m
	}
	return roundedMatrix{m, w.options.Round}
}

// roundedMatrix is a matrix whose numbers are rounded when they are read. Numbers that
// the format has no room for are an error.
type roundedMatrix struct {
	quant.Matrix
	to quant.Format
}

// ReadRows implements quant.Matrix.
func (r roundedMatrix) ReadRows(dst []float32, from int) error {
	if err := r.Matrix.ReadRows(dst, from); err != nil {
		return err
	}
	quant.Round(r.to, dst)
	for i, v := range dst {
		if math.IsInf(float64(v), 0) { // the weight itself is finite, or could not have been read
			return badinput.New("", "", fmt.Sprintf("a number in row %d that %s has no room for", from+i/r.Cols(), r.to), "another format: bf16 or f32")
		}
	}
	return nil
}
