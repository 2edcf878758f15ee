package tokenizer

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The parts of a stream are whole characters and make up what Decode returns.
func TestStreamIsDecode(t *testing.T) {
	for _, model := range goldenModels {
		tok := loadGolden(t, model)
		r := newRand(6)
		for range 3000 {
			ids := make([]int32, r.IntN(20))
			for i := range ids {
				ids[i] = int32(r.IntN(tok.VocabSize()+2)) - 1
				if r.IntN(2) == 0 { // bytes, of which most characters are made
					ids[i] = tok.model.bytes[r.IntN(256)]
					if !tok.model.byteLevel {
						ids[i] = tok.model.fallback[r.IntN(256)]
					}
				}
			}
			for _, skip := range []bool{false, true} {
				var text strings.Builder
				s := tok.NewStream(skip)
				for _, id := range ids {
					part := s.Push(id)
					if !utf8.ValidString(part) {
						t.Fatalf("%s: %v: part %q", model, ids, part)
					}
					text.WriteString(part)
				}
				text.WriteString(s.Flush())
				require.Equal(t, tok.Decode(ids, skip), text.String(), "%s: %v", model, ids)
			}
		}
	}
}

// Text comes as soon as it is settled.
func TestStreamIsPrompt(t *testing.T) {
	for model, want := range map[string][]string{
		// 🧬 in four bytes, of which the last one makes the character
		"tiny-llama": {"x", "", "", "", "🧬", "y", ""},
		// in a run of bytes, a later one may yet spoil all of them
		"tiny-mistral": {"x", "", "", "", "", "🧬y", ""},
	} {
		tok := loadGolden(t, model)
		ids := []int32{tok.vocab.lookup("x")}
		for _, b := range []byte("🧬") {
			if tok.model.byteLevel {
				ids = append(ids, tok.model.bytes[b])
			} else {
				ids = append(ids, tok.model.fallback[b])
			}
		}
		ids = append(ids, tok.vocab.lookup("y"))
		var got []string
		s := tok.NewStream(false)
		for _, id := range ids {
			got = append(got, s.Push(id))
		}
		require.Equal(t, want, append(got, s.Flush()), model)
	}
}

// Wrong bytes become U+FFFD as Rust's from_utf8_lossy has it: one for each
// longest beginning of a character.
func TestWrongBytes(t *testing.T) {
	tok := loadGolden(t, "tiny-llama")
	for raw, want := range map[string]string{
		"\xff":                          "�",
		"a\xf0\x9f\xa7":                 "a�",
		"\xf0\x9f\xa7b":                 "�b",
		"\xf0\x9f\xf0\x9f\xa7\xac":      "�🧬",
		"\xe0\x80\x80":                  "���",
		"\xed\xa0\x80":                  "���",
		"\xf4\x90\x80\x80":              "����",
		"\xc3\x28\xc3":                  "�(�",
		"\xe6\x97\xe6\x97\xa5\x97":      "�日�",
		"\xf0\x90\x80\xc0\xf5\xc1é\xc3": "����é�",
	} {
		var ids []int32
		for _, b := range []byte(raw) {
			ids = append(ids, tok.model.bytes[b])
		}
		require.Equal(t, want, tok.Decode(ids, false), "%q", raw)
	}
}

// Token by token, a text's bytes come back.
func TestTokenBytes(t *testing.T) {
	llama, mistral := loadGolden(t, "tiny-llama"), loadGolden(t, "tiny-mistral")
	r := newRand(7)
	for range 2000 {
		text := randomText(r) + "\xff\xc3"
		var raw []byte
		for _, id := range llama.Encode(text, EncodeOptions{}).IDs {
			raw = append(raw, llama.TokenBytes(id)...)
		}
		require.Equal(t, text, string(raw))
		raw = nil
		for _, id := range mistral.Encode(text, EncodeOptions{}).IDs {
			raw = append(raw, mistral.TokenBytes(id)...)
		}
		require.Equal(t, " "+strings.ReplaceAll(text, "▁", " "), string(raw))
	}
	bos, ok := llama.BOS()
	require.True(t, ok)
	require.Nil(t, llama.TokenBytes(bos))
	require.Nil(t, llama.TokenBytes(-1))
	require.Nil(t, llama.TokenBytes(int32(llama.VocabSize())))
}
