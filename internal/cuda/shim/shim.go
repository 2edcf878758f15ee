// Package shim compiles CUDA kernels for the CPU, to test them where there is no
// GPU. Its headers, in C++, take the place of the part of CUDA that a kernel
// source without includes uses.
//
// A thread is a fiber. The threads of a block run in an order that a seed
// shuffles. Shared memory is NaN until written, and dynamic shared memory ends at
// a guard page. A [Mode] says what else a build watches.
package shim

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/cpu"
)

//go:embed *.hpp
var headers embed.FS

// ErrNoCompiler says that g++ isn't installed.
var ErrNoCompiler = errors.New("no g++ in PATH")

// Mode says which faults a build finds besides accesses past guard pages.
type Mode string

// The modes.
const (
	// Plain finds no others. It is the fastest, for whole models.
	Plain Mode = "plain"
	// Trap makes misaligned addresses and indices outside arrays end a launch
	// with an error.
	Trap Mode = "trap"
	// Sanitize reports through AddressSanitizer and UBSan, and ends the process.
	Sanitize Mode = "sanitize"
	// Race ends a launch at the first data race, in whatever order threads run.
	Race Mode = "race"
)

// flags returns the flags of a mode for the compiler and for the linker.
func (m Mode) flags() (compile, link []string, err error) {
	switch m {
	case Plain:
		f := []string{"-O3", "-fno-threadsafe-statics"}
		if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
			f = append(f, "-mavx2")
		}
		return f, nil, nil
	case Trap:
		return []string{"-fsanitize=undefined", "-fno-sanitize=vptr", "-fsanitize-undefined-trap-on-error"}, nil, nil
	case Sanitize:
		f := []string{"-fsanitize=address,undefined", "-fno-sanitize=vptr", "-fno-sanitize-recover=undefined"}
		return append(f, "-fsanitize-sections=medner_shared", "-fno-omit-frame-pointer"), f, nil
	case Race:
		return []string{"-fsanitize=thread", "-fno-threadsafe-statics", "-DSHIM_RACE"}, nil, nil
	}
	return nil, nil, fmt.Errorf("shim: unknown mode %q", m)
}

// Source is a file to compile, or one that such a file includes.
type Source struct {
	Name string
	Text []byte
	Host bool // has no kernels, so that Race doesn't watch it
}

// Read reads files. The sources have the names of the files, without folders.
func Read(files ...string) ([]Source, error) {
	var sources []Source
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("shim: %w", err)
		}
		sources = append(sources, Source{Name: filepath.Base(f), Text: text})
	}
	return sources, nil
}

var entry = regexp.MustCompile(`(?m)^\s*(?:\.visible\s+)?\.entry\s+(\w+)`)

// Units makes a unit to compile of each .cu file in dir. The unit includes all
// .cuh files of the folder in the order of their names, then the .cu file, and
// registers (registry.hpp) the kernels that the PTX of the same name has. included
// has the files that the units include.
func Units(dir string, ptx fs.FS) (units, included []Source, err error) {
	shared, err := filepath.Glob(filepath.Join(dir, "*.cuh"))
	if err != nil {
		return nil, nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.cu"))
	if err != nil {
		return nil, nil, err
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("shim: no .cu file in %s", dir)
	}
	if included, err = Read(append(shared, files...)...); err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		stem := strings.TrimSuffix(filepath.Base(f), ".cu")
		code, err := fs.ReadFile(ptx, stem+".ptx")
		if err != nil {
			return nil, nil, fmt.Errorf("shim: %w", err)
		}
		var b strings.Builder
		b.WriteString("#include \"registry.hpp\"\n")
		for _, h := range append(shared, f) {
			fmt.Fprintf(&b, "#include %q\n", filepath.Base(h))
		}
		for _, m := range entry.FindAllSubmatch(code, -1) {
			fmt.Fprintf(&b, "static shim::Register register_%s{%q, %s};\n", m[1], m[1], m[1])
		}
		units = append(units, Source{Name: stem + ".cpp", Text: []byte(b.String())})
	}
	return units, included, nil
}
