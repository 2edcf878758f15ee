package listen

import (
	"errors"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// Inherited returns the sockets that systemd, or who speaks as it does, has opened for
// this process (LISTEN_FDS), and takes the variables out of the environment. There are
// none where LISTEN_PID names another process.
func Inherited() ([]net.Listener, error) {
	all, err := activation.Listeners()
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		if l == nil {
			for _, other := range all {
				if other != nil {
					_ = other.Close()
				}
			}
			return nil, errors.New("LISTEN_FDS: found a file that no connections come from, expected sockets of a stream (ListenStream=)")
		}
	}
	return all, nil
}
