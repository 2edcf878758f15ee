package ner

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
	"github.com/stretchr/testify/require"
)

// silent is a generator that writes nothing.
type silent struct{ context int }

func (s silent) StopIDs() []int32 { return []int32{2} }
func (s silent) Context() int     { return s.context }
func (s silent) Generate(context.Context, model.Request) (*model.Result, error) {
	return &model.Result{FinishReason: model.FinishStop}, nil
}

// reading returns an extractor that asks with a prompt of a file, or a built-in
// one.
func reading(t *testing.T, tok *tokenizer.Tokenizer, prompt string, template *chat.Template, options ...Option) *Extractor {
	t.Helper()
	if strings.HasPrefix(prompt, "{") {
		path := filepath.Join(t.TempDir(), "prompt.json")
		require.NoError(t, os.WriteFile(path, []byte(prompt), 0o600))
		prompt = path
	}
	e, err := NewWithEngine(Engine{Generator: silent{8192}, Tokenizer: tok, Template: template}, append([]Option{WithPrompt(prompt)}, options...)...)
	require.NoError(t, err)
	return e
}

// TestArticleFirstIsAsTrained: the ids of every part are those with which an
// adapter of the default model was trained.
func TestArticleFirstIsAsTrained(t *testing.T) {
	at, err := modelstore.Locate("")
	if err != nil {
		t.Skip(err)
	}
	tok, err := tokenizer.Load(filepath.Join(at.Base, "tokenizer.json"))
	require.NoError(t, err)
	data, err := os.ReadFile("testdata/article-first.json")
	require.NoError(t, err)
	var reference struct {
		Articles []struct {
			ID, Text  string
			Prefix    []int32 `json:"prefix_ids"`
			Again     []int32 `json:"again_ids"`
			Copy      []int32 `json:"copy_ids"`
			Questions map[prompt.Task]struct {
				IDs []int32 `json:"question_ids"`
			}
		}
	}
	require.NoError(t, json.Unmarshal(data, &reference))
	require.NotEmpty(t, reference.Articles)
	e := reading(t, tok, "article-first", nil)
	for _, a := range reference.Articles {
		questions, _, err := questionsAbout(e, a.Text)
		require.NoError(t, err)
		require.Len(t, questions, 3)
		for _, q := range questions {
			ids, err := e.tokens(q)
			require.NoError(t, err)
			require.Equal(t, slices.Concat(a.Prefix, a.Questions[q.task].IDs), ids, "%s: %s", a.ID, q.task)
			c, ok, err := e.copyOf(q)
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, slices.Concat(a.Prefix, a.Again, a.Copy), c.ids, a.ID)
			require.Equal(t, len(a.Prefix)+len(a.Again), c.first)
			requireCovers(t, tok, a.Text, c)
		}
	}
}

// requireCovers requires that the tokens of a copy stand for the text's bytes,
// one after the other.
func requireCovers(t *testing.T, tok *tokenizer.Tokenizer, text string, c copied) {
	t.Helper()
	require.Len(t, c.tokens, len(c.ids)-c.first)
	for i, at := range c.tokens {
		written := string(tok.TokenBytes(c.ids[c.first+i]))
		covered := lineEnds.Replace(text[at[0]:at[1]])
		if i == 0 {
			written = strings.TrimPrefix(written, " ") // SentencePiece puts a blank before a text
		}
		require.Contains(t, covered, strings.ToValidUTF8(written, ""), "token %d", i)
		if i > 0 {
			require.LessOrEqual(t, c.tokens[i-1][0], at[0])
		}
	}
}

const mine = `{"profiles": {"mine": {"system": "You list things.", "article_first": {
	"prefix": "Read this:\n{article}", "question": "\n\nList its {task}:", "tags": "\n\nOnce more: {article}"}CHAT}}}`

