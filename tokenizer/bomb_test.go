package tokenizer

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"testing"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

func replaceBy(from, to string) object {
	return object{"type": "Replace", "pattern": object{"String": from}, "content": to}
}

func replaceAll(pattern, to string) object {
	return object{"type": "Replace", "pattern": object{"Regex": pattern}, "content": to}
}

func sequenceOf(field string, parts ...any) object {
	return object{"type": "Sequence", field: parts}
}

func times(n int, part any) (list []any) {
	for range n {
		list = append(list, part)
	}
	return list
}

func templateOf(before, ids int) object {
	return object{
		"type":           "TemplateProcessing",
		"single":         append(times(before, object{"SpecialToken": object{"id": "s"}}), object{"Sequence": object{"id": "A"}}),
		"special_tokens": object{"s": object{"ids": make([]int, ids)}},
	}
}

// Files of a few kilobytes whose components multiply what they get.
func TestBombs(t *testing.T) {
	split := object{"type": "Split", "pattern": object{"Regex": "[\\s\\S]"}, "behavior": "Isolated", "invert": false}
	mark := func(m string) object { return object{"type": "Metaspace", "replacement": m} }
	for name, c := range map[string]struct {
		fields map[string]any
		want   string
	}{
		"normalizer":              {map[string]any{"normalizer": sequenceOf("normalizers", times(40, replaceBy("a", "aa"))...)}, "normalizer.normalizers[5].content: found a text that may grow 64 times"},
		"in sequences":            {map[string]any{"normalizer": sequenceOf("normalizers", times(6, sequenceOf("normalizers", replaceBy("a", "aa")))...)}, "normalizer.normalizers[5].normalizers[0].content"},
		"by a pattern":            {map[string]any{"normalizer": sequenceOf("normalizers", times(40, replaceAll("a|b", "aa"))...)}, "may grow 64 times"},
		"where nothing is":        {map[string]any{"normalizer": sequenceOf("normalizers", times(40, replaceAll("(?=a)", "a"))...)}, "may grow 64 times"},
		"long content":            {map[string]any{"normalizer": replaceBy("a", strings.Repeat("a", maxReplaced+1))}, "normalizer.content: found 257 bytes"},
		"long pattern":            {map[string]any{"normalizer": replaceBy(strings.Repeat("a", maxReplaced+1), "a")}, "normalizer.pattern: found 257 bytes"},
		"prepend":                 {map[string]any{"normalizer": sequenceOf("normalizers", times(40, object{"type": "Prepend", "prepend": "aa"})...)}, "prepend: found a text that may grow"},
		"long prepend":            {map[string]any{"normalizer": object{"type": "Prepend", "prepend": strings.Repeat("a", 1<<20)}}, "prepend: found 1048576 bytes"},
		"forms":                   {map[string]any{"normalizer": sequenceOf("normalizers", object{"type": "NFKC"}, replaceBy("aaa", "\ufdfa\ufdfa"), object{"type": "NFKD"}, replaceBy("aaa", "\ufdfa\ufdfa"), object{"type": "NFKD"})}, "may grow"},
		"parts":                   {map[string]any{"normalizer": sequenceOf("normalizers", times(9, sequenceOf("normalizers", times(9, replaceBy("a", "b"))...))...)}, "more than 64 components"},
		"pieces of pieces":        {map[string]any{"pre_tokenizer": sequenceOf("pretokenizers", mark("x"), split, mark("y"), split, mark("z"), split, mark("w"), split, mark("v"), split, mark("u"), split)}, "may grow"},
		"normalizer and the rest": {map[string]any{"normalizer": replaceBy("a", strings.Repeat("b", 20)), "pre_tokenizer": mark("▁")}, "pre_tokenizer.replacement: found a text that may grow 80 times"},
		"decoder":                 {map[string]any{"decoder": sequenceOf("decoders", times(40, replaceBy("a", "aa"))...)}, "decoder.decoders[5].content: found a text that may grow 64 times"},
		"joined decoder":          {map[string]any{"decoder": sequenceOf("decoders", append([]any{object{"type": "Fuse"}}, times(40, replaceBy("a", "aa"))...)...)}, "decoder.decoders[6].content"},
		"decoder's long pattern":  {map[string]any{"decoder": replaceBy(strings.Repeat("a", 1<<20), "b")}, "decoder.pattern"},
		"template":                {map[string]any{"post_processor": templateOf(20000, 2000)}, "post_processor.single[0]: found 2000 tokens around a text"},
		"templates":               {map[string]any{"post_processor": sequenceOf("processors", times(10, templateOf(1, 100))...)}, "more than 256 tokens around a text"},
		"processors":              {map[string]any{"post_processor": sequenceOf("processors", times(9, sequenceOf("processors", times(9, templateOf(1, 1))...))...)}, "more than 64 components"},
		"the unknown token":       {map[string]any{"model.vocab": object{strings.Repeat("u", 300): 0}, "model.merges": list{}, "model.unk_token": strings.Repeat("u", 300), "added_tokens": list{}}, "model.unk_token: found 300 bytes"},
		"charsmap":                {map[string]any{"normalizer": object{"type": "Precompiled", "precompiled_charsmap": strings.Repeat("A", 1<<16)}}, `normalizer.type: found "Precompiled"`},
		"alternatives":            {map[string]any{"pre_tokenizer": object{"type": "Split", "pattern": object{"Regex": strings.Repeat("aa|", 1<<16) + "b"}, "behavior": "Isolated", "invert": false}}, "pre_tokenizer.pattern"},
	} {
		data := spoil(t, c.fields)
		_, err := Parse("bomb.json", data)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
		require.ErrorContains(t, err, "bomb.json: ", name)
		require.ErrorContains(t, err, c.want, name)
	}
}

