package lora

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFullMatch(t *testing.T) {
	const q = "model.layers.10.self_attn.q_proj"
	for _, c := range []struct {
		pattern string
		want    bool
	}{
		{`.*q_proj`, true},
		{`q_proj`, false},
		{`.*(q|v)_proj$`, true},
		{`model\.layers\.\d+\.self_attn\.q_proj`, true},
		{`model\.layers\.\d\.self_attn\.q_proj`, false},
		{`.*_proj|x`, true},
		{`model|.*q_proj`, true}, // the second branch matches in full
		{`(?i).*Q_PROJ`, true},
		{`(?i:MODEL).*`, true},
		{`^model.*proj\Z`, true},
		{`.*layers\.[0-9]{,2}\..*`, true},
		{`.*layers\.[0-9]{,1}\..*`, false},
		{`.*layers\.[^]5-9]+\.self.*`, true},
		{`[]m]odel.*`, true},
		{`(?P<rest>.*)_proj`, true},
		{`.*layers\.(?:10|11)\..*`, true},
		{`.*\bq_proj\b`, true},
		{`.{32}`, true},
		{``, false},
	} {
		re, err := (&patterns{}).fullMatch(c.pattern)
		require.NoError(t, err, c.pattern)
		require.Equal(t, c.want, re.MatchString(q), c.pattern)
	}
}

// What only one of the two languages knows is refused by name.
func TestForeignConstructs(t *testing.T) {
	for pattern, named := range map[string]string{
		`(?!lm_head).*`:           "(?!",
		`(?=model).*`:             "(?=",
		`.*(?<!k)_proj`:           "(?<!",
		`.*(?<=q)_proj`:           "(?<=",
		`(?<n>a)`:                 "(?<n",
		`(a)\1`:                   `\1`,
		`(?P<n>a)(?P=n)`:          "(?P=",
		`(a)?(?(1)b|c)`:           "(?(",
		`(?>a*)b`:                 "(?>",
		`(?#comment)a`:            "(?#",
		`a*+b`:                    "*+",
		`(?x) a`:                  "(?x",
		`a(?i)b`:                  "(?i",
		`[[:alpha:]]+`:            "[:",
		`\Qa.b\E`:                 `\Q`,
		`\p{L}`:                   `\p`,
		`\u0041`:                  `\u`,
		`\x{41}`:                  `\x`,
		`a\z`:                     `\z`,
		`(a`:                      "missing closing",
		`a\`:                      "backslash",
		`(a{1000}){1000}`:         "repeat",
		`(?:abc){900}(?:de){900}`: "steps",
		`(?:abcdefgh){999}`:       "steps",
	} {
		_, err := (&patterns{}).fullMatch(pattern)
		require.ErrorContains(t, err, named, pattern)
	}
	_, err := (&patterns{}).fullMatch(strings.Repeat("a", maxPattern+1))
	require.ErrorContains(t, err, "bytes")
}

func TestAllPatternsTogetherAreBounded(t *testing.T) {
	p := &patterns{}
	var err error
	for range maxTotal / 1000 {
		if _, err = p.fullMatch(`(?:` + strings.Repeat("a", 998) + `).*`); err != nil {
			break
		}
	}
	require.ErrorContains(t, err, "in all")
}

func TestPatternsAreLinear(t *testing.T) {
	re, err := (&patterns{}).fullMatch(`(a*)*(a|a)*(a+)+b`)
	require.NoError(t, err)
	start := time.Now()
	require.False(t, re.MatchString(strings.Repeat("a", 100_000)))
	require.Less(t, time.Since(start), promptly)
}

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
		p, err := (&patterns{}).suffix(key)
		require.NoError(t, err, key)
		require.Equal(t, want, p.match(q), key)
	}
	_, err := (&patterns{}).suffix(`(?!a)q_proj`)
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
		short, err := (&patterns{}).suffix(key)
		if err != nil || short.re != nil {
			return
		}
		for _, r := range name {
			if r > 127 { // a dot matches a character, not a byte: names of modules are ASCII
				return
			}
		}
		long, err := (&patterns{}).compile(`(.*\.)?(` + key + `)$`)
		if err != nil {
			return
		}
		if short.match(name) != long.MatchString(name) {
			t.Fatalf("%q on %q: %v", key, name, short.match(name))
		}
	})
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{`.*(q|v)_proj`, `(?i)a`, `[]a]`, `a{,3}`, `(?!a)`, `\Z`, `(?P<n>a)`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		re, err := (&patterns{}).fullMatch(pattern)
		if err != nil {
			return
		}
		start := time.Now()
		re.MatchString("model.layers.10.self_attn.q_proj")
		if time.Since(start) > promptly {
			t.Fatal("slow")
		}
	})
}
