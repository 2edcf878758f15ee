package checkpoint

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// folder writes files of the golden tiny-llama, or of the given contents, into
// a new directory.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		data := []byte(content)
		if content == "golden" {
			var err error
			data, err = os.ReadFile(golden.Path(t, "tiny-llama", name))
			require.NoError(t, err)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	return dir
}

func openText(t *testing.T, path string) *Text {
	t.Helper()
	text, err := OpenText(path)
	require.NoError(t, err)
	return text
}

// A model's text is the same whatever its layout, with its weights or without.
func TestTextsOfOneModelAgree(t *testing.T) {
	dir := golden.Path(t, "tiny-llama")
	messages := []chat.Message{{Role: "user", Content: "Which drugs?"}}
	want := openText(t, dir)
	tok, err := want.Tokenizer()
	require.NoError(t, err)
	template, err := want.Template()
	require.NoError(t, err)
	rendered, err := template.Render(messages, chat.Options{})
	require.NoError(t, err)
	hints, err := want.Generation()
	require.NoError(t, err)
	opened := open(t, "testdata/tiny-llama.gguf").Text()
	for name, text := range map[string]*Text{
		"directory with weights": open(t, dir).Text(), "GGUF": openText(t, "testdata/tiny-llama.gguf"), "GGUF with weights": opened,
	} {
		other, err := text.Tokenizer()
		require.NoError(t, err, name)
		again, err := text.Tokenizer()
		require.NoError(t, err, name)
		require.Same(t, other, again, name)
		o := tokenizer.EncodeOptions{AddSpecial: true, ParseSpecial: true}
		require.Equal(t, tok.Encode(rendered.Text, o), other.Encode(rendered.Text, o), name)
		template, err := text.Template()
		require.NoError(t, err, name)
		got, err := template.Render(messages, chat.Options{})
		require.NoError(t, err, name)
		require.Equal(t, rendered, got, name)
		g, err := text.Generation()
		require.NoError(t, err, name)
		require.Equal(t, hints, g, name)
	}
}

// Only what is asked for has to be there.
func TestTextWithoutTheRest(t *testing.T) {
	var absent *AbsentError
	bare := openText(t, folder(t, map[string]string{"tokenizer.json": "golden"}))
	_, err := bare.Tokenizer()
	require.NoError(t, err)
	_, err = bare.Template()
	require.ErrorAs(t, err, &absent)
	require.Equal(t, "chat template", absent.What)
	g, err := bare.Generation()
	require.NoError(t, err)
	require.Equal(t, int32(-1), g.BosTokenID)

	alone := openText(t, golden.Path(t, "tiny-llama", "tokenizer.json"))
	_, err = alone.Tokenizer()
	require.NoError(t, err)
	_, err = alone.Template()
	require.ErrorAs(t, err, &absent)
	files, err := alone.Files()
	require.NoError(t, err)
	require.Contains(t, files, "tokenizer.json")

	dir := folder(t, map[string]string{"chat_template.jinja": "golden", "tokenizer_config.json": "golden"})
	mute := openText(t, dir)
	_, err = mute.Template()
	require.NoError(t, err)
	_, err = mute.Tokenizer()
	require.ErrorAs(t, err, &absent)
	require.Equal(t, "tokenizer", absent.What)
	var bad *badinput.Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, filepath.Join(dir, "tokenizer.json"), bad.File)

	var none Text
	_, err = none.Tokenizer()
	require.ErrorAs(t, err, &absent)
	_, err = none.Template()
	require.ErrorAs(t, err, &absent)
	g, err = none.Generation()
	require.NoError(t, err)
	require.Equal(t, float32(1), g.RepetitionPenalty)
	files, err = none.Files()
	require.NoError(t, err)
	require.Empty(t, files)
}

func TestNoText(t *testing.T) {
	_, err := OpenText(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	file := filepath.Join(t.TempDir(), "x.bin")
	require.NoError(t, os.WriteFile(file, []byte("PK\x03\x04"), 0o600))
	_, err = OpenText(file)
	var bad *badinput.Error
	require.ErrorAs(t, err, &bad)
}

// The names that templates print come from tokenizer_config.json, then from the
// ids of config.json.
func TestSpecialTokens(t *testing.T) {
	const strange = `{"model_type": "strange", "bos_token_id": 2000, "eos_token_id": [2003, 2004]}`
	tok, err := openText(t, golden.Path(t, "tiny-llama")).Tokenizer()
	require.NoError(t, err)
	for name, test := range map[string]struct {
		files map[string]string
		want  chat.Tokens
	}{
		"named":             {map[string]string{"tokenizer_config.json": `{"bos_token":"<s>","eos_token":{"content":"</s>"}}`, "config.json": strange}, chat.Tokens{BOS: "<s>", EOS: "</s>"}},
		"null is none":      {map[string]string{"tokenizer_config.json": `{"bos_token":null,"eos_token":"</s>"}`, "config.json": strange}, chat.Tokens{EOS: "</s>"}},
		"one of them":       {map[string]string{"tokenizer_config.json": `{"eos_token":"</s>"}`, "config.json": strange}, chat.Tokens{BOS: tok.Token(2000), EOS: "</s>"}},
		"ids":               {map[string]string{"config.json": strange}, chat.Tokens{BOS: tok.Token(2000), EOS: tok.Token(2003)}},
		"nothing says":      {nil, chat.Tokens{}},
		"the map first":     {map[string]string{"tokenizer_config.json": `{"bos_token":"<s>","eos_token":"</s>"}`, "special_tokens_map.json": `{"bos_token":{"content":"<b>"}}`}, chat.Tokens{BOS: "<b>", EOS: "</s>"}},
		"the map not read":  {map[string]string{"tokenizer_config.json": `{"bos_token":"<s>","eos_token":null,"added_tokens_decoder":{}}`, "special_tokens_map.json": `{"bos_token":"<b>","eos_token":"<e>"}`}, chat.Tokens{BOS: "<s>"}},
		"ids, no tokenizer": {map[string]string{"config.json": strange, "tokenizer.json": ""}, chat.Tokens{}},
	} {
		files := map[string]string{"tokenizer.json": "golden"}
		for file, content := range test.files {
			files[file] = content
		}
		if files["tokenizer.json"] == "" {
			delete(files, "tokenizer.json")
		}
		got, err := openText(t, folder(t, files)).specialTokens()
		require.NoError(t, err, name)
		require.Equal(t, test.want, got, name)
	}
	for _, config := range []string{`{"bos_token":1}`, `{"eos_token":[]}`, `{`} {
		_, err := openText(t, folder(t, map[string]string{"tokenizer_config.json": config})).specialTokens()
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
		require.ErrorContains(t, err, "tokenizer_config.json")
	}
}

// A template that can't be run is an error of the template, not of the rest.
func TestTemplateErrors(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"chat_template.jinja":   {"chat_template.jinja": "{{ messages"},
		"tokenizer_config.json": {"tokenizer_config.json": `{"chat_template": "{{ messages"}`},
	} {
		files["tokenizer.json"] = "golden"
		text := openText(t, folder(t, files))
		_, err := text.Tokenizer()
		require.NoError(t, err)
		_, err = text.Template()
		require.ErrorContains(t, err, name)
		var absent *AbsentError
		require.NotErrorAs(t, err, &absent)
	}
}
