package ner

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
)

// calibrationOf returns the calibration that an extractor with this key finds in
// a folder.
func calibrationOf(key confidence.Key, dir string) (*confidence.Calibration, error) {
	e := &Extractor{settings: settings{profile: Default, penalty: 1, grounded: true}, using: Generate}
	e.prompts = []*prompt.Prompt{{Name: key.Prompt}}
	e.subject = &subject{about: document.Model{Name: key.Model, Adapter: key.Adapter, Precision: key.Precision}, calibrations: newFolder(dir).calibrations}
	err := e.calibrate()
	return e.calibration, err
}

func TestCalibrationsBesideAnAdapter(t *testing.T) {
	dir := t.TempDir()
	key := confidence.Key{Model: "m", Adapter: "a", Prompt: "simple", Precision: "f32", Decoding: "repetition penalty 1, grounded"}
	fast := key
	fast.Precision = "fast"
	write := func(name string, key confidence.Key) {
		c := confidence.Calibration{Key: key, Tasks: map[string]*confidence.Curve{"chemicals": {Blocks: []confidence.Block{{Value: 0.5, Count: 10}}}}}
		data, err := c.Marshal()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	c, err := calibrationOf(key, dir)
	require.NoError(t, err)
	require.Nil(t, c)
	write("calibration.json", key)
	write("calibration-fast.json", fast)
	for _, k := range []confidence.Key{key, fast} {
		c, err := calibrationOf(k, dir)
		require.NoError(t, err)
		require.Equal(t, k, c.Key)
	}
	other := key
	other.Prompt = "card"
	c, err = calibrationOf(other, dir)
	require.NoError(t, err)
	require.Nil(t, c, "none for another prompt")
	c, err = calibrationOf(key, filepath.Join(dir, "calibration.json", "none"))
	require.NoError(t, err)
	require.Nil(t, c)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "calibration-b.json"), []byte("{"), 0o600))
	_, err = calibrationOf(other, dir)
	require.ErrorContains(t, err, "calibration-b.json")
}

// What changes log-probabilities is part of what a calibration is for.
func TestKeyNamesWhatChangesNumbers(t *testing.T) {
	base, adapter := golden.Path(t, "tiny-llama-nf4"), golden.Path(t, "adapters/plain")
	keys := map[confidence.Key]bool{}
	for _, o := range []model.Options{
		{}, {LoRA: model.Unmerged}, // the same: it is the default on 4-bit bases
		{LoRA: model.Merge}, {LoRA: model.MergeNF4}, {KV: "f16"}, {Precision: model.Fast}, {Hold: model.HoldF32},
	} {
		o.Adapters = []string{adapter}
		e, err := Open(t.Context(), base, WithModelOptions(o))
		require.NoError(t, err)
		keys[e.Key()] = true
		require.NoError(t, e.Close())
	}
	require.Len(t, keys, 6)
	dir := filepath.Join(golden.Root(), "testdata", "goldens-tags")
	bio := []string{"O", "B-Chemical", "I-Chemical", "B-Disease", "I-Disease"}
	keys = map[confidence.Key]bool{}
	for _, labels := range [][]string{nil, bio, {"O", "B-Disease", "I-Disease", "B-Chemical", "I-Chemical"}} {
		o := model.Options{Adapters: []string{filepath.Join(dir, "adapters", "lora")}, Labels: labels}
		m, err := model.Open(t.Context(), filepath.Join(dir, "models", "llama"), o)
		require.NoError(t, err)
		e, err := New(m, WithPrompt("article-first"))
		require.NoError(t, err)
		keys[e.Key()] = true
		require.NoError(t, m.Close())
	}
	require.Len(t, keys, 2, "labels that are the head's own change nothing")
}
