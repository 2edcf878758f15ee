package tokenizer

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// smallFile is a tokenizer.json to spoil.
const smallFile = `{"version": "1.0", "added_tokens": [{"id": 4, "content": "<x>", "special": true}],
 "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
 "model": {"type": "BPE", "unk_token": null, "vocab": {"a": 0, "b": 1, "ab": 2, "<0x41>": 3}, "merges": ["a b"]}}`

// spoil sets fields of smallFile, by their paths.
func spoil(t testing.TB, fields map[string]any) []byte {
	var file map[string]any
	require.NoError(t, json.Unmarshal([]byte(smallFile), &file))
	for path, value := range fields {
		at := file
		keys := strings.Split(path, ".")
		for _, key := range keys[:len(keys)-1] {
			at = at[key].(map[string]any)
		}
		at[keys[len(keys)-1]] = value
	}
	data, err := json.Marshal(file)
	require.NoError(t, err)
	return data
}

type list = []any

func TestRefusedFiles(t *testing.T) {
	added := func(id int64, content string) object { return object{"id": id, "content": content} }
	nested := any(nil)
	for range 2000 {
		nested = object{"type": "Sequence", "pretokenizers": list{nested}}
	}
	for name, c := range map[string]struct {
		fields map[string]any
		want   string // in the message
	}{
		"version":                        {map[string]any{"version": "2.0"}, `version: found "2.0"`},
		"another model":                  {map[string]any{"model.type": "Unigram"}, `"Unigram"`},
		"no merges, no type":             {map[string]any{"model": object{"vocab": object{"a": 0}}}, "model.type"},
		"merge of a missing token":       {map[string]any{"model.merges": list{"a z"}}, `model.merges[0]: found "z"`},
		"merge to a missing token":       {map[string]any{"model.merges": list{list{"b", "a"}}}, `model.merges[0]: found "ba"`},
		"merge of three":                 {map[string]any{"model.merges": list{"a b c"}}, "two tokens"},
		"merge of one":                   {map[string]any{"model.merges": list{list{"a"}}}, "two tokens"},
		"merge of numbers":               {map[string]any{"model.merges": list{1}}, "a string"},
		"merges as an object":            {map[string]any{"model.merges": object{}}, "list of pairs"},
		"vocabulary as a list":           {map[string]any{"model.vocab": list{"a"}}, "an object of tokens"},
		"duplicate id":                   {map[string]any{"model.vocab.b": 0}, "the id 0"},
		"the empty token's id":           {map[string]any{"model.vocab": json.RawMessage(`{"": 0, "a": 0}`)}, `the id 0 for "" and "a"`},
		"huge id":                        {map[string]any{"model.vocab.b": 1 << 31}, "the id 2147483648"},
		"enormous id":                    {map[string]any{"model.vocab.b": json.Number("99999999999999999999999")}, "a smaller number"},
		"negative id":                    {map[string]any{"model.vocab.b": -1}, "a whole number"},
		"broken id":                      {map[string]any{"model.vocab.b": 1.5}, "a whole number"},
		"long token":                     {map[string]any{"model.vocab": object{strings.Repeat("a", maxToken+1): 0}}, "a token of"},
		"dropout":                        {map[string]any{"model.dropout": 0.1}, "model.dropout"},
		"prefix":                         {map[string]any{"model.continuing_subword_prefix": "##"}, "continuing_subword_prefix"},
		"suffix":                         {map[string]any{"model.end_of_word_suffix": "</w>"}, "end_of_word_suffix"},
		"missing unknown token":          {map[string]any{"model.unk_token": "<unk>"}, `model.unk_token: found "<unk>"`},
		"empty added token":              {map[string]any{"added_tokens": list{added(4, "")}}, "added_tokens[0].content"},
		"long added token":               {map[string]any{"added_tokens": list{added(4, strings.Repeat("a", maxAdded+1))}}, "added_tokens[0].content"},
		"added token of a wrong id":      {map[string]any{"added_tokens": list{added(9, "<x>")}}, "added_tokens[0].id: found 9"},
		"added token of another's id":    {map[string]any{"added_tokens": list{added(0, "<x>")}}, "added_tokens[0].id: found 0"},
		"added token of a huge id":       {map[string]any{"added_tokens": list{added(1<<30, "<x>")}}, "added_tokens[0].id"},
		"added token twice":              {map[string]any{"added_tokens": list{added(4, "<x>"), added(5, "<x>")}}, "a second time"},
		"added token into a gap":         {map[string]any{"model.vocab.z": 4}, "added_tokens[0].id"},
		"added token, vanishing":         {map[string]any{"added_tokens": list{object{"id": 4, "content": "<x>", "normalized": true}}, "normalizer": object{"type": "Replace", "pattern": object{"String": "<x>"}, "content": ""}}, "leaves nothing"},
		"unknown normalizer":             {map[string]any{"normalizer": object{"type": "Precompiled"}}, `normalizer.type: found "Precompiled"`},
		"unknown pre-tokenizer":          {map[string]any{"pre_tokenizer": object{"type": "Sequence", "pretokenizers": list{object{"type": "Whitespace"}}}}, `pre_tokenizer.pretokenizers[0].type: found "Whitespace"`},
		"unknown post-processor":         {map[string]any{"post_processor": object{"type": "BertProcessing"}}, `"BertProcessing"`},
		"unknown decoder":                {map[string]any{"decoder": object{"type": "WordPiece"}}, `"WordPiece"`},
		"no type":                        {map[string]any{"decoder": object{}}, "no type"},
		"component as a string":          {map[string]any{"decoder": "ByteLevel"}, "an object"},
		"null in a sequence":             {map[string]any{"pre_tokenizer": object{"type": "Sequence", "pretokenizers": list{nil}}}, "null"},
		"deep":                           {map[string]any{"pre_tokenizer": nested}, "nested deeper"},
		"broad":                          {map[string]any{"pre_tokenizer": object{"type": "Sequence", "pretokenizers": make(list, maxList+1)}}, "65 components"},
		"behind ByteLevel":               {map[string]any{"pre_tokenizer": object{"type": "Sequence", "pretokenizers": list{object{"type": "ByteLevel", "add_prefix_space": false}, object{"type": "Digits", "individual_digits": true}}}}, "ByteLevel last"},
		"byte fallback without bytes":    {map[string]any{"model.byte_fallback": true, "pre_tokenizer": object{"type": "ByteLevel", "add_prefix_space": false}}, "byte_fallback"},
		"empty pattern":                  {map[string]any{"pre_tokenizer": object{"type": "Split", "pattern": object{"String": ""}, "behavior": "Isolated", "invert": false}}, "a String or a Regex"},
		"no pattern":                     {map[string]any{"pre_tokenizer": object{"type": "Split", "behavior": "Isolated", "invert": false}}, "no pattern"},
		"broken pattern":                 {map[string]any{"pre_tokenizer": object{"type": "Split", "pattern": object{"Regex": "("}, "behavior": "Isolated", "invert": false}}, "pre_tokenizer.pattern"},
		"a bomb of a pattern":            {map[string]any{"pre_tokenizer": object{"type": "Split", "pattern": object{"Regex": "(a+)+c(?!x)"}, "behavior": "Isolated", "invert": false}}, "too long"},
		"unknown behavior":               {map[string]any{"pre_tokenizer": object{"type": "Split", "pattern": object{"String": "a"}, "behavior": "Cut", "invert": false}}, `"Cut"`},
		"no invert":                      {map[string]any{"pre_tokenizer": object{"type": "Split", "pattern": object{"String": "a"}, "behavior": "Isolated"}}, "no invert"},
		"wrong kind":                     {map[string]any{"pre_tokenizer": object{"type": "Digits", "individual_digits": "yes"}}, "true or false"},
		"two replacements":               {map[string]any{"pre_tokenizer": object{"type": "Metaspace", "replacement": "ab"}}, "one character"},
		"unknown scheme":                 {map[string]any{"pre_tokenizer": object{"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"}}, `"last"`},
		"schemes that disagree":          {map[string]any{"pre_tokenizer": object{"type": "Metaspace", "replacement": "_", "add_prefix_space": false}}, "add_prefix_space"},
		"decoder's regex":                {map[string]any{"decoder": object{"type": "Replace", "pattern": object{"Regex": "a+"}, "content": ""}}, "a String"},
		"strip of two":                   {map[string]any{"decoder": object{"type": "Strip", "content": "ab", "start": 1, "stop": 0}}, "one character"},
		"strip of a million":             {map[string]any{"decoder": object{"type": "Strip", "content": "a", "start": 1 << 20, "stop": 0}}, "small numbers"},
		"bytes behind a join":            {map[string]any{"decoder": object{"type": "Sequence", "decoders": list{object{"type": "Fuse"}, object{"type": "ByteFallback"}}}}, "before that step"},
		"template without a text":        {map[string]any{"post_processor": object{"type": "TemplateProcessing", "single": list{}, "special_tokens": object{}}}, "0 texts"},
		"template of two":                {map[string]any{"post_processor": object{"type": "TemplateProcessing", "single": list{object{"Sequence": object{"id": "B"}}}, "special_tokens": object{}}}, "the Sequence A"},
		"template of an unknown token":   {map[string]any{"post_processor": object{"type": "TemplateProcessing", "single": list{object{"SpecialToken": object{"id": "<s>"}}, object{"Sequence": object{"id": "A"}}}, "special_tokens": object{}}}, `"<s>"`},
		"template of an id out of range": {map[string]any{"post_processor": object{"type": "TemplateProcessing", "single": list{object{"SpecialToken": object{"id": "<s>"}}, object{"Sequence": object{"id": "A"}}}, "special_tokens": object{"<s>": object{"ids": list{99}}}}}, "the id 99"},
	} {
		begun := time.Now()
		_, err := Parse("tokenizer.json", spoil(t, c.fields))
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad), "%s: %v", name, err)
		require.ErrorContains(t, err, "tokenizer.json", name)
		require.ErrorContains(t, err, c.want, name)
		require.Less(t, time.Since(begun), time.Minute, name)
	}
	for _, data := range []string{"", "{", "[]", "null", `"x"`, "{}", `{"version": 1}`, `{"version": "1.0", "model": []}`, `{"version": "1.0", "added_tokens": {}}`, smallFile + "x", strings.Repeat("[", 1<<20)} {
		_, err := Parse("tokenizer.json", []byte(data))
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad), "%.40q: %v", data, err)
	}
	_, err := Parse("small", []byte(smallFile))
	require.NoError(t, err)
	_, err = Load("testdata/none.json")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Words of a megabyte and vocabularies that merge all of it.
