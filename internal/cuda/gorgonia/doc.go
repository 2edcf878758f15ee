// Package gorgonia reaches NVIDIA's driver through gorgonia.org/cu, with cgo. It
// is a module of its own: it needs CUDA's headers (12.x) and libcuda to build,
// and a driver to start at all, for gorgonia.org/cu ends a process that finds
// none. Build it with tag gpucgo; scripts/check_cuda_gorgonia.sh shows how.
//
// It has no graphs: BeginCapture answers [cuda.ErrNoGraphs].
package gorgonia
