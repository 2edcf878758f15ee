package cuda

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	driver "github.com/medner/medner/internal/cuda"
)

// device is a driver.Context whose kernels run on the shim, in a process of
// their own under the address and undefined-behaviour sanitizers. Everything
// that a launch doesn't need fails.
type device struct {
	driver.Context
	t    testing.TB
	in   io.WriteCloser
	out  *bufio.Reader
	log  *strings.Builder
	seed uint64 // of the order of threads and blocks; 0: ascending

	names []string
}

// newDevice starts a device that ends with the test.
func newDevice(t testing.TB) *device {
	t.Helper()
	program, err := runner()
	if err != nil {
		t.Fatal(err)
	}
	if program == "" {
		t.Skip("no g++ here: kernels can't be run on the shim")
	}
	cmd := exec.Command(program)
	d := &device{t: t, log: new(strings.Builder), seed: 1}
	cmd.Stderr = d.log
	d.in, _ = cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	d.out = bufio.NewReaderSize(out, 1<<16)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the kernels' process: %v\n%s", err, d.log)
		}
	})
	return d
}

// runner builds the process, once for the same sources; "" where there is no
// compiler.
var runner = sync.OnceValues(func() (string, error) {
	if _, err := exec.LookPath("g++"); err != nil {
		return "", nil
	}
	shim, _ := filepath.Abs("../../internal/cuda/shim")
	source, _ := filepath.Abs("src")
	local, _ := filepath.Abs("testdata")
	flags := []string{
		"-std=c++20", "-O1", "-g1", "-ffp-contract=off", "-mfma", "-DMEDNER_HOST", "-Wall", "-Wno-unknown-pragmas", "-Wno-strict-aliasing",
		"-Wno-sign-compare", "-Wno-unused-function", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I" + shim, "-I" + local, "-I" + source,
	}
	hash := sha256.New()
	fmt.Fprintln(hash, flags)
	units, _ := filepath.Glob(source + "/*.cu")
	headers, _ := filepath.Glob(source + "/*.cuh")
	files := slices.Concat(units, headers)
	for _, pattern := range []string{shim + "/*.hpp", local + "/*.?pp", "device_test.go"} {
		more, _ := filepath.Glob(pattern)
		files = append(files, more...)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		hash.Write(text)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	program := filepath.Join(cache, "medner-test", "kernels-"+hex.EncodeToString(hash.Sum(nil)[:8]))
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	work, err := os.MkdirTemp("", "kernels")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	return program, build(program, work, flags, append(units, local+"/runner.cpp"))
})

var entry = regexp.MustCompile(`\bmedner_\w+`)

// build compiles each unit with a registration of its kernels, and links.
func build(program, work string, flags, units []string) error {
	var objects []string
	failed := make(chan error, len(units))
	gate := make(chan struct{}, 2)
	for _, unit := range units {
		name := filepath.Base(unit)
		object := filepath.Join(work, name+".o")
		objects = append(objects, object)
		if strings.HasSuffix(unit, ".cu") {
			file := strings.TrimSuffix(name, ".cu") + ".ptx"
			ptx, err := PTX.ReadFile("ptx/" + file)
			if err != nil {
				return err
			}
			text := "#include \"registry.hpp\"\n#include \"intrinsics.cuh\"\n#include \"numbers.cuh\"\n#include \"weights.cuh\"\n"
			text += fmt.Sprintf("#include %q\n", name)
			for line := range strings.Lines(string(ptx)) {
				if strings.HasPrefix(line, ".visible .entry") {
					k := entry.FindString(line)
					text += fmt.Sprintf("static Register r_%s{%q, %s};\n", k, k, k)
				}
			}
			unit = filepath.Join(work, name+".cpp")
			if err := os.WriteFile(unit, []byte(text), 0o644); err != nil {
				return err
			}
		}
		go func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			out, err := exec.Command("g++", slices.Concat(flags, []string{"-c", "-o", object, unit})...).CombinedOutput()
			if err != nil {
				err = fmt.Errorf("g++ %s: %w\n%s", name, err, out)
			}
			failed <- err
		}()
	}
	var first error
	for range units {
		if err := <-failed; err != nil && first == nil {
			first = err
		}
	}
	if first != nil {
		return first
	}
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		return err
	}
	temporary := program + fmt.Sprint(".", os.Getpid())
	out, err := exec.Command("g++", slices.Concat(flags, []string{"-o", temporary}, objects)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("g++: %w\n%s", err, out)
	}
	return os.Rename(temporary, program)
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

// alloc allocates and, of values, fills in device memory.
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

// must fails the test if a launch did.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
