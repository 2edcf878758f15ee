// Package mmap maps files into memory for reading.
//
// A mapped file that another process shortens leaves pages behind that fault
// when they are touched, which would end the process. [Guard] turns such a
// fault into an error: whoever reads mapped bytes in bulk does so inside it,
// in the very goroutine that reads.
package mmap

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/medner/medner/internal/badinput"
)

// File is a file mapped read-only.
type File struct {
	data []byte
}

// Open maps the whole of a regular file (links are followed).
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, badinput.New(path, "", info.Mode().Type().String(), "a regular file")
	}
	size := info.Size()
	if size == 0 {
		return &File{}, nil
	}
	if size > math.MaxInt {
		return nil, badinput.New(path, "size", fmt.Sprint(size), "a file that fits the address space")
	}
	data, err := mapFile(f, int(size))
	if err != nil {
		return nil, fmt.Errorf("%s: map into memory: %w", path, err)
	}
	return &File{data: data}, nil
}

// Bytes is the content, valid until Close.
func (f *File) Bytes() []byte { return f.data }

// Release gives back the memory that holds what was read of the file so far;
// reading it again brings it back.
func (f *File) Release() {
	if len(f.data) > 0 {
		releaseFile(f.data)
	}
}

// Close unmaps the file. Reading its bytes afterwards is a fault.
func (f *File) Close() error {
	data := f.data
	f.data = nil
	if data == nil {
		return nil
	}
	return unmapFile(data)
}

// Guard runs fn and turns a fault on mapped memory that it reads into an
// error. It covers the calling goroutine only.
func Guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case addressed:
			err = badinput.New("", "", "bytes that can no longer be read", "a file that stays whole while it is in use")
		default:
			panic(fault)
		}
	}()
	return fn()
}

// addressed is what the runtime panics with at a memory fault.
type addressed interface {
	runtime.Error
	Addr() uintptr
}
