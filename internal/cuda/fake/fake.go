// Package fake builds a CUDA driver without a GPU: a libcuda that runs kernels
// on the CPU (package shim) and is stricter than a real one.
//
//   - Work in a stream runs when it is waited for and no earlier, and other
//     streams may run ahead: a forgotten synchronisation shows, as data from
//     before or from after the data that were meant.
//   - Device memory is NaN until written, ends at a guard page, is never given
//     out twice, and can't be reached by the host.
//   - A launch is checked against the limits of the device and against the PTX:
//     number and sizes of parameters, launch bounds, shared memory.
//   - Every call needs a context that is current on its thread, and live handles.
//   - Capturing a graph refuses what a real graph can't hold: pageable memory,
//     waiting, allocating. Captures that span several streams aren't faked.
//
// [Library], with build tag gpu, makes calls fail where a test wants them to, and
// counts what is left over. For programs, variables of the environment change the
// same settings at the start: MEDNER_FAKE_ and the name of the setting in
// capitals. MEDNER_FAKE_VERBOSE prints why calls fail.
package fake

import (
	"embed"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/medner/medner/internal/cuda/shim"
)

//go:embed src/*
var sources embed.FS

// Build compiles the driver with the kernels of the .cu files in a folder, whose
// PTX is in ptx, and returns the path of the library, which stays in the user's
// cache. It skips the test where there is no g++.
func Build(tb testing.TB, mode shim.Mode, folder string, ptx fs.FS) string {
	tb.Helper()
	path, err := Compile(mode, folder, ptx)
	if errors.Is(err, shim.ErrNoCompiler) {
		tb.Skip("the fake CUDA driver needs a compiler: " + err.Error())
	}
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// Compile does what Build does, outside a test.
func Compile(mode shim.Mode, folder string, ptx fs.FS) (string, error) {
	units, included, err := shim.Units(folder, ptx)
	if err != nil {
		return "", err
	}
	names, err := fs.Glob(sources, "src/*")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		text, err := sources.ReadFile(name)
		if err != nil {
			return "", err
		}
		s := shim.Source{Name: "fake_" + name[len("src/"):], Text: text, Host: true}
		if name == "src/state.hpp" {
			s.Name = "state.hpp"
			included = append(included, s)
		} else {
			units = append(units, s)
		}
	}
	return shim.Build(mode, "libcuda.so.1", slices.Clip(units), included)
}
