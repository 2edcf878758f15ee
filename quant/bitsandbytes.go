package quant

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/mmap"
)

// Raw is a tensor as a checkpoint holds it.
type Raw struct {
	Name  string
	DType string // as safetensors names it: "F32", "U8"
	Shape []int
	Data  []byte // row-major, little-endian
}

// The suffixes under which bitsandbytes keeps the parts of a 4-bit weight.
const (
	absmaxSuffix       = ".absmax"
	quantMapSuffix     = ".quant_map"
	nestedAbsmaxSuffix = ".nested_absmax"
	nestedMapSuffix    = ".nested_quant_map"
	quantStateSuffix   = ".quant_state.bitsandbytes__"
)

// quantState is the JSON of a quant_state tensor.
type quantState struct {
	QuantType       string   `json:"quant_type"`
	BlockSize       int      `json:"blocksize"`
	DType           string   `json:"dtype"`
	Shape           []int    `json:"shape"`
	NestedBlockSize *int     `json:"nested_blocksize"`
	NestedDType     *string  `json:"nested_dtype"`
	NestedOffset    *float64 `json:"nested_offset"`
}

// maxQuantState bounds the bytes of a quant_state, which are 150 or so of JSON.
const maxQuantState = 1 << 16

// IsFourBit says whether a checkpoint holds the weight called name in the NF4 or
// FP4 of bitsandbytes. get returns a tensor of the checkpoint by name, and false
// where there is none.
func IsFourBit(name string, get func(name string) (Raw, bool)) bool {
	_, _, ok := stateTensor(name, get)
	return ok
}

// stateTensor returns the quant_state of a weight, and the format in its name.
func stateTensor(name string, get func(string) (Raw, bool)) (Raw, Format, bool) {
	for _, f := range []Format{NF4, FP4} {
		if t, ok := get(name + quantStateSuffix + strings.ToLower(f.String())); ok {
			return t, f, true
		}
	}
	return Raw{}, Invalid, false
}

// ReadFourBit makes a 4-bit weight of the tensors that bitsandbytes saves for it:
// the codes under name itself (say, "model.layers.0.mlp.up_proj.weight"), scales
// and codebooks under name with suffixes, and quant_state, a JSON object. It views
// the bytes that get returns where it can. Errors are of type *badinput.Error and
// name the tensor; the caller knows the file.
func ReadFourBit(name string, get func(name string) (Raw, bool)) (*FourBit, error) {
	r := fourBitReader{name: name, get: get}
	var q *FourBit
	err := mmap.Guard(func() (err error) {
		if q, err = r.read(); err != nil {
			return err
		}
		return q.Check()
	})
	if err != nil {
		return nil, badinput.Wrap("", name, err)
	}
	return q, nil
}

type fourBitReader struct {
	name string
	get  func(string) (Raw, bool)
}

func (r *fourBitReader) read() (*FourBit, error) {
	packed, err := r.tensor("")
	if err != nil {
		return nil, err
	}
	state, format, err := r.state()
	if err != nil {
		return nil, err
	}
	q := &FourBit{
		NumRows: state.Shape[0], NumCols: state.Shape[1], Quant: format, BlockSize: state.BlockSize,
		Packed: packed.Data, Code: codeOf(format),
	}
	q.State = map[string]Format{"float32": F32, "bfloat16": BF16, "float16": F16}[state.DType]
	if q.State == Invalid {
		return nil, badinput.New("", "quant_state: dtype", strconv.Quote(clip.Text(state.DType)), "float32, bfloat16 or float16")
	}
	if err := r.checkMap(format); err != nil {
		return nil, err
	}
	absmax, err := r.tensor(absmaxSuffix)
	if err != nil {
		return nil, err
	}
	if state.NestedBlockSize == nil && state.NestedOffset == nil {
		q.Absmax, err = floats(absmaxSuffix[1:], absmax)
		return q, err
	}
	q.Double, err = r.double(absmax, state)
	return q, err
}

// state reads the quant_state and checks that its shape has two dimensions.
func (r *fourBitReader) state() (*quantState, Format, error) {
	raw, format, ok := stateTensor(r.name, r.get)
	if !ok {
		return nil, Invalid, badinput.New("", "quant_state", "none", "a tensor "+r.name+quantStateSuffix+"nf4 or …fp4")
	}
	if len(raw.Data) > maxQuantState {
		return nil, Invalid, badinput.New("", "quant_state", fmt.Sprintf("%d bytes", len(raw.Data)), "a JSON object")
	}
	s := &quantState{}
	if err := json.Unmarshal(raw.Data, s); err != nil {
		return nil, Invalid, badinput.Wrap("", "quant_state", err)
	}
	if want := strings.ToLower(format.String()); s.QuantType != want {
		return nil, Invalid, badinput.New("", "quant_state: quant_type", strconv.Quote(clip.Text(s.QuantType)), want)
	}
	if len(s.Shape) != 2 {
		return nil, Invalid, badinput.New("", "quant_state: shape", fmt.Sprint(s.Shape), "two dimensions")
	}
	return s, format, nil
}

