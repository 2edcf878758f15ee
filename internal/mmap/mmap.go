// Package mmap maps files into memory for reading.
//
// A mapped file that another process shortens leaves pages behind that fault
// when they are touched, which would end the process. [Guard] turns such a
// fault into an error: code that reads many mapped bytes runs inside it. Guard
// covers the goroutine that calls it, not others that this one starts.
package mmap

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/medner/medner/badinput"
)

// File is a file, or a part of one, mapped read-only.
type File struct {
	data    []byte
	mapping []byte // whole pages: data, and what lies before it in its first page
}

// Map maps size bytes of an open regular file, beginning at an offset. The file
// may be closed afterwards.
func Map(f *os.File, offset, size int64) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if whole := info.Size(); offset < 0 || size < 0 || offset > whole-size {
		return nil, badinput.New(f.Name(), "size", fmt.Sprintf("%d bytes", whole), fmt.Sprintf("%d bytes at %d", size, offset))
	}
	return mapPart(f, offset, size)
}

// mapPart maps a part of a file that lies within it.
func mapPart(f *os.File, offset, size int64) (*File, error) {
	if size == 0 {
		return &File{}, nil
	}
	before := offset % granularity()
	if size > math.MaxInt-before {
		return nil, badinput.New(f.Name(), "size", fmt.Sprint(size), "a file that fits the address space")
	}
	mapping, err := mapFile(f, offset-before, int(before+size))
	if err != nil {
		return nil, fmt.Errorf("%s: map into memory: %w", f.Name(), err)
	}
	return &File{data: mapping[before:], mapping: mapping}, nil
}

// Bytes returns the content, which is valid until Close.
func (f *File) Bytes() []byte { return f.data }

// Release gives back the memory of the pages that were read so far. Reading them
// again loads them from the file.
func (f *File) Release() {
	if len(f.mapping) > 0 {
		releaseFile(f.mapping)
	}
}

// Close unmaps the file. Reading its bytes afterwards is a fault.
func (f *File) Close() error {
	mapping := f.mapping
	f.data, f.mapping = nil, nil
	if mapping == nil {
		return nil
	}
	return unmapFile(mapping)
}

// Guard runs fn, and returns an error if fn reads mapped memory that is gone. It
// covers the calling goroutine only.
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

// addressed is the error that the runtime panics with at a memory fault.
type addressed interface {
	runtime.Error
	Addr() uintptr
}
