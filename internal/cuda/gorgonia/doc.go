// Package gorgonia reaches NVIDIA's driver through gorgonia.org/cu, with cgo. To
// build it takes CUDA's headers (12.x) and libcuda, and to start a program with it
// takes a driver, as gorgonia.org/cu ends a process that finds none: hence it is a
// module of its own. Build it with tag gpucgo; scripts/check_cuda_gorgonia.sh
// shows how.
//
// It has no graphs: BeginCapture answers [cuda.ErrNoGraphs].
package gorgonia
