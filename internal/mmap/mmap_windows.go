package mmap

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// granularity returns the number of bytes that the offset of a mapping must be a
// multiple of.
func granularity() int64 { return 64 << 10 }

func mapFile(f *os.File, offset int64, size int) ([]byte, error) {
	mapping, err := windows.CreateFileMapping(windows.Handle(f.Fd()), nil, windows.PAGE_READONLY, 0, 0, nil)
	if err != nil {
		return nil, os.NewSyscallError("CreateFileMapping", err)
	}
	// A view keeps its mapping alive.
	defer func() { _ = windows.CloseHandle(mapping) }()
	addr, err := windows.MapViewOfFile(mapping, windows.FILE_MAP_READ, uint32(offset>>32), uint32(offset), uintptr(size))
	if err != nil {
		return nil, os.NewSyscallError("MapViewOfFile", err)
	}
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&addr))), size), nil
}

// releaseFile does nothing: Windows trims a working set by itself.
func releaseFile([]byte) {}

func unmapFile(data []byte) error {
	return os.NewSyscallError("UnmapViewOfFile", windows.UnmapViewOfFile(uintptr(unsafe.Pointer(&data[0]))))
}
