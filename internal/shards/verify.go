package shards

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
)

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
