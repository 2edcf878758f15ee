package gpukernels

import (
	"embed"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strings"

	driver "github.com/medner/medner/internal/cuda"
)

// Precision chooses the arithmetic.
type Precision uint8

// The precisions, which the comment of the package describes.
const (
	F32 Precision = iota
	Fast
)

func (p Precision) String() string {
	if p == Fast {
		return "fast"
	}
	return "f32"
}

// InputBytes returns the bytes of a number of the input type: 4 (float32), or 2
// (bfloat16) in Fast.
func (p Precision) InputBytes() int {
	if p == Fast {
		return 2
	}
	return 4
}

// PTX has the device code: a file for each .cu file of src.
//
//go:embed ptx/*.ptx
var PTX embed.FS

// Kernels are the kernels of one precision, loaded into a context.
type Kernels struct {
	ctx       driver.Context
	precision Precision
	modules   []driver.Module
	functions map[string]driver.Function
}

// Load loads the kernels into a context. It must be called inside the context's Do.
func Load(ctx driver.Context, p Precision) (*Kernels, error) {
	k := &Kernels{ctx: ctx, precision: p, functions: map[string]driver.Function{}}
	files, err := fs.Glob(PTX, "ptx/*.ptx")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := k.load(file); err != nil {
			_ = k.Close() // the first error counts
			return nil, fmt.Errorf("load %s: %w", path.Base(file), err)
		}
	}
	return k, nil
}

// load loads one file and finds its functions.
func (k *Kernels) load(file string) error {
	ptx, err := PTX.ReadFile(file)
	if err != nil {
		return err
	}
	names := entries(string(ptx), k.precision)
	if len(names) == 0 {
		return nil
	}
	m, err := k.ctx.LoadModule(ptx)
	if err != nil {
		return err
	}
	k.modules = append(k.modules, m)
	for _, name := range names {
		f, err := k.ctx.Function(m, prefix+name)
		if err != nil {
			return err
		}
		k.functions[name] = f
		if strings.HasPrefix(name, "matmul_") {
			if err := k.ctx.SetFunctionAttribute(f, driver.MaxDynamicSharedMemory, maxShared); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxShared is how many bytes of dynamic shared memory products may ask for. A
// block can have as many on every GPU of compute capability 8.0 and more; 8.6 and
// 8.9 have the least.
const maxShared = 99 << 10

// prefix begins the name of every kernel.
const prefix = "medner_"

// entries returns the names of the kernels in a file, without prefix, except for
// those of the other precision. Two kinds of kernels that end in "_f32" serve both
// precisions: the name of an embed kernel ends with the format of the token table,
// and norms of heads stay float32.
func entries(ptx string, p Precision) []string {
	other := "_" + (Fast - p).String()
	var names []string
	for line := range strings.Lines(ptx) {
		rest, ok := strings.CutPrefix(line, ".visible .entry "+prefix)
		if name, _, _ := strings.Cut(rest, "("); ok && (strings.HasPrefix(name, "embed_") || name == normHeads || !strings.HasSuffix(name, other)) {
			names = append(names, name)
		}
	}
	return names
}

// Close unloads the kernels.
func (k *Kernels) Close() error {
	var first error
	for _, m := range k.modules {
		if err := k.ctx.UnloadModule(m); err != nil && first == nil {
			first = err
		}
	}
	k.modules = nil
	return first
}

// Precision returns the precision that the kernels were loaded for.
func (k *Kernels) Precision() Precision { return k.precision }

// Rows says how many rows a launch has.
type Rows struct {
	Most  int        // the bound that shapes the launch
	Count driver.Ptr // address of an int32, read when the launch runs: the launch has min(Most, it) rows; 0: Most
}

// maxRows is the greatest y dimension of a grid.
const maxRows = 65535

func (r Rows) check() error {
	if r.Most <= 0 || r.Most > maxRows {
		return fmt.Errorf("gpukernels: %d rows, not 1 to %d", r.Most, maxRows)
	}
	return nil
}

// launch queues a kernel. Arguments are driver.Ptr, int (32 bits on the
// device), uint64 or float32.
func (k *Kernels) launch(s driver.Stream, name string, grid, block driver.Dim, shared int, args ...any) error {
	f, ok := k.functions[name]
	if !ok {
		return fmt.Errorf("gpukernels: no kernel %s in precision %s", name, k.precision)
	}
	words := make([]uint64, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case driver.Ptr:
			words[i] = uint64(a)
		case int:
			words[i] = uint64(uint32(int32(a)))
		case uint64:
			words[i] = a
		case float32:
			words[i] = uint64(math.Float32bits(a))
		default:
			return fmt.Errorf("gpukernels: argument %d of %s is a %T", i, name, a)
		}
	}
	if err := k.ctx.Launch(f, grid, block, shared, s, words...); err != nil {
		return fmt.Errorf("launch %s: %w", name, err)
	}
	return nil
}

// input returns the end of names of kernels that read or write the input type.
func (k *Kernels) input() string { return "_" + k.precision.String() }

func dim(x, y int) driver.Dim { return driver.Dim{X: uint32(x), Y: uint32(y), Z: 1} }

func ceilDiv(n, by int) int { return (n + by - 1) / by }
