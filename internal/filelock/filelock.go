// Package filelock makes processes take turns. A lock is the operating
// system's on an open file, so that it ends with its process, however that
// ends.
package filelock

import (
	"context"
	"errors"
	"os"
	"time"
)

// errBusy says that another process holds the lock.
var errBusy = errors.New("locked by another process")

// interval is how often a held lock is tried again.
const interval = 100 * time.Millisecond

// Lock opens path, which is created where it is missing, and waits until no
// other process holds its lock. waiting, if not nil, is called once if it has
// to wait. The lock is held until release, which leaves the file in place.
func Lock(ctx context.Context, path string, waiting func()) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := tryLock(f)
		if err == nil {
			return f.Close, nil
		}
		if !errors.Is(err, errBusy) {
			return nil, errors.Join(err, f.Close())
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(interval):
		}
	}
}
