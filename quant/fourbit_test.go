package quant_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// goldenCase is a file of goldens/nf4: a weight, and what bitsandbytes made of it.
type goldenCase struct {
	name    string
	tensors map[string]safetensors.Tensor
	options quant.FourBitOptions
	shape   []int
}

func goldenCases(t *testing.T) []goldenCase {
	paths, err := filepath.Glob(golden.Path(t, "nf4") + "/*.safetensors")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var cases []goldenCase
	for _, path := range paths {
		r, err := safetensors.Open(path)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, r.Close()) })
		c := goldenCase{name: filepath.Base(path), tensors: map[string]safetensors.Tensor{}}
		for _, name := range r.Names() {
			c.tensors[name], _ = r.Tensor(name)
		}
		require.NoError(t, json.Unmarshal([]byte(r.Metadata()["shape"]), &c.shape))
		c.options.Quant = quant.NF4
		if strings.Contains(c.name, "fp4") {
			c.options.Quant = quant.FP4
		}
		c.options.Double = strings.Contains(c.name, "double")
		c.options.State = c.tensors["weight"].DType.Format()
		cases = append(cases, c)
	}
	return cases
}

func floats(t *testing.T, tensor safetensors.Tensor) []float32 {
	m, err := tensor.Matrix()
	require.NoError(t, err)
	v, err := quant.ReadAll(m)
	require.NoError(t, err)
	return v
}

// fromGolden is the FourBit of the golden's own fields.
func (c *goldenCase) fromGolden(t *testing.T) *quant.FourBit {
	q := &quant.FourBit{
		NumRows: c.shape[0], NumCols: c.shape[1], Quant: c.options.Quant, BlockSize: 64,
		Packed: c.tensors["packed"].Data, State: c.options.State,
	}
	copy(q.Code[:], floats(t, c.tensors["code"]))
	if !c.options.Double {
		q.Absmax = floats(t, c.tensors["absmax"])
		return q
	}
	q.Double = &quant.DoubleQuant{
		AbsmaxCodes: c.tensors["absmax_u8"].Data,
		Absmax:      floats(t, c.tensors["nested_absmax"]),
		Offset:      floats(t, c.tensors["offset"])[0],
		BlockSize:   256,
	}
	copy(q.Double.Code[:], floats(t, c.tensors["nested_code"]))
	return q
}

func TestGoldenDequantisation(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			q := c.fromGolden(t)
			require.NoError(t, q.Check())
			want := floats(t, c.tensors["dequantized"])
			got, err := quant.ReadAll(q)
			require.NoError(t, err)
			require.Equal(t, want, got)
			// The same by rows, which begin inside blocks and bytes.
			row := make([]float32, q.Cols())
			for i := range q.Rows() {
				require.NoError(t, q.ReadRows(row, i))
				require.Equal(t, want[i*len(row):(i+1)*len(row)], row)
			}
		})
	}
}