// What stays below the limits grows no more than they say.
func TestGrowthIsBounded(t *testing.T) {
	tok, err := Parse("five", spoil(t, map[string]any{"normalizer": sequenceOf("normalizers", times(5, replaceBy("a", "aa"))...), "decoder": sequenceOf("decoders", times(5, replaceBy("a", "aa"))...)}))
	require.NoError(t, err)
	e := tok.Encode(strings.Repeat("a", 1000), EncodeOptions{})
	require.Len(t, e.IDs, 1000*maxGrowth)
	require.Len(t, tok.Decode(make([]int32, 1000), false), 1000*maxGrowth)
	for _, fields := range []map[string]any{ // what Llama-2 and relatives have
		{"normalizer": sequenceOf("normalizers", object{"type": "Prepend", "prepend": "▁"}, replaceBy(" ", "▁"))},
		{"normalizer": sequenceOf("normalizers", object{"type": "NFKC"}, replaceAll(" {2,}", " "), replaceBy(" ", "▁"))},
		{"normalizer": object{"type": "NFKC"}, "pre_tokenizer": object{"type": "Metaspace", "replacement": "▁"}},
	} {
		_, err := Parse("real", spoil(t, fields))
		require.NoError(t, err)
	}
}

// Added tokens of spaces that take the spaces around them look at each space once.
func TestSpacesAreLookedAtOnce(t *testing.T) {
	for _, side := range []string{"lstrip", "rstrip"} {
		tok, err := Parse("spaces", spoil(t, map[string]any{"added_tokens": list{object{"id": 4, "content": " ", side: true}}}))
		require.NoError(t, err)
		require.NotEmpty(t, tok.Encode(strings.Repeat(" ", 1<<20), EncodeOptions{}).IDs)
	}
}

// Merges of one pair, a million times, are one merge.
func TestSameMerges(t *testing.T) {
	data := strings.Replace(smallFile, `["a b"]`, "["+strings.Repeat(`"a b",`, 1<<18)+`"a b"]`, 1)
	tok, err := Parse("same", []byte(data))
	require.NoError(t, err)
	require.Equal(t, []int32{2}, tok.Encode("ab", EncodeOptions{}).IDs)
}

// Pieces that are made of each other in many ways.
func TestGGUFMergesAreBounded(t *testing.T) {
	v := GGUFVocabulary{File: "x.gguf", Model: "llama"}
	for n := 1; n <= maxPiece; n++ {
		v.Tokens, v.Scores = append(v.Tokens, strings.Repeat("a", n)), append(v.Scores, float32(-n))
	}
	_, err := FromGGUF(v)
	require.ErrorContains(t, err, fmt.Sprintf("x.gguf: tokenizer.ggml.tokens: found more than %d ways", maxPieceMerges*maxPiece))
}

