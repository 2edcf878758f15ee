package gpukernels

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
)

// rows is a matrix in memory.
type rows struct {
	cols int
	data []float32
}

func (m rows) ReadRows(dst []float32, from int) error {
	copy(dst, m.data[from*m.cols:])
	return nil
}

// form is a way to hold weights: a format, the rounding of 4-bit weights, and of U4 the
// codes of a group (-1: all of a row) and the format of scales.
type form struct {
	format, round kernels.Format
	group         int
	scale         kernels.Format
}

var forms = []form{
	{format: kernels.F32}, {format: kernels.BF16}, {format: kernels.F16}, {format: kernels.Int8},
	{format: kernels.NF4, round: kernels.F32}, {format: kernels.NF4, round: kernels.BF16}, {format: kernels.NF4, round: kernels.F16},
	{format: kernels.FP4, round: kernels.F32},
	{format: kernels.U4, group: 128, scale: kernels.F16}, {format: kernels.U4, group: 32, scale: kernels.BF16},
	{format: kernels.U4, group: -1, scale: kernels.F16},
}

func (f form) String() string {
	if f.format == kernels.U4 {
		return fmt.Sprintf("u4 in groups of %d, scales of %s", f.group, f.scale)
	}
	if f.format >= kernels.NF4 {
		return f.format.String() + " " + f.round.String()
	}
	return f.format.String()
}

// matrix is a matrix of random weights in three forms: packed for the device, packed
// for the CPU, and dequantised.
type matrix struct {
	*Packer
	cpu   *kernels.Weights
	dense []float32
}

var nf4 = [16]float32{
	-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
	0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
}

func newMatrix(t testing.TB, r *rand.Rand, f form, n, cols int) *matrix {
	t.Helper()
	pool := kernels.NewPool(1)
	defer pool.Close()
	m := &matrix{}
	var err error
	switch f.format {
	case kernels.NF4, kernels.FP4, kernels.U4:
		m.Packer, m.cpu, m.dense = fourBit(t, pool, r, f, n, cols)
		return m
	case kernels.Int8:
		reader := kernels.QuantizeInt8(cols, rows{cols, random(r, n*cols)})
		codes, scales := make([]int8, n*cols), make([]float32, n*((cols+31)/32))
		must(t, reader.Int8Rows(codes, scales, 0))
		for i, c := range codes {
			m.dense = append(m.dense, float32(c)*scales[i/cols*((cols+31)/32)+i%cols/32])
		}
		m.Packer, err = Int8(n, cols, reader)
		must(t, err)
		m.cpu, err = kernels.PackInt8(pool, n, cols, reader)
	default:
		m.dense = random(r, n*cols)
		for i, v := range m.dense {
			m.dense[i] = roundTo(f.format, v)
		}
		m.Packer, err = Dense(f.format, n, cols, rows{cols, m.dense})
		must(t, err)
		m.cpu, err = kernels.PackDense(pool, f.format, n, cols, rows{cols, m.dense})
	}
	must(t, err)
	return m
}

// roundTo rounds by package quant, whose code is independent of the kernels'.
func roundTo(f kernels.Format, v float32) float32 {
	x := []float32{v}
	quant.Round(map[kernels.Format]quant.Format{kernels.F32: quant.F32, kernels.BF16: quant.BF16, kernels.F16: quant.F16}[f], x)
	return x[0]
}

// upload packs a matrix in pieces of three tiles and copies it to the device.
func upload(d *device, p *Packer) *Weights {
	d.t.Helper()
	w := &Weights{Layout: p.Layout, Data: alloc[byte](d, int(p.Bytes()))}
	buffer := make([]byte, 3*p.TileBytes())
	for first := 0; first < p.Tiles(); first += 3 {
		part := buffer[:min(3, p.Tiles()-first)*p.TileBytes()]
		must(d.t, p.Pack(part, first))
		must(d.t, d.CopyToDevice(w.Data+driverPtr(first*p.TileBytes()), part, 0))
	}
	return w
}

// dequantised returns a whole matrix, read by Embed.
func dequantised(d *device, k *Kernels, w *Weights) []float32 {
	ids := make([]int32, w.Rows)
	for i := range ids {
		ids[i] = int32(i)
	}
	out := alloc[float32](d, w.Rows*w.Cols)
	must(d.t, k.Embed(0, out, alloc(d, 0, ids...), Rows{Most: w.Rows}, w, Under{}))
	return fetch[float32](d, out, w.Rows*w.Cols)
}

func TestEmbed(t *testing.T) { eachDevice(t, testEmbed) }

func testEmbed(t *testing.T, d *device) {
	k, r := load(d, F32), rand.New(rand.NewPCG(2, 1))
	for _, f := range forms {
		for _, shape := range [][2]int{{16, 64}, {37, 576}, {5, 130}, {1, 8}} {
			m := newMatrix(t, r, f, shape[0], shape[1])
			sameBits(t, f.String(), dequantised(d, k, upload(d, m.Packer)), m.dense)
		}
	}
	// Rows of another adapter, and rows past the count, stay NaN.
	m := newMatrix(t, r, forms[1], 20, 64)
	out, ids := alloc[float32](d, 4*64), alloc[int32](d, 0, 3, 7, 3, 19)
	under := Under{Adapters: alloc[int32](d, 0, -1, 0, -1, -1), Adapter: -1}
	must(t, k.Embed(0, out, ids, Rows{Most: 4, Count: alloc[int32](d, 0, 3)}, upload(d, m.Packer), under))
	got := fetch[float32](d, out, 4*64)
	sameBits(t, "row 0", got[:64], m.dense[3*64:4*64])
	sameBits(t, "row 2", got[128:192], m.dense[3*64:4*64])
	for i := range 64 {
		if !math.IsNaN(float64(got[64+i])) || !math.IsNaN(float64(got[192+i])) {
			t.Fatal("a row of another adapter, or past the count, was written")
		}
	}
}

