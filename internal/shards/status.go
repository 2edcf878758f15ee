package shards

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/job"
)

// The states of a shard.
const (
	Pending  = "pending" // nothing is done
	Begun    = "begun"   // a process has done a part, and has given the shard up
	Running  = "running" // a process works on it
	Stale    = "stale"   // the process that worked on it is gone, or seems to be; the next one takes it over
	Complete = "done"
	Damaged  = "damaged" // its files can't be read, or aren't those that it was made with
)

// State says how far a shard is.
type State struct {
	Shard     int    `json:"shard"`
	State     string `json:"state"`
	Documents int    `json:"documents"` // of the manifest
	Done      int    `json:"done"`      // that have a result, or failed
	Failed    int    `json:"failed"`
	Host      string `json:"host,omitempty"` // that works on it, or completed it
	PID       int    `json:"pid,omitempty"`
	Config    string `json:"config_sha256,omitempty"`
	// Silent is how many seconds ago the process that has the shard showed that it lives,
	// by the clock of the file system that the shards are in: clocks of machines don't count.
	Silent *float64 `json:"seconds_since_sign_of_life,omitempty"`
	// Gone says that this process is known to be dead, as it was on this machine.
	Gone bool `json:"gone,omitempty"`
	// Seconds is how long the last process took, Changed when the files last changed.
	Seconds float64 `json:"seconds,omitempty"`
	Changed string  `json:"changed,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// Status returns the states of all shards. It reads no results.
func Status(m *Manifest, dir string) []State {
	o := observer{folder: folder(dir), now: func() time.Time { return clockOf(dir) }}
	states := make([]State, len(m.Shards))
	for i := range m.Shards {
		states[i] = o.state(m, &m.Shards[i])
	}
	return states
}

// observer looks at shards from outside.
type observer struct {
	folder
	now func() time.Time // on the clock of the folder's file system
}

func (o observer) state(m *Manifest, s *Shard) State {
	st := State{Shard: s.Number, State: Pending, Documents: s.Documents}
	done, err := o.loadDone(s.Number)
	switch {
	case err != nil:
		st.State, st.Error = Damaged, err.Error()
		return st
	case done != nil && done.Plan != m.plan(s):
		st.State, st.Error = Damaged, "it was made with another manifest"
		return st
	case done != nil:
		st.State, st.Done, st.Failed = Complete, done.Documents, done.Failed
		st.Host, st.Config, st.Seconds, st.Changed = done.Made.Host, done.Config, done.Made.Seconds, done.Made.Ended
		return st
	}
	attempts, err := o.attempts(s.Number)
	if err != nil {
		st.State, st.Error = Damaged, err.Error()
	}
	for _, a := range attempts {
		if n := a.documents(); n >= st.Done {
			st.Done, st.State = n, Begun
			failures, _ := readFailures(a.failures, false) // of a file that is being written
			st.Failed = len(failures)
			if info, err := files.Stat(a.output + job.JournalSuffix); err == nil {
				st.Changed = info.ModTime().UTC().Format(time.RFC3339)
			}
		}
	}
	o.holder(&st)
	return st
}

// holder adds what is known of the process that has the shard's lease.
func (o observer) holder(st *State) {
	path := o.lease(st.Shard)
	info, err := files.Stat(path)
	if err != nil {
		return
	}
	h, err := readHolder(path)
	if errors.Is(err, fs.ErrNotExist) { // it was given up just now
		return
	}
	st.Host, st.PID = h.Host, h.PID
	silent := max(0, o.now().Sub(info.ModTime()).Seconds())
	st.Silent = &silent
	st.State = Running
	if h.Locked && h.Boot == bootID() && h.Boot != "" { // the lock tells, whatever the time
		unlock, err := filelock.Try(path)
		switch {
		case err == nil:
			st.State, st.Gone = Stale, true
			_ = unlock()
			return
		case errors.Is(err, filelock.ErrBusy):
			return
		}
	}
	if silent > LeaseTime.Seconds() {
		st.State = Stale
	}
}

// Life says in words what is known of the process that has the shard; "" if none has it.
func (st *State) Life() string {
	if st.Silent == nil {
		return ""
	}
	text := fmt.Sprintf("process %d: last sign of life %s ago", st.PID, time.Duration(*st.Silent*float64(time.Second)).Round(time.Second))
	switch {
	case st.Gone:
		text += ", now gone"
	case st.State == Stale:
		text += fmt.Sprintf(", which is more than %s", LeaseTime)
	}
	return text
}

// clockOf returns the time on the clock of a folder's file system, which another machine
// may have: that at which a new file in the folder was written. Where none can be written,
// it is this machine's time.
func clockOf(dir string) time.Time {
	f, err := os.CreateTemp(dir, ".clock-*")
	if err != nil {
		return time.Now()
	}
	defer func() { _ = os.Remove(f.Name()) }()
	defer func() { _ = f.Close() }()
	if _, err := f.WriteString("\n"); err != nil {
		return time.Now()
	}
	info, err := f.Stat()
	if err != nil {
		return time.Now()
	}
	return info.ModTime()
}
