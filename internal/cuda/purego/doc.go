// Package purego reaches NVIDIA's driver without cgo: it opens libcuda at run
// time, so that one program runs with and without a GPU.
//
// It is built with tag gpu, on Linux; elsewhere [Open] answers
// [cuda.ErrNotBuilt]. (The tag is there because a program that opens shared
// libraries is linked dynamically; without it medner is a static file.)
//
// A launch makes no garbage. Host memory of a copy is read by the driver alone:
// whoever queues a copy keeps it reachable until the stream is synchronised.
package purego

// LibraryVariable names the environment variable that holds the driver's file,
// if it is another than libcuda.so.1.
const LibraryVariable = "MEDNER_LIBCUDA"
