package jsontext

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestLoneSurrogate(t *testing.T) {
	for raw, want := range map[string]string{
		`"plain"`:                       "",
		`"\ud83d\ude00"`:                "",
		`"\uD83D\uDE00\u00e4\n"`:        "",
		`"\\ud800"`:                     "",
		`"\\\\ud800\\"`:                 "",
		`"\ufffd"`:                      "",
		`"\ud800"`:                      `\ud800`,
		`"\uDC00"`:                      `\uDC00`,
		`"\ude00\ud83d"`:                `\ude00`,
		`"\ud83d\ud83d\ude00"`:          `\ud83d`,
		`"\ud83d\u0041"`:                `\ud83d`,
		`"\ud83dx\ude00"`:               `\ud83d`,
		`"\ud83d\\ude00"`:               `\ud83d`,
		`"\\\ud800"`:                    `\ud800`,
		`{"a": "b", "c": ["\ud83d\n"]}`: `\ud83d`,
		`{"\udfff": 1}`:                 `\udfff`,
	} {
		require.True(t, json.Valid([]byte(raw)), raw)
		escape, at := LoneSurrogate([]byte(raw))
		require.Equal(t, want, escape, raw)
		require.Equal(t, want, raw[at:at+len(want)], raw)
	}
}

// A string has a lone surrogate just where encoding/json puts U+FFFD into it.
func FuzzLoneSurrogate(f *testing.F) {
	for _, seed := range []string{`"\ud83d\ude00"`, `"\ud83d"`, `"\\ud83d"`, `"\ud83d\ud83d\ude00"`, `"\u`, `\`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		escape, _ := LoneSurrogate(raw)
		var text string
		if !utf8.Valid(raw) || json.Unmarshal(raw, &text) != nil {
			return
		}
		replaced := 0
		for _, r := range text {
			if r == utf8.RuneError {
				replaced++
			}
		}
		written, err := json.Marshal(text) // in which U+FFFD is written as itself
		require.NoError(t, err)
		if replaced == 0 {
			require.Empty(t, escape)
		}
		again, _ := LoneSurrogate(written)
		require.Empty(t, again)
	})
}