func TestHostileMerges(t *testing.T) {
	vocab, merges := object{"a": 0, "b": 1}, list{}
	for n, token := 2, "aa"; len(token) <= 1<<12; n, token = n+1, token+token {
		vocab[token] = n
		merges = append(merges, list{token[:len(token)/2], token[:len(token)/2]})
	}
	tok, err := Parse("merges", spoil(t, map[string]any{"model.vocab": vocab, "model.merges": merges, "added_tokens": list{}}))
	require.NoError(t, err)
	begun := time.Now()
	e := tok.Encode(strings.Repeat("a", 1<<20)+"b", EncodeOptions{})
	require.Len(t, e.IDs, 1<<8+1)
	require.Less(t, time.Since(begun), time.Minute)
}

// Added tokens that hide each other, and a text of their beginnings.
func TestHostileAddedTokens(t *testing.T) {
	tokens := list{}
	for n := 1; n < maxAdded; n++ {
		tokens = append(tokens, object{"id": 3 + n, "content": strings.Repeat("c", n) + "d"})
	}
	tok, err := Parse("added", spoil(t, map[string]any{"added_tokens": tokens}))
	require.NoError(t, err)
	begun := time.Now()
	require.Empty(t, tok.Encode(strings.Repeat("c", 1<<16), EncodeOptions{}).IDs)
	require.Less(t, time.Since(begun), time.Minute)
	require.Equal(t, []int32{3 + 3}, tok.Encode("cccd", EncodeOptions{}).IDs)
}

