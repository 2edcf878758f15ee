// Package purego reaches NVIDIA's driver without cgo: it opens libcuda at run
// time, so that one program runs with and without a GPU.
//
// It is built with tag gpu, on Linux; elsewhere [Open] answers
// [cuda.ErrNotBuilt]. The tag is there because a program that opens shared
// libraries is linked dynamically; without the tag medner is a static file.
//
// A launch makes no garbage. The collector does not see that the driver reads the
// host memory of a copy: the caller that queues the copy keeps that memory
// reachable until the stream is synchronised.
package purego

// LibraryVariable names the environment variable that holds the path of the
// driver, where it is not libcuda.so.1.
const LibraryVariable = "MEDNER_LIBCUDA"
