package prompt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medner/medner/badinput"
	"github.com/stretchr/testify/require"
)

func TestBuiltin(t *testing.T) {
	require.Equal(t, []string{"biomistral", "card", "simple", "train"}, Names())
	p, err := Load("simple")
	require.NoError(t, err)
	require.True(t, p.DuplicateBOS)
	const article = "Aspirin {task} {article} <|eot_id|>."
	text, at := p.User(Influences, article)
	require.Equal(t, "The following article contains technical terms including diseases, drugs and chemicals. "+
		"Create a list only of the influences between the chemicals and diseases mentioned.\n\n"+article+
		"\n\nList of extracted influences:\n", text)
	require.Equal(t, article, text[at[0]:at[1]])

	card, err := Load("card")
	require.NoError(t, err)
	text, _ = card.User(Influences, "x")
	require.Contains(t, text, "only of the influences mentioned.")
	text, _ = card.User(Chemicals, "x")
	require.Contains(t, text, "only of the chemicals mentioned.")
}

func TestRender(t *testing.T) {
	for style, want := range map[Style]string{
		Llama3: "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>" +
			"<|start_header_id|>user<|end_header_id|>\n\nU\n<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
		ChatML:   "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU\n<|im_end|>\n<|im_start|>assistant\n",
		Instruct: "<s>[INST] S\n\nU\n [/INST]",
	} {
		r := style.Render("S", "U\n")
		require.Equal(t, want, r.Text)
		var literal []string
		for _, l := range r.Literal {
			literal = append(literal, r.Text[l[0]:l[1]])
		}
		require.Equal(t, []string{"S", "U\n"}, literal)
		require.Len(t, style.Render("", "U").Literal, 1)
	}
	p, err := Load("biomistral")
	require.NoError(t, err)
	r := p.RenderText("U {user}")
	require.Equal(t, "<s>[INST] U {user} [/INST]\n", r.Text)
	require.Equal(t, [][2]int{{10, 18}}, r.Literal)
	require.False(t, p.DuplicateBOS)
}

func TestStyleOf(t *testing.T) {
	for tokens, want := range map[string]Style{
		"<|start_header_id|> <|end_header_id|> <|eot_id|> <s>": Llama3,
		"<|im_start|> <|im_end|>":                              ChatML,
		"<s> </s>":                                             Instruct,
		"<s>":                                                  "",
	} {
		require.Equal(t, want, StyleOf(func(token string) bool { return strings.Contains(tokens, token) }), tokens)
	}
}

func TestLoadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.json")
	write := func(s string) { require.NoError(t, os.WriteFile(path, []byte(s), 0o600)) }
	write(`{"user_turn":"{wording}: {article}","wording":{"diseases":"maladies"},"profiles":{"a":{"system":"x","chat":"template"}}}`)
	p, err := Load(path)
	require.NoError(t, err)
	text, _ := p.User(Diseases, "A")
	require.Equal(t, "maladies: A", text)
	require.Equal(t, Template, p.Chat)

	write(`{"profiles":{"a":{"user_turn":"{task} {article}"},"b":{"user_turn":"{task}: {article}"}}}`)
	_, err = Load(path)
	require.ErrorContains(t, err, "a, b")
	p, err = Load(path + "#b")
	require.NoError(t, err)
	require.Equal(t, "b", p.Name)
	_, err = Load(path + "#c")
	require.Error(t, err)
	_, err = Load("simpel")
	require.ErrorContains(t, err, "biomistral, card, simple, train")
	_, err = Load(filepath.Join(t.TempDir(), "none.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestBadFiles(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"not JSON":         {`user_turn`, "invalid character"},
		"not an object":    {`[1]`, "cannot unmarshal"},
		"empty":            {``, "EOF"},
		"unknown field":    {`{"user_tern":"x"}`, "user_tern"},
		"no profile":       {`{"user_turn":"{task} {article}"}`, "profiles"},
		"no article":       {`{"user_turn":"{task}","profiles":{"a":{}}}`, "{article} 0 times"},
		"two articles":     {`{"user_turn":"{task}{article}{article}","profiles":{"a":{}}}`, "{article} 2 times"},
		"no task":          {`{"user_turn":"{article}","profiles":{"a":{}}}`, "neither {task} nor {wording}"},
		"unknown task":     {`{"user_turn":"{task}{article}","wording":{"genes":"x"},"profiles":{"a":{}}}`, "genes"},
		"template":         {`{"user_turn":"{task}{article}","profiles":{"a":{"template":"[INST]"}}}`, "{user} 0 times"},
		"chat":             {`{"user_turn":"{task}{article}","profiles":{"a":{"chat":"llama"}}}`, `"llama"`},
		"trailing garbage": {`{"user_turn":"{task}{article}","profiles":{"a":{}}} {`, "more after"},
	} {
		_, err := Parse("mine.json", []byte(c.data))
		var bad *badinput.Error
		if !errors.As(err, &bad) || bad.File != "mine.json" {
			t.Errorf("%s: error %v is not a bad input of the file", name, err)
			continue
		}
		require.ErrorContains(t, err, c.want, name)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(builtin)
	f.Fuzz(func(t *testing.T, data []byte) {
		prompts, err := Parse("f", data)
		if err != nil {
			return
		}
		for _, p := range prompts {
			text, at := p.User(Chemicals, "ARTICLE")
			if text[at[0]:at[1]] != "ARTICLE" {
				t.Fatalf("%q", text)
			}
		}
	})
}
