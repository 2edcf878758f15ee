// Command cuda compiles CUDA sources to PTX through NVRTC, loaded at run time.
//
// Every .cu file of the source folder becomes a .ptx file of its name. The
// .cuh files stand before each, by name: the sources include nothing.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/ebitengine/purego"
)

// options make PTX that any GPU of compute capability 8.0 and later runs. Only
// what a source fuses is fused.
var options = []string{
	"--gpu-architecture=compute_80", "--std=c++17", "--fmad=false", "--device-as-default-execution-space",
	"--no-source-include",
}

func main() {
	log.SetFlags(0)
	library := flag.String("nvrtc", "libnvrtc.so.12", "the NVRTC library")
	source := flag.String("src", "", "the folder of sources")
	out := flag.String("out", "", "the folder of PTX")
	flag.Parse()
	if err := run(*library, *source, *out); err != nil {
		log.Fatal("gen/cuda: ", err)
	}
}

func run(library, source, out string) error {
	nvrtc, err := load(library)
	if err != nil {
		return err
	}
	headers, err := filepath.Glob(filepath.Join(source, "*.cuh"))
	if err != nil {
		return err
	}
	var before []byte
	for _, header := range headers {
		text, err := os.ReadFile(header)
		if err != nil {
			return err
		}
		before = fmt.Appendf(before, "#line 1 %q\n%s", filepath.Base(header), text)
	}
	units, err := filepath.Glob(filepath.Join(source, "*.cu"))
	if err != nil {
		return err
	}
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		if err != nil {
			return err
		}
		name := filepath.Base(unit)
		ptx, err := nvrtc.compile(name, fmt.Appendf(bytes.Clone(before), "#line 1 %q\n%s", name, text))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, strings.TrimSuffix(name, ".cu")+".ptx"), ptx, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// nvrtc has the functions of NVRTC that are used.
type nvrtc struct {
	create      func(program *uintptr, source, name string, headers int32, sources, names uintptr) int32
	compileIt   func(program uintptr, n int32, options **byte) int32
	logSize     func(program uintptr, size *uintptr) int32
	log         func(program uintptr, text *byte) int32
	ptxSize     func(program uintptr, size *uintptr) int32
	ptx         func(program uintptr, text *byte) int32
	destroy     func(program *uintptr) int32
	errorString func(code int32) string
}

func load(library string) (*nvrtc, error) {
	// NVRTC looks for its other half by name only.
	if found, _ := filepath.Glob(filepath.Join(filepath.Dir(library), "libnvrtc-builtins.so.*")); len(found) > 0 {
		if _, err := purego.Dlopen(found[0], purego.RTLD_NOW|purego.RTLD_GLOBAL); err != nil {
			return nil, err
		}
	}
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, err
	}
	n := &nvrtc{}
	for name, function := range map[string]any{
		"nvrtcCreateProgram": &n.create, "nvrtcCompileProgram": &n.compileIt, "nvrtcGetProgramLogSize": &n.logSize,
		"nvrtcGetProgramLog": &n.log, "nvrtcGetPTXSize": &n.ptxSize, "nvrtcGetPTX": &n.ptx,
		"nvrtcDestroyProgram": &n.destroy, "nvrtcGetErrorString": &n.errorString,
	} {
		purego.RegisterLibFunc(function, handle, name)
	}
	return n, nil
}

// compile returns the PTX of a unit.
func (n *nvrtc) compile(name string, source []byte) ([]byte, error) {
	var program uintptr
	if code := n.create(&program, string(source), name, 0, 0, 0); code != 0 {
		return nil, fmt.Errorf("%s: %s", name, n.errorString(code))
	}
	defer n.destroy(&program)
	list := make([]*byte, len(options))
	for i, o := range options {
		list[i] = &append([]byte(o), 0)[0]
	}
	if code := n.compileIt(program, int32(len(list)), &list[0]); code != 0 {
		text := text(program, n.logSize, n.log)
		return nil, fmt.Errorf("%s: %s\n%s", name, n.errorString(code), text)
	}
	return text(program, n.ptxSize, n.ptx), nil
}

// text reads a string of NVRTC's, without the zero at its end.
func text(program uintptr, size func(uintptr, *uintptr) int32, read func(uintptr, *byte) int32) []byte {
	var bytes uintptr
	if size(program, &bytes) != 0 || bytes == 0 {
		return nil
	}
	buffer := make([]byte, bytes)
	if read(program, &buffer[0]) != 0 {
		return nil
	}
	return buffer[:bytes-1]
}
