package gpukernels

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/shim"
)

// device is a driver.Context whose kernels run on the shim, in a process of their
// own. It has only the methods that launches need.
type device struct {
	driver.Context
	t    testing.TB
	in   io.WriteCloser
	out  *bufio.Reader
	log  *strings.Builder
	seed uint64 // shuffles threads and blocks; 0: they run in ascending order

	names []string
}

// eachDevice runs a test on two devices at once, as each takes one core: under the
// sanitizers for addresses and undefined behaviour, and under the race detector.
func eachDevice(t *testing.T, test func(t *testing.T, d *device)) {
	for _, mode := range []shim.Mode{shim.Sanitize, shim.Race} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			test(t, newDevice(t, mode))
		})
	}
}

// newDevice starts a device, which ends with the test.
func newDevice(t testing.TB, mode shim.Mode) *device {
	t.Helper()
	program, err := runner(mode)
	if errors.Is(err, shim.ErrNoCompiler) {
		t.Skip("kernels can't be run here: ", err)
	}
	must(t, err)
	cmd := exec.Command(program)
	d := &device{t: t, log: new(strings.Builder), seed: 1}
	cmd.Stderr = d.log
	d.in, _ = cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	d.out = bufio.NewReaderSize(out, 1<<16)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = d.in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the kernels' process: %v\n%s", err, d.log)
		}
	})
	return d
}

// runner builds the program of the process and returns its path.
func runner(mode shim.Mode) (string, error) {
	ptx, err := fs.Sub(PTX, "ptx")
	if err != nil {
		return "", err
	}
	units, included, err := shim.Units("src", ptx)
	if err != nil {
		return "", err
	}
	main, err := shim.Read("testdata/runner.cpp")
	if err != nil {
		return "", err
	}
	return shim.Build(mode, "kernels", append(units, main...), included)
}

func (d *device) put(op byte, words ...uint64) {
	b := []byte{op}
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	_, _ = d.in.Write(b)
}

func (d *device) read(b []byte) {
	if _, err := io.ReadFull(d.out, b); err != nil {
		d.t.Fatalf("the kernels' process has ended:\n%s", d.log)
	}
}

func (d *device) word() uint64 {
	var b [8]byte
	d.read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

func (d *device) Device() driver.Device { return driver.Device{Multiprocessors: 4} }

func (d *device) Alloc(bytes uint64) (driver.Ptr, error) {
	d.put('A', bytes)
	return driver.Ptr(d.word()), nil
}

func (d *device) CopyToDevice(dst driver.Ptr, src []byte, _ driver.Stream) error {
	d.put('W', uint64(dst), uint64(len(src)))
	_, err := d.in.Write(src)
	return err
}

func (d *device) CopyToHost(dst []byte, src driver.Ptr, _ driver.Stream) error {
	d.put('R', uint64(src), uint64(len(dst)))
	d.read(dst)
	return nil
}

func (d *device) LoadModule([]byte) (driver.Module, error) { return 1, nil }
func (d *device) UnloadModule(driver.Module) error         { return nil }

func (d *device) Function(_ driver.Module, name string) (driver.Function, error) {
	d.names = append(d.names, name)
	return driver.Function(len(d.names)), nil
}

func (d *device) SetFunctionAttribute(driver.Function, driver.FunctionAttribute, int) error {
	return nil
}

func (d *device) Launch(f driver.Function, grid, block driver.Dim, shared int, _ driver.Stream, args ...uint64) error {
	name := d.names[f-1]
	words := []uint64{uint64(len(name)), uint64(grid.X), uint64(grid.Y), uint64(grid.Z), uint64(block.X), uint64(block.Y), uint64(block.Z),
		uint64(shared), d.seed, uint64(len(args))}
	d.put('L', append(words, args...)...)
	_, _ = io.WriteString(d.in, name)
	code := d.word()
	message := make([]byte, d.word())
	d.read(message)
	if code != 0 {
		return errors.New(string(message))
	}
	return nil
}

// alloc allocates device memory for n values, and fills in values if there are any.
func alloc[T any](d *device, n int, values ...T) driver.Ptr {
	d.t.Helper()
	if values != nil {
		n = len(values)
	}
	p, _ := d.Alloc(uint64(n) * uint64(unsafe.Sizeof(*new(T))))
	if values != nil {
		_ = d.CopyToDevice(p, bytesOf(values), 0)
	}
	return p
}

func bytesOf[T any](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), len(v)*int(unsafe.Sizeof(v[0])))
}

// fetch copies n values from device memory.
func fetch[T any](d *device, p driver.Ptr, n int) []T {
	v := make([]T, n)
	_ = d.CopyToHost(bytesOf(v), p, 0)
	return v
}

// load loads the kernels.
func load(d *device, p Precision) *Kernels {
	d.t.Helper()
	k, err := Load(d, p)
	if err != nil {
		d.t.Fatal(err)
	}
	return k
}

// must fails the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
