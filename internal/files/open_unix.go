//go:build unix

package files

import "golang.org/x/sys/unix"

// nonBlocking makes opening a pipe return at once.
const nonBlocking = unix.O_NONBLOCK
