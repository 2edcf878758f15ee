package shards

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/internal/job"
)

// The states of a shard.
const (
	Pending  = "pending" // nothing is done
	Begun    = "begun"   // a process has done a part and is gone, or seems to be
	Running  = "running" // a process works on it
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
	// Seconds is how long the last process took, Changed when the files last changed.
	Seconds float64 `json:"seconds,omitempty"`
	Changed string  `json:"changed,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// Status returns the states of all shards. It reads no results.
func Status(m *Manifest, dir string) []State {
	states := make([]State, len(m.Shards))
	for i := range m.Shards {
		states[i] = folder(dir).state(m, &m.Shards[i])
	}
	return states
}

func (f folder) state(m *Manifest, s *Shard) State {
	st := State{Shard: s.Number, State: Pending, Documents: s.Documents}
	done, err := f.loadDone(s.Number)
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
	attempts, err := f.attempts(s.Number)
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
	if h, err := readHolder(f.lease(s.Number)); err == nil {
		st.State, st.Host, st.PID = Running, h.Host, h.PID
	}
	return st
}

// Report is what Verify and Merge say of all shards.
type Report struct {
	Documents int `json:"documents"` // of the manifest
	Annotated int `json:"annotated"`
	Failed    int `json:"failed"`
	// Superseded and Deleted documents of several corpora are left out, as another corpus
	// has a later document of their identifier, or deletes them.
	Superseded int `json:"superseded,omitempty"`
	Deleted    int `json:"deleted,omitempty"`
	// Missing are the shards that aren't complete, Damaged those that are not what the
	// manifest and they themselves say, with the reasons.
	Missing []int          `json:"missing,omitempty"`
	Damaged map[int]string `json:"damaged,omitempty"`
	// Configs has how many shards were made with each configuration, by its hash.
	Configs map[string]int `json:"configs"`
	// Strange are files of shards that the manifest hasn't.
	Strange []string `json:"strange,omitempty"`

	firstDamage error
	shards      int // of the manifest
}

// Verify reads all results, and compares them with the manifest: every document must
// be there once, as a result or as a failure, and every file as it was written.
func Verify(ctx context.Context, m *Manifest, dir string) (*Report, error) {
	r := &Report{Documents: m.Documents, shards: len(m.Shards), Configs: map[string]int{}, Damaged: map[int]string{}}
	f := folder(dir)
	for i := range m.Shards {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := r.shard(ctx, m, f, i); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			r.Damaged[i] = err.Error()
			if r.firstDamage == nil {
				r.firstDamage = err
			}
		}
	}
	return r, r.strangers(m, dir)
}

// shard verifies a shard.
func (r *Report) shard(ctx context.Context, m *Manifest, f folder, i int) error {
	done, err := f.loadDone(i)
	if err != nil {
		return err
	}
	if done == nil {
		r.Missing = append(r.Missing, i)
		return nil
	}
	annotated, failed := 0, 0
	for _, err := range m.results(ctx, f, done) {
		var one *FailedError
		switch {
		case errors.As(err, &one):
			failed++
		case err != nil:
			return err
		default:
			annotated++
		}
	}
	r.Annotated += annotated
	r.Failed += failed
	r.Configs[done.Config]++
	return nil
}

// strangers looks for shards that the manifest hasn't.
func (r *Report) strangers(m *Manifest, dir string) error {
	found, err := files.Glob(dir, "shard-*.done")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	for i := range m.Shards {
		ours[filepath.Base(folder(dir).done(i))] = true
	}
	for _, path := range found {
		if !ours[filepath.Base(path)] {
			r.Strange = append(r.Strange, filepath.Base(path))
		}
	}
	slices.Sort(r.Strange)
	return nil
}

// Damage returns the error of the first damaged shard, or nil.
func (r *Report) Damage() error { return r.firstDamage }

// Incomplete returns a *MissingError for the shards that aren't complete.
func (r *Report) Incomplete() error {
	return hint.Add(&MissingError{r.Missing[0], len(r.Missing), r.shards}, "'medner batch status' says how far they are")
}

// Mixed reports whether shards were made with different configurations.
func (r *Report) Mixed() bool { return len(r.Configs) > 1 }