// regexFile is a tokenizer.json with a Split by a pattern.
func regexFile(t testing.TB, pattern string) []byte {
	return spoil(t, map[string]any{"pre_tokenizer": object{"type": "Split", "pattern": object{"Regex": pattern}, "behavior": "Isolated", "invert": false}})
}

// A pattern that takes exponential time elsewhere takes linear time here, or is
// refused by its name.
func TestSlowPatterns(t *testing.T) {
	tok, err := Parse("linear", regexFile(t, `(q+)+z`))
	require.NoError(t, err)
	e := tok.Encode(strings.Repeat(strings.Repeat("q", 30)+"\n", 1000)+"ab", EncodeOptions{})
	require.NoError(t, e.Err)
	require.Equal(t, []int32{2}, e.IDs)
	_, err = Parse("slow", regexFile(t, `(q+)+z(?!z)`))
	require.ErrorContains(t, err, `slow: pre_tokenizer.pattern: the pattern "(q+)+z(?!z)" takes too long`)
}

// A pattern that passes the probes but takes too long on a text gives an error that
// names it, and no tokens.
func TestPatternFails(t *testing.T) {
	tok, err := Parse("late", regexFile(t, `a(?!b)`))
	require.NoError(t, err)
	p := tok.pre[0].(splitter).pattern.(*regex)
	require.Nil(t, p.linear)
	p.re, err = regexp2.Compile(`(q+)+z(?!z)`, regexp2.OptionMaxBacktrackingStackSize(100))
	require.NoError(t, err)
	e := tok.Encode("ab"+strings.Repeat("q", 1000), EncodeOptions{AddSpecial: true})
	require.Empty(t, e.IDs)
	require.Empty(t, e.Offsets)
	var bad *badinput.Error
	require.ErrorAs(t, e.Err, &bad)
	require.ErrorContains(t, e.Err, `late: pre_tokenizer.pattern: found "a(?!b)", which takes too long on a text of 1002 bytes`)
	require.True(t, p.each("ab", time.Now().Add(time.Hour), func(int, int) {}))
}

// The standard library's engine finds what the backtracking one does.
func TestLinearEngine(t *testing.T) {
	r := newRand(3)
	atoms := []string{"a", "b", "1", " ", `\s`, `\S`, `[ab]`, `[^a]`, `\p{L}`, `\d`, "é", ".", `[\s1]`, `\n`}
	var pattern func(depth int) string
	pattern = func(depth int) string {
		if depth == 0 {
			return atoms[r.IntN(len(atoms))]
		}
		x, y := pattern(depth-1), pattern(depth-1)
		return []string{x + y, x + "|" + y, "(" + x + ")" + y, "(?:" + x + "|" + y + ")", "(?:" + x + ")+" + y, x + "?" + y, x + "*?" + y, "(" + x + "){1,3}"}[r.IntN(8)]
	}
	linear := 0
	for range 600 {
		source := pattern(1 + r.IntN(3))
		portable, err := portable(source)
		require.NoError(t, err)
		re, least := compileLinear(portable)
		if re == nil {
			continue
		}
		linear++
		other, err := regexp2.Compile(portable)
		require.NoError(t, err)
		both := []*regex{{linear: re, least: least}, {re: other}}
		for range 20 {
			text := ""
			for range r.IntN(12) {
				text += []string{"a", "b", "1", " ", "\n", "é", "\u00a0", "\u0085", "日", "\xff"}[r.IntN(10)]
			}
			want, got := pieces(both[1], text), pieces(both[0], text)
			require.Equal(t, want, got, "%s on %q", source, text)
			for _, p := range got {
				require.GreaterOrEqual(t, len(p), least, source)
			}
		}
	}
	require.Greater(t, linear, 200)
	for _, source := range []string{`(?i:a)`, `a(?!b)`, `a*`, `(a*)+b`, `(?>a)`, `a++`, `\h`, `[\S]`, `a|`, `(?:a{1,40}){1,40}`} {
		re, _ := compileLinear(source)
		require.Nil(t, re, source)
	}
	parsed, err := syntax.Parse("(?:ab|c{2,3}|日)d?", syntax.Perl)
	require.NoError(t, err)
	require.Equal(t, 2, leastBytes(parsed))
}
