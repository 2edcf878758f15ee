//go:build gpu

package gpukernels_test

import (
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/fake"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/internal/cuda/purego"
	"github.com/medner/medner/internal/cuda/shim"
	"github.com/medner/medner/kernels"
)

// anyDevice returns a context on the driver that the environment names, such as that
// of a GPU, or on a fake one of a compute capability (10·major + minor) if it names
// none.
func anyDevice(t *testing.T, capability int) *machine {
	t.Helper()
	if os.Getenv(purego.LibraryVariable) == "" {
		ptx, err := fs.Sub(gpukernels.PTX, "ptx")
		require.NoError(t, err)
		path := fake.Build(t, shim.Trap, "src", ptx)
		t.Setenv(purego.LibraryVariable, path)
		fake.Load(t, path).Set("capability", capability)
	}
	d, err := purego.Open()
	require.NoError(t, err)
	c, err := d.Open(0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	m := &machine{t: t, c: c, random: rand.New(rand.NewPCG(3, 4))}
	m.scale = 1
	if m.c.Device().Multiprocessors > 16 { // silicon: shapes of real models
		m.scale = 32
	}
	return m
}

// machine moves numbers to and from a device. Its methods are called inside Do.
type machine struct {
	t      *testing.T
	c      driver.Context
	k      *gpukernels.Kernels
	random *rand.Rand
	scale  int // multiplies the shapes
	held   []driver.Ptr
}

// do runs fn with kernels of a precision, and frees what it allocated.
func (m *machine) do(p gpukernels.Precision, fn func()) {
	require.NoError(m.t, m.c.Do(func() (err error) {
		if m.k, err = gpukernels.Load(m.c, p); err != nil {
			return err
		}
		fn()
		for _, p := range m.held {
			require.NoError(m.t, m.c.Free(p))
		}
		m.held = nil
		return m.k.Close()
	}))
}

func bytesOf[T any](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(x[0])))
}

func (m *machine) room(bytes int) driver.Ptr {
	p, err := m.c.Alloc(uint64(bytes))
	require.NoError(m.t, err)
	m.held = append(m.held, p)
	return p
}

func put[T any](m *machine, x []T) driver.Ptr {
	p := m.room(len(bytesOf(x)))
	require.NoError(m.t, m.c.CopyToDevice(p, bytesOf(x), 0))
	require.NoError(m.t, m.c.Synchronize(0))
	return p
}

func (m *machine) floats(p driver.Ptr, n int) []float32 {
	x := make([]float32, n)
	require.NoError(m.t, m.c.CopyToHost(bytesOf(x), p, 0))
	require.NoError(m.t, m.c.Synchronize(0))
	return x
}

func (m *machine) normal(n int, scale float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(m.random.NormFloat64() * scale)
	}
	return x
}

// input copies x to the device in the input type.
func (m *machine) input(x []float32) driver.Ptr {
	if m.k.Precision() == gpukernels.F32 {
		return put(m, x)
	}
	half := make([]uint16, len(x))
	for i, v := range x {
		half[i] = bf16(v)
	}
	return put(m, half)
}

func bf16(v float32) uint16 {
	u := math.Float32bits(v)
	return uint16((u + 0x7fff + u>>16&1) >> 16)
}

// outputs reads numbers of the input type, which a kernel wrote.
func (m *machine) outputs(p driver.Ptr, n int) []float32 {
	if m.k.Precision() == gpukernels.F32 {
		return m.floats(p, n)
	}
	half, x := make([]uint16, n), make([]float32, n)
	require.NoError(m.t, m.c.CopyToHost(bytesOf(half), p, 0))
	require.NoError(m.t, m.c.Synchronize(0))
	for i, h := range half {
		x[i] = math.Float32frombits(uint32(h) << 16)
	}
	return x
}

// compare fails the test unless all bits are equal in f32, and in fast the distance is
// at most a hundredth.
func (m *machine) compare(name string, got, want []float32) {
	m.t.Helper()
	var diff, norm float64
	for i, w := range want {
		if m.k.Precision() == gpukernels.F32 && math.Float32bits(got[i]) != math.Float32bits(w) {
			m.t.Errorf("%s: number %d is %v, expected %v", name, i, got[i], w)
			return
		}
		diff += math.Pow(float64(got[i])-float64(w), 2)
		norm += math.Pow(float64(w), 2)
	}
	if d := math.Sqrt(diff / norm); !(d < 0.01) {
		m.t.Errorf("%s: %.2g away", name, d)
	}
}

type rows struct {
	cols int
	x    []float32
}

func (r rows) ReadRows(dst []float32, from int) error {
	copy(dst, r.x[from*r.cols:])
	return nil
}

// codes4 is a matrix of 4-bit codes, with a scale for each 64, and zeros of 7 where
// there are zeros.
type codes4 struct {
	cols   int
	codes  []byte
	scales []float32
}

func (c codes4) CodeRows(codes []byte, scales, zeros []float32, from int) error {
	for i := range zeros {
		zeros[i] = 7
	}
	copy(codes, c.codes[from*c.cols/2:])
	copy(scales, c.scales[from*c.cols/64:])
	return nil
}

// weights packs random weights for the CPU and for the device.
func (m *machine) weights(pool *kernels.Pool, f kernels.Format, n, cols int) (*kernels.Weights, *gpukernels.Weights) {
	var host *kernels.Weights
	var p *gpukernels.Packer
	var err, failed error
	source := rows{cols, m.normal(n*cols, 1/math.Sqrt(float64(cols)))}
	switch f {
	case kernels.NF4, kernels.U4:
		q := kernels.FourBit{Rows: n, Cols: cols, Format: f, Block: 64}
		for i := range q.Code {
			q.Code[i] = float32(math.Tanh(float64(i)/4 - 2))
			if f == kernels.U4 {
				q.Code[i] = float32(i)
			}
		}
		four := codes4{cols, make([]byte, n*cols/2), m.normal(n*cols/64, 0.1)}
		if f == kernels.U4 {
			q.Scale, q.Zeros = kernels.BF16, true
			for i, v := range four.scales { // rounded
				four.scales[i] = math.Float32frombits(uint32(bf16(v)) << 16)
			}
		}
		for i := range four.codes {
			four.codes[i] = byte(m.random.Uint32())
		}
		host, err = kernels.Pack4Bit(pool, q, four)
		p, failed = gpukernels.FourBit(q, four)
	case kernels.Int8:
		quantised := kernels.QuantizeInt8(cols, source)
		host, err = kernels.PackInt8(pool, n, cols, quantised)
		p, failed = gpukernels.Int8(n, cols, quantised)
	default:
		host, err = kernels.PackDense(pool, f, n, cols, source)
		p, failed = gpukernels.Dense(f, n, cols, source)
	}
	require.NoError(m.t, err)
	require.NoError(m.t, failed)
	packed := make([]byte, p.Bytes())
	require.NoError(m.t, p.Pack(packed, 0))
	return host, &gpukernels.Weights{Layout: p.Layout, Data: put(m, packed)}
}
