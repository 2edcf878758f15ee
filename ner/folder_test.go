package ner

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

const minePrompts = `{"profiles": {
	"mine": {"user_turn": "List the {wording} of {article}", "wording": {"chemicals": "drugs", "diseases": "illnesses", "influences": "pairs"}},
	"yours": {"user_turn": "{article}: {wording}?", "wording": {"chemicals": "drugs", "diseases": "illnesses", "influences": "pairs"}}
}}`

// hintedBy returns the prompt that an adapter's folder names, beside which lie a file
// of prompts, a damaged one, and prompts outside of the folder.
func hintedBy(t *testing.T, hints string) (string, string, error) {
	t.Helper()
	outside := t.TempDir()
	dir := filepath.Join(outside, "adapter#1") // a profile's name stands behind the last #
	require.NoError(t, os.Mkdir(dir, 0o700))
	for name, content := range map[string]string{
		HintsFile: hints, "mine.json": minePrompts, "one.json": `{"profiles": {"one": {"user_turn": "{task} {article}"}}}`,
		"bad.json": `{"profiles": 7}`, "../outside.json": minePrompts,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	found, err := promptHint(dir)
	return dir, found, err
}

func TestPromptsThatHintsName(t *testing.T) {
	t.Chdir(t.TempDir()) // where nothing lies
	for hints, want := range map[string]string{
		`{}`:                   "",
		`{"prompt": ""}`:       "",
		`{"prompt": "simple"}`: "simple",
	} {
		_, found, err := hintedBy(t, hints)
		require.NoError(t, err, hints)
		require.Equal(t, want, found, hints)
	}
	for _, name := range []string{"mine.json#yours", "one.json"} {
		dir, found, err := hintedBy(t, fmt.Sprintf(`{"prompt": %q}`, name))
		require.NoError(t, err, "a file beside the hints, wherever the program runs")
		require.Equal(t, filepath.Join(dir, name), found)
	}
}

func TestBadHintsAreRefused(t *testing.T) {
	const inFolder = "expected a file in the same folder, or one of article-first, "
	for hints, want := range map[string]string{
		`{"promt": "simple"}`:                       `unknown field "promt"`,
		`{"prompt": "simple", "x": 1}`:              `unknown field "x"`,
		`{"prompt": 7}`:                             "cannot unmarshal number",
		`{"prompt": "simple"} {"prompt": "simple"}`: "found more after the object, expected one object",
		`{"prompt": "simple"`:                       "unexpected EOF",
		`["simple"]`:                                "cannot unmarshal array",
		`{"prompt": "simpel"}`:                      `prompt: found "simpel", ` + inFolder,
		`{"prompt": "none.json"}`:                   `prompt: found "none.json", ` + inFolder,
		`{"prompt": "../outside.json#mine"}`:        `prompt: found "../outside.json#mine", ` + inFolder,
		`{"prompt": "mine.json"}`:                   "mine.json#NAME",
		`{"prompt": "mine.json#none"}`:              "mine.json#NAME",
		`{"prompt": "bad.json"}`:                    "bad.json: ",
	} {
		dir, _, err := hintedBy(t, hints)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, hints)
		require.Equal(t, filepath.Join(dir, HintsFile), bad.File, hints)
		require.ErrorContains(t, err, want, hints)
	}
}