// TestGoldens compares dequantised NF4 and FP4 weights with those of bitsandbytes.
func TestGoldens(t *testing.T) { eachDevice(t, testGoldens) }

func testGoldens(t *testing.T, d *device) {
	k := load(d, F32)
	paths, err := filepath.Glob(golden.Path(t, "nf4") + "/*.safetensors")
	must(t, err)
	if len(paths) == 0 {
		t.Fatal("no goldens")
	}
	for _, path := range paths {
		file, err := safetensors.Open(path)
		must(t, err)
		read := func(name string) []float32 {
			tensor, ok := file.Tensor(name)
			if !ok {
				t.Fatalf("%s: no %s", path, name)
			}
			m, err := tensor.Matrix()
			must(t, err)
			v, err := quant.ReadAll(m)
			must(t, err)
			return v
		}
		raw := func(name string) []byte { tensor, _ := file.Tensor(name); return tensor.Data }
		name := filepath.Base(path)
		var shape []int
		must(t, json.Unmarshal([]byte(file.Metadata()["shape"]), &shape))
		weight, _ := file.Tensor("weight")
		q := quant.FourBit{
			NumRows: shape[0], NumCols: shape[1], Quant: quant.NF4, BlockSize: 64, Packed: raw("packed"),
			State: weight.DType.Format(), Code: [16]float32(read("code")),
		}
		if strings.Contains(name, "fp4") {
			q.Quant = quant.FP4
		}
		if strings.Contains(name, "double") {
			q.Double = &quant.DoubleQuant{
				AbsmaxCodes: raw("absmax_u8"), Absmax: read("nested_absmax"), Offset: read("offset")[0], BlockSize: 256,
				Code: [256]float32(read("nested_code")),
			}
		} else {
			q.Absmax = read("absmax")
		}
		formats := map[quant.Format]kernels.Format{
			quant.F32: kernels.F32, quant.BF16: kernels.BF16, quant.F16: kernels.F16, quant.NF4: kernels.NF4, quant.FP4: kernels.FP4,
		}
		c := q.Codes()
		var p *Packer
		four := kernels.FourBit{
			Rows: q.NumRows, Cols: q.NumCols, Format: formats[q.Quant], Block: c.Block, Code: c.Code, Round: formats[c.Round],
		}
		if four.Check() == nil {
			p, err = FourBit(four, &q)
		} else {
			p, err = Dense(formats[c.Round], q.NumRows, q.NumCols, &q)
		}
		must(t, err)
		sameBits(t, name, dequantised(d, k, upload(d, p)), read("dequantized"))
		must(t, file.Close())
	}
}

func TestPackBadInput(t *testing.T) {
	q := kernels.FourBit{Rows: 2, Cols: 64, Format: kernels.NF4, Block: 64, Code: nf4}
	if _, err := FourBit(q, nil); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*kernels.FourBit){
		"round": func(q *kernels.FourBit) { q.Round = kernels.Int8 }, "format": func(q *kernels.FourBit) { q.Format = kernels.F32 },
		"block": func(q *kernels.FourBit) { q.Block = 96 }, "small block": func(q *kernels.FourBit) { q.Block = 32 },
		"rows": func(q *kernels.FourBit) { q.Rows = 0 }, "columns": func(q *kernels.FourBit) { q.Cols = -64 },
		"row length": func(q *kernels.FourBit) { q.Cols = 96 },
	} {
		bad := q
		change(&bad)
		if _, err := FourBit(bad, nil); err == nil {
			t.Errorf("%s: packed", name)
		}
	}
	integers := kernels.FourBit{Rows: 2, Cols: 64, Format: kernels.U4, Block: 64, Scale: kernels.F16, Zeros: true}
	for i := range integers.Code {
		integers.Code[i] = float32(i)
	}
	for name, m := range map[string]*codes4{
		"":             {scales: []float32{1, -2}, zeros: []float32{0, 16}},
		"zero":         {scales: []float32{1, 1}, zeros: []float32{0, 17}},
		"broken zero":  {scales: []float32{1, 1}, zeros: []float32{0.5, 1}},
		"finer scales": {scales: []float32{1, 1.0001}, zeros: []float32{0, 1}},
	} {
		m.FourBit, m.codes = integers, make([]byte, 64)
		p, err := FourBit(integers, m)
		must(t, err)
		if err := p.Pack(make([]byte, p.TileBytes()), 0); (err != nil) != (name != "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	integers.Scale = kernels.F32
	if _, err := FourBit(integers, nil); err == nil {
		t.Error("packed scales of 32 bits")
	}
	if _, err := Dense(kernels.NF4, 2, 64, rows{}); err == nil {
		t.Error("packed dense as nf4")
	}
	p, err := Dense(kernels.F32, 2, 64, rows{64, make([]float32, 128)})
	must(t, err)
	if p.Pack(make([]byte, p.TileBytes()-1), 0) == nil || p.Pack(make([]byte, p.TileBytes()), 1) == nil {
		t.Error("packed half a tile, or a tile that isn't there")
	}
}
