package pyregexp

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// promptly is far more than a busy machine needs, and far less than a search
// without bound.
const promptly = time.Minute

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
		re, err := (&Compiler{}).FullMatch(c.pattern)
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
		_, err := (&Compiler{}).FullMatch(pattern)
		require.ErrorContains(t, err, named, pattern)
	}
	_, err := (&Compiler{}).FullMatch(strings.Repeat("a", maxPattern+1))
	require.ErrorContains(t, err, "bytes")
}

func TestAllPatternsTogetherAreBounded(t *testing.T) {
	p := &Compiler{}
	var err error
	for range maxTotal / 1000 {
		if _, err = p.FullMatch(`(?:` + strings.Repeat("a", 998) + `).*`); err != nil {
			break
		}
	}
	require.ErrorContains(t, err, "in all")
}

func TestPatternsAreLinear(t *testing.T) {
	re, err := (&Compiler{}).FullMatch(`(a*)*(a|a)*(a+)+b`)
	require.NoError(t, err)
	start := time.Now()
	require.False(t, re.MatchString(strings.Repeat("a", 100_000)))
	require.Less(t, time.Since(start), promptly)
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{`.*(q|v)_proj`, `(?i)a`, `[]a]`, `a{,3}`, `(?!a)`, `\Z`, `(?P<n>a)`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		re, err := (&Compiler{}).FullMatch(pattern)
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
