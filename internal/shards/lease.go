package shards

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/files"
)

// LeaseTime is how long a lease of another machine must stand still to be taken
// for one that a process left which died.
const LeaseTime = 60 * time.Second

// holder is the content of a lease.
type holder struct {
	Token string `json:"token"`
	Host  string `json:"host"`
	PID   int    `json:"pid"`
	// Boot tells one run of an operating system from others.
	Boot string `json:"boot"`
	// Locked says that the holder has the system's lock on the file, which ends with its
	// process. Other processes of the same run of the system can rely on that.
	Locked bool   `json:"locked"`
	Since  string `json:"since"`
	Beat   int    `json:"beat"` // grows as long as the holder lives
}

// BusyError says that another process works on a shard. It is a filelock.ErrBusy.
type BusyError struct {
	Shard int
	Host  string
	PID   int
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("shard %d: process %d on %s works on it", e.Shard, e.PID, e.Host)
}

// Unwrap makes the error one of a lock that is held.
func (e *BusyError) Unwrap() error { return filelock.ErrBusy }

// lease is a shard's file that says which process works on it. On one machine the
// system's lock on the file tells whether that process lives; between machines, whose
// file system may not pass locks on, the file's content tells it: the holder changes
// it all the time. A process that takes a lease from one that only stood still does no
// harm: both write files of their own, and the same bytes.
type lease struct {
	path   string
	me     holder
	file   *os.File
	unlock func() error
	stop   chan struct{}
	ended  sync.WaitGroup
}

// leases says how leases are taken; tests shorten the time.
type leases struct{ time time.Duration }

// take takes a shard's lease. While another process has it, take waits for up to wait,
// and then returns a *BusyError.
func (o leases) take(ctx context.Context, path string, shard int, wait time.Duration) (*lease, error) {
	l, err := newLease(path)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(wait)
	var seen holder // and since when
	var since time.Time
	for {
		var other holder
		got, err := l.claim()
		if err == nil && !got {
			other, err = readHolder(path)
			if errors.Is(err, fs.ErrNotExist) && ctx.Err() == nil {
				continue // it was given up just now
			}
		}
		switch {
		case err == nil && got:
		case err == nil && l.dead(other):
			got, err = l.replaceDead(other)
		case err == nil && other != seen:
			seen, since = other, time.Now()
		case err == nil && time.Since(since) > o.time:
			got, err = l.replaceStill(ctx)
		}
		switch {
		case err != nil:
			return nil, errors.Join(err, l.drop())
		case got:
			l.begin(o.time / 6)
			return l, nil
		case !time.Now().Before(deadline):
			return nil, errors.Join(&BusyError{shard, other.Host, other.PID}, l.drop())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), l.drop())
		case <-time.After(min(200*time.Millisecond, max(time.Millisecond, time.Until(deadline)))):
		}
	}
}

// newLease writes a lease beside its place.
func newLease(path string) (*lease, error) {
	host, _ := os.Hostname()
	l := &lease{path: path, me: holder{Token: rand.Text(), Host: host, PID: os.Getpid(), Boot: bootID(), Since: time.Now().UTC().Format(time.RFC3339)}}
	var err error
	if l.file, err = os.OpenFile(l.aside(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666); err != nil {
		return nil, &atomicfile.WriteError{Err: err}
	}
	if l.unlock, err = filelock.Try(l.aside()); err != nil {
		l.unlock = func() error { return nil } // the file system has no locks
	}
	l.me.Locked = err == nil
	if err := l.write(); err != nil {
		return nil, errors.Join(err, l.drop())
	}
	return l, nil
}

func (l *lease) aside() string { return l.path + "." + l.me.Token }

// write writes the lease into its file.
func (l *lease) write() error {
	data, err := json.Marshal(l.me)
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if _, err := l.file.WriteAt(data, 0); err != nil {
		return &atomicfile.WriteError{Err: err}
	}
	if err := l.file.Sync(); err != nil {
		return &atomicfile.WriteError{Err: err}
	}
	return nil
}

// claim puts the lease in its place, if there is none.
func (l *lease) claim() (bool, error) {
	err := os.Link(l.aside(), l.path)
	switch {
	case err == nil:
		return true, os.Remove(l.aside())
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case errors.Is(err, fs.ErrNotExist): // somebody removed the folder, or files in it
		return false, &atomicfile.WriteError{Err: err}
	}
	// A file system without links: the first to make the file has it.
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, &atomicfile.WriteError{Err: err}
	}
	err = errors.Join(l.file.Close(), l.unlock(), os.Remove(l.aside()))
	l.file, l.unlock, l.me.Locked = f, func() error { return nil }, false
	return true, errors.Join(err, l.write())
}

// readHolder reads a lease. One that is being written is that of nobody.
func readHolder(path string) (h holder, err error) {
	data, err := files.Read(path, 1<<16, "a lease")
	if err != nil {
		return h, err
	}
	first, _, _ := strings.Cut(string(data), "\n")
	if json.Unmarshal([]byte(first), &h) != nil {
		return holder{Host: "another machine"}, nil
	}
	return h, nil
}

// dead reports whether the other holder can be known to be dead if its lock is free.
func (l *lease) dead(other holder) bool {
	return other.Locked && l.me.Locked && other.Boot == l.me.Boot && other.Boot != ""
}

// replaceDead takes the lease of a process of this run of the system if its lock is
// free. Who replaces a lease has the lock on it, so that one process does.
func (l *lease) replaceDead(other holder) (bool, error) {
	unlock, err := filelock.Try(l.path)
	if errors.Is(err, filelock.ErrBusy) || errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = unlock() }()
	now, err := readHolder(l.path)
	if err != nil || now.Token != other.Token {
		return false, nil //nolint:nilerr // it changed: look again
	}
	return true, atomicfile.Move(l.aside(), l.path)
}

// settle is how long a process waits after it has taken another machine's lease, to
// see whether a third one took it at the same time.
const settle = time.Second

// replaceStill takes a lease that stood still.
func (l *lease) replaceStill(ctx context.Context) (bool, error) {
	if err := atomicfile.Move(l.aside(), l.path); err != nil {
		return false, err
	}
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-time.After(settle):
	}
	if l.held() {
		return true, nil
	}
	again, err := newLease(l.path)
	if err != nil {
		return false, err
	}
	_ = l.close()
	*l = lease{path: again.path, me: again.me, file: again.file, unlock: again.unlock}
	return false, nil
}

// begin shows from now on that the holder lives.
func (l *lease) begin(every time.Duration) {
	l.stop = make(chan struct{})
	l.ended.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				l.me.Beat++
				_ = l.write() // a full disk stops the work itself
			case <-l.stop:
				return
			}
		}
	})
}

// held reports whether the lease is still this process's.
func (l *lease) held() bool {
	now, err := readHolder(l.path)
	return err == nil && now.Token == l.me.Token
}

// release gives the lease up.
func (l *lease) release() error {
	close(l.stop)
	l.ended.Wait()
	var err error
	if l.held() {
		err = atomicfile.Remove(l.path)
	}
	return errors.Join(err, l.close())
}

// drop removes a lease that never came to its place.
func (l *lease) drop() error { return errors.Join(l.close(), atomicfile.Remove(l.aside())) }

func (l *lease) close() error { return errors.Join(l.file.Close(), l.unlock()) }

// bootID returns what tells this run of the operating system from others; "" if that
// isn't known.
func bootID() string {
	data, err := files.Read("/proc/sys/kernel/random/boot_id", 1<<10, "an identifier")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
