package tokenizer

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

func ptr[T any](v T) *T { return &v }

// byteLevelGGUF is the golden byte-level vocabulary as a GGUF file holds it.
func byteLevelGGUF(t testing.TB) (GGUFVocabulary, *Tokenizer) {
	tok := loadGolden(t, "tiny-llama")
	v := GGUFVocabulary{File: "x.gguf", Model: "gpt2", Pre: "llama-bpe"}
	for id := range int32(tok.VocabSize()) {
		v.Tokens = append(v.Tokens, tok.Token(id))
		v.Types = append(v.Types, 1)
		if tok.IsSpecial(id) {
			v.Types[id] = ggufControl
		}
	}
	for _, r := range tok.model.rules() {
		v.Merges = append(v.Merges, tok.Token(r.left)+" "+tok.Token(r.right))
	}
	bos, ok := tok.BOS()
	require.True(t, ok)
	v.BOS = &bos
	return v, tok
}

func TestByteLevelGGUF(t *testing.T) {
	v, want := byteLevelGGUF(t)
	got, err := FromGGUF(v)
	require.NoError(t, err)
	requireSame(t, want, got)
	for _, add := range []bool{false, true} {
		v.AddBOS = &add
		got, err = FromGGUF(v)
		require.NoError(t, err)
		_, ok := got.BOS()
		require.Equal(t, add, ok)
	}
	v.AddEOS, v.EOS = ptr(true), ptr(int32(5))
	got, err = FromGGUF(v)
	require.NoError(t, err)
	ids := got.Encode("x", EncodeOptions{AddSpecial: true}).IDs
	require.Equal(t, int32(5), ids[len(ids)-1])
}

// Each name of a pre-tokenizer cuts as its models' own does.
func TestPreTokenizersOfGGUF(t *testing.T) {
	v, _ := byteLevelGGUF(t)
	const text = "Don't  I'LL 12345 x!!\n\n (ab)Cd/ e\u0301"
	for pre, want := range map[string]string{
		"llama-bpe": "Don|'t| | I|'LL| |123|45| x|!!\n\n| (|ab|)Cd|/| e|\u0301",
		"smollm":    "Don|'t| | I|'|LL| |1|2|3|4|5| x|!!|\n\n| (|ab|)|Cd|/| e|\u0301",
		"gpt-2":     "Don|'t| | I|'|LL| 12345| x|!!|\n\n| (|ab|)|Cd|/| e|\u0301",
		"qwen2":     "Don|'t| | I|'LL| |1|2|3|4|5| x|!!\n\n| (|ab|)Cd|/| é",
		"tekken":    "Don|'t| | I|'LL| |1|2|3|4|5| x|!!\n\n| (|ab|)Cd|/| e\u0301",
		"default":   "Don|'|t| | I|'|LL| |123|45| x|!!|\n\n |(|ab|)|Cd|/| e|\u0301",
	} {
		v.Pre = pre
		tok, err := FromGGUF(v)
		require.NoError(t, err, pre)
		p := piece{text: text, token: noToken}
		if tok.normalizer != nil {
			p = tok.normalizer.normalize(p)
		}
		var words []string
		tok.pre.split(p, func(p piece) { words = append(words, p.text) })
		require.Equal(t, want, strings.Join(words, "|"), pre)
	}
}

// sentencePieceGGUF is a small vocabulary of SentencePiece's kind.
func sentencePieceGGUF() GGUFVocabulary {
	v := GGUFVocabulary{File: "x.gguf", Model: "llama", BOS: ptr(int32(1)), EOS: ptr(int32(2)), Unknown: ptr(int32(0))}
	add := func(token string, score float32, typ int32) {
		v.Tokens, v.Scores, v.Types = append(v.Tokens, token), append(v.Scores, score), append(v.Types, typ)
	}
	add("<unk>", 0, ggufUnknown)
	add("<s>", 0, ggufControl)
	add("</s>", 0, ggufControl)
	for b := range 256 {
		add("<0x"+strings.ToUpper(string("0123456789abcdef"[b>>4])+string("0123456789abcdef"[b&15]))+">", 0, 6)
	}
	for i, token := range []string{"▁t", "he", "▁the", "in", "▁th"} {
		add(token, -float32(i), 1)
	}
	for i, char := range []string{"▁", "t", "h", "e", "i", "n", "s", "<", ">", "é"} {
		add(char, -100-float32(i), 1)
	}
	add("<|im|>", 0, ggufUserDefined)
	return v
}

