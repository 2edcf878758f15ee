package safetensors

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/internal/files"
)

// Bounds that no real index comes near.
const (
	maxIndex  = 64 << 20
	maxShards = 10_000
)

// openIndex opens the shards that an index names. Like transformers, it also
// takes the tensors of these shards that the index doesn't name.
func (r *Reader) openIndex(path string) error {
	data, err := files.Read(path, maxIndex, "an index")
	if err != nil {
		return err
	}
	shardOf, err := parseIndex(path, data)
	if err != nil {
		return err
	}
	shards := slices.Compact(slices.Sorted(maps.Values(shardOf)))
	if len(shards) > maxShards {
		return badinput.New(path, "weight_map", fmt.Sprintf("%d shards", len(shards)), fmt.Sprintf("at most %d", maxShards))
	}
	for _, shard := range shards {
		err := r.openShard(filepath.Join(filepath.Dir(path), shard), func(name string) bool {
			home, indexed := shardOf[name]
			return !indexed || home == shard
		})
		if errors.Is(err, os.ErrNotExist) {
			return badinput.New(path, "weight_map: "+shard, "no such file", "the shard beside the index")
		}
		if err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shardOf)) {
		if _, ok := r.tensors[name]; !ok {
			return badinput.New(filepath.Join(filepath.Dir(path), shardOf[name]), clip.Text(name), "no such tensor", "it in this shard, as "+filepath.Base(path)+" says")
		}
	}
	return nil
}

// parseIndex returns the name of the shard that holds each tensor.
func parseIndex(path string, data []byte) (map[string]string, error) {
	const field = "weight_map"
	p := newJSONReader(path, data)
	var shardOf map[string]string
	err := p.object("index", func(key string) error {
		if key != field {
			return p.skip(clip.Text(key))
		}
		if shardOf != nil {
			return p.bad(field, "the key twice", "it once")
		}
		shardOf = map[string]string{}
		return p.strings(field, shardOf)
	})
	if err == nil {
		err = p.end("index")
	}
	if err != nil {
		return nil, err
	}
	if len(shardOf) == 0 {
		return nil, p.bad(field, "nothing", "an object from tensor names to shards")
	}
	for _, name := range slices.Sorted(maps.Keys(shardOf)) {
		shard := shardOf[name]
		if strings.ContainsAny(shard, `/\`) || !filepath.IsLocal(shard) || shard == "." {
			return nil, p.bad(field+": "+clip.Text(name), fmt.Sprintf("%q", clip.Text(shard)), "the name of a file beside the index")
		}
	}
	return shardOf, nil
}
