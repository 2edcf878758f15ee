//go:build gpu && linux && (amd64 || arm64)

package fake

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Library is a loaded fake driver. A process has one, so that tests that use it
// don't run in parallel.
type Library struct {
	tb                       testing.TB
	set, get, reset, message uintptr // addresses of functions
}

// Load loads the library that Build returned, with all settings as they are at
// the start, and fails the test if contexts are left over at its end.
func Load(tb testing.TB, path string) *Library {
	tb.Helper()
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		tb.Fatal(err)
	}
	l := &Library{tb: tb}
	for name, at := range map[string]*uintptr{
		"medner_fake_set": &l.set, "medner_fake_get": &l.get,
		"medner_fake_reset": &l.reset, "medner_fake_message": &l.message,
	} {
		if *at, err = purego.Dlsym(handle, name); err != nil {
			tb.Fatal(err)
		}
	}
	purego.SyscallN(l.reset)
	tb.Cleanup(func() {
		if n := l.Get("contexts"); n > 0 {
			tb.Errorf("%d contexts of the fake CUDA driver were left over: %s", n, l.Held())
		}
		purego.SyscallN(l.reset)
	})
	return l
}

// Set changes one of the settings that src/control.cpp lists: "fail_alloc" n
// makes the n-th allocation from now on fail, "lose_call" n loses the device at
// the n-th call from now on, and so on.
func (l *Library) Set(name string, value int) {
	l.tb.Helper()
	text := append([]byte(name), 0)
	if r, _, _ := purego.SyscallN(l.set, uintptr(unsafe.Pointer(&text[0])), uintptr(value)); r != 0 {
		l.tb.Fatalf("the fake CUDA driver has no setting %s", name)
	}
}

// Get returns a setting or a count: calls of "cuMemAlloc_v2", "calls" of all
// functions, "launches" of kernels, "graph launches", "contexts", "held.memory"
// (see src/control.cpp).
func (l *Library) Get(name string) int {
	text := append([]byte(name), 0)
	r, _, _ := purego.SyscallN(l.get, uintptr(unsafe.Pointer(&text[0])))
	return int(r)
}

// kinds lists the kinds of things that contexts hold.
var kinds = []string{"memory", "pinned", "streams", "events", "modules", "graphs", "execs"}

// Held says how much contexts hold now, as in "memory 3, streams 1"; "" if nothing.
func (l *Library) Held() string { return l.list("held.") }

// Dropped says how much contexts still held when they were destroyed: what Close
// had to free because nobody else did.
func (l *Library) Dropped() string { return l.list("dropped.") }

func (l *Library) list(prefix string) string {
	text := ""
	for _, k := range kinds {
		if n := l.Get(prefix + k); n > 0 {
			text += fmt.Sprintf(", %s %d", k, n)
		}
	}
	if text != "" {
		text = text[2:]
	}
	return text
}

// Message returns the reason why the last call failed.
func (l *Library) Message() string {
	r, _, _ := purego.SyscallN(l.message)
	p := *(**byte)(unsafe.Pointer(&r))
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}
