package shards

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/hint"
)

// Config holds, by name, all that results depend on beside the documents: the
// engine's version, hashes of the files of model, adapters, prompts, calibration and
// terminology, and the options. Paths, threads and the instruction set are no part
// of it, as results don't depend on them.
type Config map[string]string

// Hash returns the SHA-256 of the configuration in hexadecimal.
func (c Config) Hash() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(h, "%q %q\n", name, c[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// difference returns an error that names the first setting in which a shard's results,
// which the file path describes, were made otherwise; nil if there is none.
func (c Config) difference(path string, made Config) error {
	both := maps.Clone(c)
	if both == nil {
		both = Config{}
	}
	maps.Copy(both, made)
	for _, name := range slices.Sorted(maps.Keys(both)) {
		if now, before := c[name], made[name]; now != before {
			err := badinput.New(path, name, cmp.Or(now, "nothing"), cmp.Or(before, "nothing")+", with which the shard was made")
			return hint.Add(err, "use the settings of before, or another folder; --redo makes the shard again")
		}
	}
	return nil
}

// plan returns a hash of all that says which documents the shard has.
func (m *Manifest) plan(s *Shard) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s\n", s.Documents, s.IDs)
	for i := range s.Parts {
		p := &s.Parts[i]
		in := &m.Inputs[p.Input]
		if p.Range != nil {
			fmt.Fprintf(h, "range %d %d %s", p.Range.Bytes, p.Range.Line, p.Range.SHA256)
		} else {
			fmt.Fprintf(h, "file %d %s", in.Bytes, in.SHA256)
		}
		fmt.Fprintf(h, " %q %q %d %d %v\n", in.Format, in.FileID, p.First, p.Count, p.Skip)
	}
	return hex.EncodeToString(h.Sum(nil))
}
