// Package listen opens the sockets that a server answers on, bounds their
// connections, and keeps a TLS certificate as fresh as its files.
package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// An Address is where a server listens.
type Address struct {
	network string // "tcp" or "unix"
	address string // host and port, or a path
}

const unixPrefix = "unix:"

// Parse reads an address: host:port, where an empty host means every address of the
// machine and port 0 any free one, or unix: and a path.
func Parse(text string) (Address, error) {
	if path, found := strings.CutPrefix(text, unixPrefix); found {
		if path == "" {
			return Address{}, errors.New("expected unix: and a path")
		}
		return Address{"unix", path}, nil
	}
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return Address{}, errors.New("expected host:port, as 127.0.0.1:8080, or unix:PATH")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return Address{}, errors.New("expected a port from 0 to 65535")
	}
	return Address{"tcp", text}, nil
}

// ErrInUse says that another process listens at the address. Trying again may help.
var ErrInUse = errors.New("another process listens there")

// Open listens at an address. The socket of a Unix path that no process listens on any
// more is replaced; its group may connect, others may not.
func (a Address) Open(ctx context.Context) (net.Listener, error) {
	if a.network == "unix" {
		if err := removeStale(a.address); err != nil {
			return nil, err
		}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, a.network, a.address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: %w", a, ErrInUse)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", a, err)
	case a.network == "unix":
		err = os.Chmod(a.address, 0o660)
	}
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// Dial connects to the server that listens at an address: by loopback to one that
// listens on every address of the machine.
func (a Address) Dial(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	host, port, err := net.SplitHostPort(a.address)
	if ip := net.ParseIP(host); a.network == "unix" || err != nil || host != "" && host != "localhost" && (ip == nil || !ip.IsUnspecified()) {
		return dialer.DialContext(ctx, a.network, a.address)
	}
	// By number: a container may have no file in which localhost stands.
	c, err := dialer.DialContext(ctx, a.network, net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		if six, problem := dialer.DialContext(ctx, a.network, net.JoinHostPort("::1", port)); problem == nil {
			return six, nil
		}
	}
	return c, err
}

func (a Address) String() string {
	if a.network == "unix" {
		return unixPrefix + a.address
	}
	return a.address
}

// removeStale removes the socket at a path that a process left which was killed.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return nil // Listen will say what is wrong, if anything is
	}
	if info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s%s: found a file that is no socket, expected none", unixPrefix, path)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = c.Close()
		return fmt.Errorf("%s%s: %w", unixPrefix, path, ErrInUse)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s%s: %w", unixPrefix, path, err)
	}
	return os.Remove(path)
}

// OnlyThisMachine reports whether only processes of this machine can reach a listener.
func OnlyThisMachine(l net.Listener) bool {
	switch at := l.Addr().(type) {
	case *net.UnixAddr:
		return true
	case *net.TCPAddr:
		return at.IP.IsLoopback()
	}
	return false
}

// URL returns the address of a listener as clients name it. A listener on every
// address of the machine is named by its loopback address.
func URL(l net.Listener, tls bool) string {
	scheme := "http://"
	if tls {
		scheme = "https://"
	}
	switch at := l.Addr().(type) {
	case *net.UnixAddr:
		return unixPrefix + at.Name
	case *net.TCPAddr:
		if at.IP.IsUnspecified() {
			return scheme + net.JoinHostPort("localhost", strconv.Itoa(at.Port))
		}
		return scheme + at.String()
	}
	return scheme + l.Addr().String()
}
