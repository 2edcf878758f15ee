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
	require.Equal(t, []string{"article-first", "biomistral", "card", "simple", "train"}, Names())
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

func TestArticleFirst(t *testing.T) {
	p, err := Load("article-first")
	require.NoError(t, err)
	const article = "Aspirin {wording}\n"
	text, at := p.User(Diseases, article)
	require.Equal(t, article, text[:at[1]])
	seam := p.Seam(article)
	require.Equal(t, len(article), seam)
	require.Equal(t, "\n\nThe article above contains technical terms including diseases, drugs and chemicals. "+
		"Create a list only of the diseases mentioned.\n\nList of extracted diseases:\n", text[seam:])
	between, ok := p.BeforeCopy()
	require.True(t, ok)
	require.Equal(t, "\n\nThe same article again:\n\n", between)

	before, after, ok := ChatML.Render(p.System, text).Cut(text, seam)
	require.True(t, ok)
	require.Equal(t, "<|im_start|>system\n"+p.System+"<|im_end|>\n<|im_start|>user\n"+article, before.Text)
	require.Equal(t, article, before.Text[before.Literal[1][0]:before.Literal[1][1]])
	require.Equal(t, text[seam:]+"<|im_end|>\n<|im_start|>assistant\n", after.Text)
	require.Equal(t, [][2]int{{0, len(text) - seam}}, after.Literal)

	card, err := Load("card")
	require.NoError(t, err)
	require.Zero(t, card.Seam(article))
	_, ok = card.BeforeCopy()
	require.False(t, ok)
}

// TestCutOfTrimmedMessages: a template that trims a message moves the seam, and
// can move it to the message's end.
func TestCutOfTrimmedMessages(t *testing.T) {
	for message, want := range map[string]string{" \nab\n": "<a", "\n\n\nabcd": "<", "ab": "<ab", "a   ": "<a"} {
		trimmed := strings.TrimSpace(message)
		r := Rendered{Text: "<" + trimmed + ">" + trimmed + "!", Literal: [][2]int{{1, 1 + len(trimmed)}}}
		before, after, ok := r.Cut(message, 3)
		if message == "ab" {
			before, after, ok = r.Cut(message, 2)
		}
		require.True(t, ok)
		require.Equal(t, want, before.Text, "%q", message)
		require.Equal(t, r.Text, before.Text+after.Text)
	}
	_, _, ok := Rendered{Text: "AB", Literal: [][2]int{{0, 2}}}.Cut("ab", 1)
	require.False(t, ok)
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
	require.ErrorContains(t, err, "article-first, biomistral, card, simple, train")
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
		"two layouts":      {`{"profiles":{"a":{"user_turn":"{task}{article}","article_first":{"prefix":"{article}","question":"{task}"}}}}`, "both user_turn and article_first"},
		"no prefix":        {`{"profiles":{"a":{"article_first":{"question":"{task}"}}}}`, "article_first.prefix: found {article} 0 times"},
		"article twice":    {`{"profiles":{"a":{"article_first":{"prefix":"{article}{article}","question":"{task}"}}}}`, "article_first.prefix: found {article} 2 times"},
		"task in prefix":   {`{"profiles":{"a":{"article_first":{"prefix":"{task}{article}","question":"{task}"}}}}`, "article_first.prefix: found {task}"},
		"words in prefix":  {`{"profiles":{"a":{"article_first":{"prefix":"{article}{wording}","question":"{task}"}}}}`, "article_first.prefix: found {wording}"},
		"article asked":    {`{"profiles":{"a":{"article_first":{"prefix":"{article}","question":"{task}{article}"}}}}`, "article_first.question: found {article} 1 times"},
		"no question":      {`{"profiles":{"a":{"article_first":{"prefix":"{article}"}}}}`, "article_first.question: found neither {task} nor {wording}"},
		"no copy":          {`{"profiles":{"a":{"article_first":{"prefix":"{article}","question":"{task}","tags":"Again:"}}}}`, "article_first.tags: found {article} 0 times"},
		"two copies":       {`{"profiles":{"a":{"article_first":{"prefix":"{article}","question":"{task}","tags":"{article}{article}"}}}}`, "article_first.tags: found {article} 2 times"},
		"task in tags":     {`{"profiles":{"a":{"article_first":{"prefix":"{article}","question":"{task}","tags":"{wording}{article}"}}}}`, "article_first.tags: found {wording}"},
		"text after copy":  {`{"profiles":{"a":{"article_first":{"prefix":"{article}","question":"{task}","tags":"{article}."}}}}`, `article_first.tags: found "." after {article}`},
		"unknown part":     {`{"profiles":{"a":{"article_first":{"prefix":"{article}","questions":"{task}"}}}}`, `unknown field "questions"`},
		"part not text":    {`{"profiles":{"a":{"article_first":{"prefix":["{article}"],"question":"{task}"}}}}`, "cannot unmarshal array"},
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
			if seam := p.Seam("ARTICLE"); seam != 0 && seam < at[1] {
				t.Fatalf("the prefix ends at byte %d of %q", seam, text)
			}
			if p.Text == "" {
				continue
			}
			r := p.RenderText(text)
			before, after, ok := r.Cut(text, p.Seam("ARTICLE"))
			if !ok || before.Text+after.Text != r.Text {
				t.Fatalf("%q was cut into %q and %q", r.Text, before.Text, after.Text)
			}
		}
	})
}
