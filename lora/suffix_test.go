package lora

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/pyregexp"
)

func TestSuffix(t *testing.T) {
	const q = "model.layers.1.self_attn.q_proj"
	for key, want := range map[string]bool{
		"q_proj":                           true,
		"_proj":                            false, // behind a dot only
		"attn.q_proj":                      false,
		"self_attn.q_proj":                 true,
		"1.self_attn.q_proj":               true,
		"layers.1.self_attn.q_proj":        true,
		"layers.2.self_attn.q_proj":        false,
		q:                                  true,
		"x" + q:                            false,
		"model.layers.1.self_attn":         false,
		".q_proj":                          false, // the dot is any character, but one
		"self_attn.q.proj":                 true,
		"q_proj|v_proj":                    true,
		"^model.layers.1.self_attn.q_proj": true,
		`.*\.1\..*`:                        true,
		`(k|v)_proj`:                       false,
		`[qk]_proj`:                        true,
	} {
		p, err := newSuffixPattern(&pyregexp.Compiler{}, key)
		require.NoError(t, err, key)
		require.Equal(t, want, p.match(q), key)
	}
	_, err := newSuffixPattern(&pyregexp.Compiler{}, `(?!a)q_proj`)
	require.Error(t, err)
}

// Patterns of names and dots take a short cut: it must agree with the long way.
func FuzzSuffix(f *testing.F) {
	f.Add("q_proj", "model.q_proj")
	f.Add(".q", "a.bq")
	f.Add("a.b", "a.b")
	f.Fuzz(func(t *testing.T, key, name string) {
		if strings.ContainsAny(name, "\n") || strings.ToValidUTF8(name, "") != name || key == "" {
			return
		}
		short, err := newSuffixPattern(&pyregexp.Compiler{}, key)
		if err != nil || short.re != nil {
			return
		}
		for _, r := range name {
			if r > 127 { // a dot matches a character, not a byte: names of modules are ASCII
				return
			}
		}
		long, err := (&pyregexp.Compiler{}).Match(`(.*\.)?(` + key + `)$`)
		if err != nil {
			return
		}
		if short.match(name) != long.MatchString(name) {
			t.Fatalf("%q on %q: %v", key, name, short.match(name))
		}
	})
}