func TestSentencePieceGGUF(t *testing.T) {
	v := sentencePieceGGUF()
	tok, err := FromGGUF(v)
	require.NoError(t, err)
	tokens := func(text string, o EncodeOptions) string {
		var names []string
		for _, id := range tok.Encode(text, o).IDs {
			names = append(names, tok.Token(id))
		}
		return strings.Join(names, "|")
	}
	var rules []string
	for _, r := range tok.model.rules() {
		rules = append(rules, tok.Token(r.left)+" "+tok.Token(r.right))
	}
	// by the scores of what they make, then by the ids of their parts
	require.Equal(t, []string{"▁ t", "h e", "▁t he", "▁th e", "i n", "▁t h"}, rules)
	require.Equal(t, "<s>|▁the|▁|in", tokens("the in", EncodeOptions{AddSpecial: true}))
	require.Equal(t, "▁|é|<0xE6>|<0x97>|<0xA5>|<0x0A>", tokens("é日\n", EncodeOptions{}))
	require.Equal(t, "▁|▁|<s>|▁the|<|im|>|▁the", tokens(" <s>the<|im|>the", EncodeOptions{ParseSpecial: true}))
	require.Equal(t, "▁|<|s|>", tokens("<s>", EncodeOptions{}))
	require.Equal(t, "the 日", tok.Decode(tok.Encode("the 日", EncodeOptions{AddSpecial: true}).IDs, true))

	v.AddSpacePrefix, v.AddBOS = ptr(false), ptr(false)
	tok, err = FromGGUF(v)
	require.NoError(t, err)
	require.Equal(t, "t|he", tokens("the", EncodeOptions{AddSpecial: true}))
	require.Equal(t, " x", tok.Decode(tok.Encode(" x", EncodeOptions{}).IDs, true))
}

func TestRefusedGGUF(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(v *GGUFVocabulary)
		want  string
	}{
		"model":           {func(v *GGUFVocabulary) { v.Model = "bert" }, `tokenizer.ggml.model: found "bert"`},
		"no tokens":       {func(v *GGUFVocabulary) { v.Tokens = nil }, "tokens"},
		"types":           {func(v *GGUFVocabulary) { v.Types = v.Types[1:] }, "token_type"},
		"scores":          {func(v *GGUFVocabulary) { v.Scores = nil }, "scores"},
		"bos":             {func(v *GGUFVocabulary) { v.BOS = ptr(int32(1 << 20)) }, "token ids"},
		"eos":             {func(v *GGUFVocabulary) { v.EOS = ptr(int32(-1)) }, "token ids"},
		"duplicate token": {func(v *GGUFVocabulary) { v.Tokens[300] = v.Tokens[260] }, "each token once"},
		"long token":      {func(v *GGUFVocabulary) { v.Tokens[260] = strings.Repeat("t", maxPiece+1) }, "a token of"},
		"pre":             {func(v *GGUFVocabulary) { v.Model, v.Pre = "gpt2", "cobol" }, `tokenizer.ggml.pre: found "cobol"`},
		"no pre":          {func(v *GGUFVocabulary) { v.Model = "gpt2" }, `tokenizer.ggml.pre: found ""`},
		"merges":          {func(v *GGUFVocabulary) { v.Model, v.Pre, v.Merges = "gpt2", "gpt-2", []string{"ab"} }, "merges[0]"},
		"merge":           {func(v *GGUFVocabulary) { v.Model, v.Pre, v.Merges = "gpt2", "gpt-2", []string{"t zz"} }, `"zz"`},
	} {
		v := sentencePieceGGUF()
		v.Tokens = append(v.Tokens, make([]string, 400-len(v.Tokens))...)
		for i := range v.Tokens {
			if v.Tokens[i] == "" {
				v.Tokens[i] = "[PAD" + strings.Repeat("x", i) + "]"
				v.Types, v.Scores = append(v.Types, 5), append(v.Scores, -1e9)
			}
		}
		c.spoil(&v)
		_, err := FromGGUF(v)
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad), "%s: %v", name, err)
		require.ErrorContains(t, err, "x.gguf", name)
		require.ErrorContains(t, err, c.want, name)
	}
}

// What is written gives the same tokens again.
func TestMarshalJSON(t *testing.T) {
	fromScores, err := FromGGUF(sentencePieceGGUF())
	require.NoError(t, err)
	v, _ := byteLevelGGUF(t)
	fromMerges, err := FromGGUF(v)
	require.NoError(t, err)
	for _, want := range []*Tokenizer{fromScores, fromMerges, loadGolden(t, "tiny-llama"), loadGolden(t, "tiny-mistral")} {
		data, err := want.MarshalJSON()
		require.NoError(t, err)
		got, err := Parse("written", data)
		require.NoError(t, err)
		requireSame(t, want, got)
	}
}

func requireSame(t *testing.T, want, got *Tokenizer) {
	t.Helper()
	require.Equal(t, want.VocabSize(), got.VocabSize())
	for id := range int32(want.VocabSize()) {
		require.Equal(t, want.Token(id), got.Token(id))
		require.Equal(t, want.IsSpecial(id), got.IsSpecial(id))
	}
	r := newRand(8)
	for range 1000 {
		text := randomText(r)
		for _, o := range []EncodeOptions{{}, {AddSpecial: true, ParseSpecial: true}} {
			e := want.Encode(text, o)
			require.Equal(t, e, got.Encode(text, o), "%q", text)
			require.Equal(t, want.Decode(e.IDs, true), got.Decode(e.IDs, true), "%q", text)
		}
	}
}