// checkMap compares the saved codebook with the format's own: bitsandbytes saves
// one but computes with its own.
func (r *fourBitReader) checkMap(format Format) error {
	raw, err := r.tensor(quantMapSuffix)
	if err != nil {
		return err
	}
	found, err := floats("quant_map", raw)
	if err != nil {
		return err
	}
	if err := checkLen("quant_map", len(found), 16); err != nil {
		return err
	}
	for i, want := range codeOf(format) {
		if !(math.Abs(float64(found[i]-want)) <= 1e-5) {
			return badinput.New("", fmt.Sprintf("quant_map: entry %d", i), fmt.Sprint(found[i]), fmt.Sprintf("%v of %s", want, format))
		}
	}
	return nil
}

// double reads the scales of double quantisation.
func (r *fourBitReader) double(codes Raw, s *quantState) (*DoubleQuant, error) {
	if codes.DType != "U8" {
		return nil, badinput.New("", "absmax: dtype", codes.DType, "U8 for double quantisation")
	}
	switch {
	case s.NestedBlockSize == nil:
		return nil, badinput.New("", "quant_state: nested_blocksize", "none", "a number")
	case s.NestedOffset == nil:
		return nil, badinput.New("", "quant_state: nested_offset", "none", "a number")
	}
	if s.NestedDType != nil && *s.NestedDType != "float32" {
		return nil, badinput.New("", "quant_state: nested_dtype", clip.Text(*s.NestedDType), "float32")
	}
	d := &DoubleQuant{AbsmaxCodes: codes.Data, Offset: float32(*s.NestedOffset), BlockSize: *s.NestedBlockSize}
	raw, err := r.tensor(nestedAbsmaxSuffix)
	if err != nil {
		return nil, err
	}
	if d.Absmax, err = floats("nested_absmax", raw); err != nil {
		return nil, err
	}
	if raw, err = r.tensor(nestedMapSuffix); err != nil {
		return nil, err
	}
	code, err := floats("nested_quant_map", raw)
	if err != nil {
		return nil, err
	}
	if err := checkLen("nested_quant_map", len(code), len(d.Code)); err != nil {
		return nil, err
	}
	copy(d.Code[:], code)
	return d, nil
}

// tensor returns the tensor under the weight's name with a suffix.
func (r *fourBitReader) tensor(suffix string) (Raw, error) {
	raw, ok := r.get(r.name + suffix)
	if !ok {
		return raw, badinput.New("", "", "no such tensor", r.name+suffix)
	}
	return raw, nil
}

// floats returns the numbers of a tensor: a view if it is an aligned F32, a copy
// if it is F16 or BF16.
func floats(field string, raw Raw) ([]float32, error) {
	format := map[string]Format{"F32": F32, "F16": F16, "BF16": BF16}[raw.DType]
	if format == Invalid {
		return nil, badinput.New("", field+": dtype", raw.DType, "F32, BF16 or F16")
	}
	n := len(raw.Data) / format.Size()
	if first := unsafe.Pointer(unsafe.SliceData(raw.Data)); format == F32 && littleEndian && uintptr(first)%4 == 0 {
		return unsafe.Slice((*float32)(first), n), nil
	}
	m, err := NewDense(format, 1, n, raw.Data)
	if err != nil {
		return nil, badinput.Wrap("", field, err)
	}
	return ReadAll(m)
}

// Tensors returns the tensors that bitsandbytes saves for the weight, from which
// transformers loads it, under name and name with suffixes. They share the
// slices of q.
func (q *FourBit) Tensors(name string) []Raw {
	suffix := strings.ToLower(q.Quant.String())
	tensors := []Raw{
		{name, "U8", []int{len(q.Packed), 1}, q.Packed},
		float32Tensor(name+quantMapSuffix, q.Code[:]),
	}
	// The layout of Python's json.dumps, so that the bytes are the same too.
	dtype := map[Format]string{F32: "float32", BF16: "bfloat16", F16: "float16"}[q.State]
	state := fmt.Sprintf(`{"quant_type": %q, "blocksize": %d, "dtype": %q, "shape": [%d, %d]`,
		suffix, q.BlockSize, dtype, q.NumRows, q.NumCols)
	if d := q.Double; d != nil {
		tensors = append(tensors,
			Raw{name + absmaxSuffix, "U8", []int{len(d.AbsmaxCodes)}, d.AbsmaxCodes},
			float32Tensor(name+nestedAbsmaxSuffix, d.Absmax),
			float32Tensor(name+nestedMapSuffix, d.Code[:]))
		state += fmt.Sprintf(`, "nested_blocksize": %d, "nested_dtype": "float32", "nested_offset": %s`,
			d.BlockSize, pythonFloat(float64(d.Offset)))
	} else {
		tensors = append(tensors, float32Tensor(name+absmaxSuffix, q.Absmax))
	}
	state += "}"
	return append(tensors, Raw{name + quantStateSuffix + suffix, "U8", []int{len(state)}, []byte(state)})
}

func float32Tensor(name string, v []float32) Raw {
	return Raw{name, "F32", []int{len(v)}, float32Bytes(v)}
}

// pythonFloat returns repr(v) as Python has it, of a finite v.
func pythonFloat(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