// Errors quote little of a file, however long what is wrong with it.
func TestErrorsQuoteLittle(t *testing.T) {
	long := strings.Repeat("日", 1<<16)
	one := func(fields object) list { return list{fields} }
	for name, fields := range map[string]map[string]any{
		"version":        {"version": long},
		"model":          {"model.type": long},
		"prefix":         {"model.continuing_subword_prefix": long},
		"suffix":         {"model.end_of_word_suffix": long},
		"unknown token":  {"model.unk_token": long},
		"merge":          {"model.merges": list{long}},
		"vocabulary":     {"model.vocab": object{long: -1}},
		"token":          {"model.vocab": object{long: 0}},
		"normalizer":     {"normalizer": object{"type": long}},
		"pre-tokenizer":  {"pre_tokenizer": object{"type": long}},
		"behavior":       {"pre_tokenizer": object{"type": "Split", "pattern": object{"String": "a"}, "behavior": long, "invert": false}},
		"pattern":        {"pre_tokenizer": object{"type": "Split", "pattern": object{long: "a"}, "behavior": "Isolated", "invert": false}},
		"mark":           {"pre_tokenizer": object{"type": "Metaspace", "replacement": long}},
		"scheme":         {"pre_tokenizer": object{"type": "Metaspace", "replacement": "_", "prepend_scheme": long}},
		"stripped":       {"decoder": object{"type": "Strip", "content": long, "start": 0, "stop": 0}},
		"special token":  {"post_processor": object{"type": "TemplateProcessing", "single": one(object{"SpecialToken": object{"id": long}}), "special_tokens": object{}}},
		"template":       {"post_processor": object{"type": "TemplateProcessing", "single": one(object{"x": long}), "special_tokens": object{}}},
		"added token":    {"added_tokens": one(object{"id": 4, "content": long})},
		"a list of text": {"added_tokens": long},
	} {
		_, err := Parse("t", spoil(t, fields))
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
		require.Less(t, len(bad.Field)+len(bad.Found)+len(bad.Want), 1000, name)
		if bad.Err != nil {
			require.Less(t, len(bad.Err.Error()), 1000, name)
		}
		require.True(t, utf8.ValidString(err.Error()), "%s: %v", name, err)
	}
	for name, v := range map[string]GGUFVocabulary{
		"model":  {Model: long, Tokens: []string{"a"}},
		"pre":    {Model: "gpt2", Pre: long, Tokens: []string{"a"}},
		"merges": {Model: "gpt2", Pre: "gpt-2", Tokens: []string{"a"}, Merges: []string{long}},
	} {
		_, err := FromGGUF(v)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
		require.Less(t, len(bad.Found), 1000, name)
	}
}