// TestArticleFirstUnderAnyTemplate: whatever marks a model has around messages,
// the prefix is the same for all branches, and the parts are the whole prompt.
func TestArticleFirstUnderAnyTemplate(t *testing.T) {
	load := func(model string) *tokenizer.Tokenizer {
		tok, err := tokenizer.Load(golden.Path(t, model, "tokenizer.json"))
		require.NoError(t, err)
		return tok
	}
	llama, mistral := load("tiny-llama"), load("tiny-mistral")
	trims, err := chat.FromSource("{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}\n{% endfor %}<answer>", chat.Tokens{BOS: "<|begin_of_text|>"})
	require.NoError(t, err)
	folds, err := chat.FromSource("{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}[{{ m.content }}]{% endfor %}", chat.Tokens{})
	require.NoError(t, err)
	const article = "Aspirin causes <|eot_id|> 胃 ulcers."
	for name, style := range map[string]struct {
		tok      *tokenizer.Tokenizer
		chat     string
		template *chat.Template
		begins   string
	}{
		"plain":           {llama, ``, nil, "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou list things.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"},
		"two BOS":         {llama, `, "duplicate_bos": true`, nil, "<|begin_of_text|><|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou list things.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"},
		"template":        {llama, `, "chat": "template"`, trims, "<|begin_of_text|><system>You list things.\n<user>"},
		"folded system":   {llama, `, "chat": "template"`, folds, "<|begin_of_text|>[You list things.\n\n"},
		"SentencePiece":   {mistral, ``, nil, "<s>[INST] You list things.\n\n"},
		"text of its own": {llama, `, "template": "Text {user}\n{system}"`, nil, "<|begin_of_text|>Text "},
	} {
		t.Run(name, func(t *testing.T) {
			tok := style.tok
			e := reading(t, tok, strings.Replace(mine, "CHAT", style.chat, 1), style.template)
			questions, _, err := questionsAbout(e, article)
			require.NoError(t, err)
			c, ok, err := e.copyOf(questions[0])
			require.NoError(t, err)
			require.True(t, ok)
			prefix := tok.Encode(style.begins+"Read this:\n"+article, tokenizer.EncodeOptions{ParseSpecial: true, Literal: [][2]int{{len(style.begins), len(style.begins) + len(article) + 11}}}).IDs
			require.Equal(t, prefix, c.ids[:len(prefix)])
			require.Equal(t, tok.Encode("\n\nOnce more: ", tokenizer.EncodeOptions{}).IDs, c.ids[len(prefix):c.first])
			require.Equal(t, tok.Encode(article, tokenizer.EncodeOptions{}).IDs, c.ids[c.first:])
			requireCovers(t, tok, article, c)
			for _, q := range questions {
				ids, err := e.tokens(q)
				require.NoError(t, err)
				require.Equal(t, prefix, ids[:len(prefix)])
				require.True(t, strings.HasPrefix(strings.TrimLeft(tok.Decode(ids[len(prefix):], false), " \n"), "List its "+string(q.task)+":"))
				if begin := tok.Encode("\n\nList its ", tokenizer.EncodeOptions{}).IDs; style.tok == mistral {
					require.Equal(t, begin[:3], ids[len(prefix):][:3], "a part by itself")
				}
			}
		})
	}

	rewrites, err := chat.FromSource("{% for m in messages %}{{ m.content | upper }}{% endfor %}", chat.Tokens{})
	require.NoError(t, err)
	e := reading(t, llama, strings.Replace(mine, "CHAT", `, "chat": "template"`, 1), rewrites)
	_, _, err = questionsAbout(e, article)
	require.ErrorContains(t, err, "rewrites the user's turn")
}

// questionsAbout returns an extractor's questions about a text, and the number of
// pieces.
func questionsAbout(e *Extractor, text string) ([]question, int, error) {
	p := &pieces{e: e, text: text}
	questions, err := e.questions(&document.Document{Text: text}, prompt.Tasks(), p)
	return questions, p.most, err
}

// TestArticleFirstInPieces: all branches about a long article are about the same
// pieces, and the offsets of the copies' tokens are the document's, however its
// lines end.
func TestArticleFirstInPieces(t *testing.T) {
	tok, err := tokenizer.Load(golden.Path(t, "tiny-llama", "tokenizer.json"))
	require.NoError(t, err)
	for _, end := range []string{"\n", "\r\n", "\r"} {
		text := end + " " + strings.Repeat("Aspirin causes"+end+"ulcers. Ibuprofen (C₁₃H₁₈O₂) does"+end+end+"so too. ", 20)
		e := reading(t, tok, strings.Replace(mine, "CHAT", "", 1), nil, WithChunkTokens(100))
		questions, pieces, err := questionsAbout(e, text)
		require.NoError(t, err)
		require.Greater(t, pieces, 3)
		require.Len(t, questions, 3*pieces)
		read := 0
		for i, q := range questions {
			first := questions[q.piece]
			require.Equal(t, first.article, q.article)
			require.Equal(t, first.user[:first.seam], q.user[:q.seam])
			require.Equal(t, text[q.start:q.start+len(q.article)], q.article)
			c, ok, err := e.copyOf(q)
			require.NoError(t, err)
			require.True(t, ok)
			requireCovers(t, tok, text, c)
			if i < pieces {
				require.Empty(t, strings.TrimSpace(text[read:max(read, c.tokens[0][0])]), "text that no piece has")
				read = c.tokens[len(c.tokens)-1][1]
			}
		}
		require.Equal(t, strings.TrimSpace(text), strings.TrimSpace(text[:read]))
	}
}

// TestArticleFirstNeedsRoomForTheCopy: a piece is no longer than lets its prompt
// hold it twice.
func TestArticleFirstNeedsRoomForTheCopy(t *testing.T) {
	tok, err := tokenizer.Load(golden.Path(t, "tiny-llama", "tokenizer.json"))
	require.NoError(t, err)
	e := reading(t, tok, strings.Replace(mine, "CHAT", "", 1), nil, WithMaxNewTokens(10), WithChunkTokens(0))
	e.generator = silent{400}
	text := strings.Repeat("Aspirin causes ulcers. ", 200)
	questions, pieces, err := questionsAbout(e, text)
	require.NoError(t, err)
	require.Greater(t, pieces, 1)
	for _, q := range questions {
		c, _, err := e.copyOf(q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(c.ids), 400)
	}
	e.generator = silent{90}
	_, _, err = questionsAbout(e, text)
	require.ErrorContains(t, err, "context: found 90 positions")
	require.ErrorContains(t, err, "an article twice")
}