func TestGoldenQuantisation(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			want := c.fromGolden(t)
			if want.Double != nil {
				c.options.Offset = &want.Double.Offset
			}
			weight, err := c.tensors["weight"].Matrix()
			require.NoError(t, err)
			got, err := quant.Quantize4Bit(weight, c.options)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

// The mean that double quantisation subtracts is torch's but for the last bits.
func TestOffset(t *testing.T) {
	for _, c := range goldenCases(t) {
		if !c.options.Double {
			continue
		}
		weight, err := c.tensors["weight"].Matrix()
		require.NoError(t, err)
		got, err := quant.Quantize4Bit(weight, c.options)
		require.NoError(t, err)
		require.InEpsilon(t, 1+floats(t, c.tensors["offset"])[0], 1+got.Double.Offset, 1e-6, c.name)
	}
}

// rawGetter reads raw tensors of an opened checkpoint.
func rawGetter(r *safetensors.Reader) func(string) (quant.Raw, bool) {
	return func(name string) (quant.Raw, bool) {
		t, ok := r.Tensor(name)
		return quant.Raw{Name: name, DType: string(t.DType), Shape: t.Shape, Data: t.Data}, ok
	}
}

// A checkpoint that transformers saved is read, and what is written of it is
// byte for byte what was there.
func TestCheckpointRoundTrip(t *testing.T) {
	for _, dir := range []string{"tiny-llama-nf4", "tiny-llama-nf4-bf16"} {
		r, err := safetensors.Open(golden.Path(t, dir))
		require.NoError(t, err)
		defer func() { require.NoError(t, r.Close()) }()
		get := rawGetter(r)
		weights := 0
		for _, name := range r.Names() {
			if !quant.IsFourBit(name, get) {
				continue
			}
			weights++
			q, err := quant.ReadFourBit(name, get)
			require.NoError(t, err)
			require.Equal(t, quant.NF4, q.Format())
			for _, got := range q.Tensors(name) {
				want, ok := get(got.Name)
				require.True(t, ok, got.Name)
				require.Equal(t, string(want.Data), string(got.Data), got.Name)
				require.Equal(t, want, got)
			}
		}
		require.Equal(t, 21, weights, dir)
	}
}

func TestFourBitInAFileThatShrinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows refuses to shorten a mapped file")
	}
	q, err := quant.Quantize4Bit(quant.NewF32(64, 512, make([]float32, 64*512)), quant.FourBitOptions{})
	require.NoError(t, err)
	var sources []safetensors.Source
	for _, raw := range q.Tensors("w") {
		sources = append(sources, safetensors.Bytes(raw.Name, safetensors.DType(raw.DType), raw.Shape, raw.Data))
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	require.NoError(t, safetensors.WriteFile(path, sources, nil))
	r, err := safetensors.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	q, err = quant.ReadFourBit("w", rawGetter(r))
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, 16))
	var bad *badinput.Error
	require.ErrorAs(t, q.ReadRows(make([]float32, 512), 63), &bad)
	block := q.Codes().Block
	require.ErrorAs(t, q.CodeRows(make([]byte, 512/2), make([]float32, 512/block), nil, 63), &bad)
	_, err = q.Clone()
	require.ErrorAs(t, err, &bad)
	_, err = quant.ReadFourBit("w", rawGetter(r))
	require.ErrorAs(t, err, &bad)
}

// Quantising is the same whatever the parts in which it is done, and reading
// comes out on the grid: quantising again changes nothing.
func TestOddShapesAndBlockSizes(t *testing.T) {
	for _, shape := range [][2]int{{1, 1}, {1, 63}, {3, 65}, {129, 1031}, {5, 70001}, {2000, 96}} {
		rows, cols := shape[0], shape[1]
		v := make([]float32, rows*cols)
		state := uint32(1)
		for i := range v {
			state = state*1664525 + 1013904223
			v[i] = (float32(state>>8)/(1<<23) - 1) * float32(1+i%7)
		}
		for _, size := range []int{32, 64, 4096} {
			t.Run(fmt.Sprintf("%dx%d/%d", rows, cols, size), func(t *testing.T) {
				q, err := quant.Quantize4Bit(quant.NewF32(rows, cols, v), quant.FourBitOptions{BlockSize: size})
				require.NoError(t, err)
				require.NoError(t, q.Check())
				w, err := quant.ReadAll(q)
				require.NoError(t, err)
				for i := range w {
					if d := w[i] - v[i]; d > 1.1 || d < -1.1 { // half the widest gap, of 7
						t.Fatalf("weight %d: %v became %v", i, v[i], w[i])
					}
				}
				again, err := quant.Quantize4Bit(quant.NewF32(rows, cols, w), quant.FourBitOptions{BlockSize: size})
				require.NoError(t, err)
				require.Equal(t, q, again)
			})
		}
	}
}

func BenchmarkQuantize4Bit(b *testing.B) {
	const rows, cols = 1024, 2048
	v := make([]float32, rows*cols)
	for i := range v {
		v[i] = float32(i%1001)/500 - 1
	}
	m := quant.NewF32(rows, cols, v)
	b.SetBytes(4 * rows * cols)
	for b.Loop() {
		if _, err := quant.Quantize4Bit(m, quant.FourBitOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadFourBit(b *testing.B) {
	const rows, cols = 1024, 2048
	v := make([]float32, rows*cols)
	for i := range v {
		v[i] = float32(i%1001)/500 - 1
	}
	for _, state := range []quant.Format{quant.F32, quant.BF16, quant.F16} {
		q, err := quant.Quantize4Bit(quant.NewF32(rows, cols, v), quant.FourBitOptions{State: state})
		require.NoError(b, err)
		b.Run(state.String(), func(b *testing.B) {
			b.SetBytes(4 * rows * cols)
			for b.Loop() {
				if err := q.ReadRows(v, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
