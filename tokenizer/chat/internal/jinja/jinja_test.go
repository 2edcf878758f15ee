package jinja

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/tokenizer/chat"
)

// The templates whose sources the repository carries, and those in the folder
// named by MEDNER_CHAT_TEMPLATES, render as Jinja renders them.
func TestRendersAsJinjaDoes(t *testing.T) {
	var cases struct {
		Conversations [][]chat.Message
		Templates     []struct {
			Name, BOS, EOS string
			Rendered       []*string
		}
	}
	data, err := os.ReadFile("../../testdata/rendered.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &cases))
	tested := 0
	for _, c := range cases.Templates {
		path := filepath.Join(os.Getenv("MEDNER_CHAT_TEMPLATES"), c.Name+".jinja")
		if strings.HasPrefix(c.Name, "tiny-") {
			path = golden.Path(t, c.Name, "chat_template.jinja")
		} else if os.Getenv("MEDNER_CHAT_TEMPLATES") == "" {
			continue
		}
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		render, err := Compile(string(source), chat.Tokens{BOS: c.BOS, EOS: c.EOS})
		require.NoError(t, err, c.Name)
		for i, want := range c.Rendered {
			messages := cases.Conversations[i/2]
			got, err := render(messages, chat.Options{AddGenerationPrompt: i%2 == 1, DateString: chat.DefaultDate})
			if want == nil {
				require.Error(t, err, "%s: %q", c.Name, messages)
				continue
			}
			require.NoError(t, err, "%s: %q", c.Name, messages)
			require.Equal(t, *want, got.Text, "%s: %q", c.Name, messages)
			tested++
		}
	}
	require.NotZero(t, tested)
}

// What came from messages is found as by the renderer in Go.
func TestLiteral(t *testing.T) {
	source, err := os.ReadFile(golden.Path(t, "tiny-mistral", "chat_template.jinja"))
	require.NoError(t, err)
	tokens := chat.Tokens{BOS: "<s>", EOS: "</s>"}
	render, err := Compile(string(source), tokens)
	require.NoError(t, err)
	known, err := chat.FromSource(string(source), tokens)
	require.NoError(t, err)
	messages := []chat.Message{{Role: "user", Content: "a <s>\n b</s>"}, {Role: "assistant", Content: "c"}}
	want, err := known.Render(messages, chat.Options{})
	require.NoError(t, err)
	got, err := render(messages, chat.Options{})
	require.NoError(t, err)
	require.Equal(t, want, got)

	spaced := []chat.Message{{Role: "user", Content: " a  b "}}
	got, err = render(spaced, chat.Options{})
	require.NoError(t, err)
	require.Equal(t, "a  b", got.Text[got.Literal[0][0]:got.Literal[0][1]])
	require.Len(t, got.Literal, 1)
}

func TestFallback(t *testing.T) {
	source := "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{{ ns.n }}:{{ m.content.strip() }};{% endfor %}{{ strftime_now('%Y') }}"
	_, err := chat.FromSource(source, chat.Tokens{})
	require.ErrorContains(t, err, "fallback to Jinja")
	tpl, err := chat.FromSource(source, chat.Tokens{}, chat.WithFallback(Compile))
	require.NoError(t, err)
	require.Equal(t, "jinja", tpl.Name())
	r, err := tpl.Render([]chat.Message{{Role: "user", Content: " x\x1c"}, {Role: "user", Content: "y"}}, chat.Options{})
	require.NoError(t, err)
	require.Equal(t, "1:x;2:y;26 Jul 2024", r.Text)
	require.Equal(t, [][2]int{{2, 3}, {6, 7}}, r.Literal)
}

func TestRefusals(t *testing.T) {
	limit = 200 * time.Millisecond
	defer func() { limit = MaxTime }()
	user := []chat.Message{{Role: "user", Content: "a b"}}
	for name, c := range map[string]struct {
		source   string
		messages []chat.Message
	}{
		"not a template":    {"{% for %}", user},
		"too long":          {strings.Repeat("x", maxSource+1), user},
		"raises":            {"{{ raise_exception('no') }}", user},
		"a file":            {"{% include '/etc/passwd' %}", user},
		"endless":           {"{% for i in range(1000000000) %}{% endfor %}", user},
		"looks at messages": {"{{ messages[0].content.upper() }}{{ messages[0].content|length }}", user},
		"takes apart":       {"{{ messages[0].content[1:] }}", user},
		"noncharacter":      {"{{ messages[0].content }}", []chat.Message{{Role: "user", Content: "\ufdd0"}}},
		"special as role":   {"{{ messages[0].role }}", []chat.Message{{Role: "<|eot_id|>"}}},
	} {
		render, err := Compile(c.source, chat.Tokens{})
		if err == nil {
			_, err = render(c.messages, chat.Options{})
		}
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad), "%s: %v", name, err)
	}
}

func FuzzRender(f *testing.F) {
	f.Add("{{ bos_token }}{% for m in messages %}{{ m['role'] }}: {{ m['content'] | trim }}{% endfor %}", "a", "b")
	f.Add("{{ messages[0].content }}", "\xff <|eot_id|>", "")
	limit = time.Second
	f.Fuzz(func(t *testing.T, source, first, second string) {
		if strings.Contains(source, "range") || len(source) > 200 {
			t.Skip() // may take its time, which TestRefusals covers
		}
		render, err := Compile(source, chat.Tokens{BOS: "<s>", EOS: "</s>"})
		if err != nil {
			return
		}
		r, err := render([]chat.Message{{Role: "user", Content: first}, {Role: "assistant", Content: second}}, chat.Options{})
		if err != nil {
			return
		}
		end := 0
		for _, l := range r.Literal {
			if l[0] < end || l[1] <= l[0] || l[1] > len(r.Text) {
				t.Fatalf("literal %v of %q", r.Literal, r.Text)
			}
			end = l[1]
		}
	})
}
