// Package filelock makes processes take turns. A lock is the operating system's
// lock on an open file: it is released when its process ends, however that
// happens.
package filelock

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrBusy says that another process holds the lock.
var ErrBusy = errors.New("locked by another process")

// interval is the time between two attempts to take a lock that is held.
const interval = 100 * time.Millisecond

// Lock takes the lock of the file path, which it creates if it is missing, and
// waits while another process holds the lock. waiting, if not nil, is called once
// if Lock has to wait. release gives the lock up; the file stays.
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
		if !errors.Is(err, ErrBusy) {
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

// Try takes the lock of a file that is there. It returns an error that is
// [ErrBusy] if another process holds it.
func Try(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
