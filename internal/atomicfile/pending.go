package atomicfile

import (
	"os"
	"sync"
)

// pending holds the paths of the temporary files and directories that are being
// written.
var pending = struct {
	sync.Mutex
	paths map[string]bool
}{paths: map[string]bool{}}

// remember notes a path that Abandon shall remove.
func remember(path string) {
	pending.Lock()
	defer pending.Unlock()
	pending.paths[path] = true
}

// forget takes back what remember has noted.
func forget(path string) {
	pending.Lock()
	defer pending.Unlock()
	delete(pending.paths, path)
}

// Abandon removes every temporary file and directory that this process is
// writing. It is for a process that ends without waiting for its work.
func Abandon() {
	pending.Lock()
	defer pending.Unlock()
	for path := range pending.paths {
		_ = os.RemoveAll(path)
	}
}
