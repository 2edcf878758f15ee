package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// TestFolders checks folders whose files name added tokens in all ways against
// what scripts/tokenizer_folders.py wrote.
func TestFolders(t *testing.T) {
	data, err := os.ReadFile("testdata/folders.json")
	require.NoError(t, err)
	var golden struct {
		Base    map[string]json.RawMessage
		Folders []struct {
			Added      json.RawMessage `json:"added_tokens"`
			Normalizer json.RawMessage
			Files      map[string]json.RawMessage
			Want       []struct {
				Text           string
				IDs            []int32
				Offsets        [][2]int
				Decoded, Plain string
			}
		}
	}
	require.NoError(t, json.Unmarshal(data, &golden))
	require.Len(t, golden.Folders, 30)
	for i, f := range golden.Folders {
		golden.Base["added_tokens"], golden.Base["normalizer"] = f.Added, f.Normalizer
		own, err := json.Marshal(golden.Base)
		require.NoError(t, err)
		files := map[string][]byte{vocabularyFile: own}
		for name, raw := range f.Files {
			files[name] = raw
		}
		tok, err := parseFolder("folder", files)
		require.NoError(t, err, "%d: %s", i, f.Files)
		written, err := tok.MarshalJSON()
		require.NoError(t, err)
		again, err := Parse("written", written)
		require.NoError(t, err)
		for _, w := range f.Want {
			for _, tok := range []*Tokenizer{tok, again} {
				e := tok.Encode(w.Text, EncodeOptions{AddSpecial: true, ParseSpecial: true})
				require.Equal(t, w.IDs, e.IDs, "%d: %q", i, w.Text)
				require.Equal(t, w.Offsets, e.CharOffsets(w.Text), "%d: %q", i, w.Text)
				require.Equal(t, w.Decoded, tok.Decode(w.IDs, false), "%d: %q", i, w.Text)
				require.Equal(t, w.Plain, tok.Decode(w.IDs, true), "%d: %q", i, w.Text)
			}
			for _, id := range tok.Encode(w.Text, EncodeOptions{}).IDs {
				require.False(t, tok.IsSpecial(id), "%d: %q", i, w.Text)
			}
		}
	}
}

// A folder counts with its neighbours, a tokenizer.json by its path alone.
func TestLoadFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	write(vocabularyFile, smallFile)
	write(configFile, `{"added_tokens_decoder": {"9": {"content": "<y>", "special": true}}, "bos_token": null}`)
	write(specialFile, `{"eos_token": "<z>"}`) // not read beside added_tokens_decoder
	tok, err := Load(dir)
	require.NoError(t, err)
	require.Equal(t, []int32{2, 5}, tok.Encode("ab<y>", EncodeOptions{ParseSpecial: true}).IDs)
	require.Equal(t, 6, tok.VocabSize(), "the id is the next one that is free")
	require.True(t, tok.IsSpecial(5))
	tok, err = Load(filepath.Join(dir, vocabularyFile))
	require.NoError(t, err)
	require.Equal(t, 5, tok.VocabSize())
	require.NoError(t, os.Remove(filepath.Join(dir, vocabularyFile)))
	_, err = Load(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestRefusedFolders(t *testing.T) {
	for want, files := range map[string]map[string]string{
		`tokenizer_config.json: added_tokens_decoder["x"]: found no number`: {configFile: `{"added_tokens_decoder": {"x": {"content": "a"}}}`},
		`added_tokens_decoder["5"]: found {}`:                               {configFile: `{"added_tokens_decoder": {"5": {}}}`},
		`added_tokens_decoder["6"]: found "a"`:                              {configFile: `{"added_tokens_decoder": {"6": "a"}}`},
		`added_tokens_decoder["7"]: found a token of 257 bytes`:             {configFile: `{"added_tokens_decoder": {"7": {"content": "` + strings.Repeat("a", 257) + `"}}}`},
		`added_tokens_decoder: found []`:                                    {configFile: `{"added_tokens_decoder": []}`},
		`bos_token: found 3`:                                                {configFile: `{"bos_token": 3}`},
		`extra_special_tokens[1]: found 1`:                                  {configFile: `{"extra_special_tokens": ["a", 1]}`},
		`extra_special_tokens: found "a"`:                                   {configFile: `{"extra_special_tokens": "a"}`},
		`special_tokens_map.json: eos_token: found []`:                      {specialFile: `{"eos_token": []}`},
		`special_tokens_map.json: found [1]`:                                {specialFile: `[1]`},
		`added_tokens.json: <q>: found "5"`:                                 {addedFile: `{"<q>": "5"}`},
		`eos_token: found {"Content":"x"}`:                                  {specialFile: `{"eos_token": {"Content":"x"}}`},
		`eos_token: found {"content":"x","lstrip":1}`:                       {specialFile: `{"eos_token": {"content":"x","lstrip":1}}`},
		`special_tokens_map.json: found more after the object`:              {specialFile: `{"eos_token": "x"}7`},
		`tokenizer_config.json: found more after the object`:                {configFile: `{} {}`},
		`added_tokens.json: found more after the object`:                    {addedFile: `{"<q>": 5}]`},
		`added_tokens.json: `:                                               {addedFile: `{"<q>": 5`},
	} {
		contents := map[string][]byte{vocabularyFile: []byte(smallFile)}
		for name, data := range files {
			contents[name] = []byte(data)
		}
		_, err := parseFolder("in", contents)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, want)
		require.ErrorContains(t, err, want)
	}
}
