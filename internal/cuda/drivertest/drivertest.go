// Package drivertest is the test suite of the implementations of [cuda.Driver]. It
// runs on the fake driver and on real ones, except for the parts that plant
// failures, which take the fake.
package drivertest

import (
	"embed"
	"encoding/binary"
	"io/fs"
	"math"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/cuda"
)

//go:embed testdata/suite.ptx
var files embed.FS

// PTX returns a file system with suite.ptx, which NVRTC 12.0 made of
// testdata/suite.cu.
func PTX() fs.FS {
	dir, err := fs.Sub(files, "testdata")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return dir
}

// Folder returns the folder with the source of the suite's kernels, from which the
// fake driver is built.
func Folder() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "testdata")
}

// Fake has the methods of fake.Library that the suite uses.
type Fake interface {
	Set(name string, value int)
	Get(name string) int
	Held() string
	Dropped() string
}

// Options say what is tested.
type Options struct {
	Open   func() (cuda.Driver, error)
	Fake   Fake // nil: a real driver
	Graphs bool // false: BeginCapture answers ErrNoGraphs
}

// Run runs the suite.
func Run(t *testing.T, o Options) {
	t.Run("Device", o.device)
	t.Run("Memory", o.memory)
	t.Run("Pinned", o.pinned)
	t.Run("Streams", o.streams)
	t.Run("Events", o.events)
	t.Run("Kernels", o.kernels)
	t.Run("ParameterSizes", o.parameterSizes)
	t.Run("Attributes", o.attributes)
	t.Run("Misuse", o.misuse)
	t.Run("Graphs", o.graphs)
	t.Run("DeviceLost", o.deviceLost)
	if o.Fake != nil {
		t.Run("OldDriver", o.oldDriver)
		t.Run("PlantedFailures", o.plantedFailures)
		t.Run("NothingLeaks", o.nothingLeaks)
	}
}

// open opens device 0, which is closed at the end of the test.
func (o Options) open(t *testing.T) cuda.Context {
	t.Helper()
	d, err := o.Open()
	require.NoError(t, err)
	c, err := d.Open(0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// do runs the body of a test inside a context.
func (o Options) do(t *testing.T, body func(c cuda.Context)) {
	t.Helper()
	c := o.open(t)
	require.NoError(t, c.Do(func() error {
		body(c)
		return nil
	}))
}

func floats(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// count returns the bytes of the n floats from, from+1, ….
func count(from float32, n int) []byte {
	values := make([]float32, n)
	for i := range values {
		values[i] = from + float32(i)
	}
	return floats(values...)
}

func bits(v float32) uint64 { return uint64(math.Float32bits(v)) }

// put allocates memory and copies b there.
func put(t *testing.T, c cuda.Context, b []byte, s cuda.Stream) cuda.Ptr {
	t.Helper()
	p, err := c.Alloc(uint64(len(b)))
	require.NoError(t, err)
	require.NoError(t, c.CopyToDevice(p, b, s))
	require.NoError(t, c.Synchronize(s))
	return p
}

// get waits for a stream and copies n bytes back.
func get(t *testing.T, c cuda.Context, p cuda.Ptr, n int, s cuda.Stream) []byte {
	t.Helper()
	b := make([]byte, n)
	require.NoError(t, c.CopyToHost(b, p, s))
	require.NoError(t, c.Synchronize(s))
	return b
}

func function(t *testing.T, c cuda.Context, name string) cuda.Function {
	t.Helper()
	ptx, err := fs.ReadFile(PTX(), "suite.ptx")
	require.NoError(t, err)
	m, err := c.LoadModule(ptx)
	require.NoError(t, err)
	f, err := c.Function(m, name)
	require.NoError(t, err)
	return f
}

func stream(t *testing.T, c cuda.Context) cuda.Stream {
	t.Helper()
	s, err := c.NewStream()
	require.NoError(t, err)
	return s
}
