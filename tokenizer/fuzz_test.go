package tokenizer

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/medner/medner/internal/golden"
)

// FuzzParse checks that no file makes Parse, or a tokenizer that it accepts,
// panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(smallFile))
	for _, fields := range []map[string]any{
		{"pre_tokenizer": object{"type": "ByteLevel", "add_prefix_space": true}, "decoder": object{"type": "ByteLevel"}},
		{"pre_tokenizer": object{"type": "Metaspace", "replacement": "▁"}, "decoder": object{"type": "Metaspace", "replacement": "▁"}},
		{"normalizer": object{"type": "Sequence", "normalizers": list{object{"type": "NFKC"}, object{"type": "Prepend", "prepend": "a"}}}},
		{"model.byte_fallback": true, "decoder": object{"type": "Sequence", "decoders": list{object{"type": "ByteFallback"}, object{"type": "Fuse"}, object{"type": "Strip", "content": " ", "start": 1, "stop": 1}}}},
		{"added_tokens": list{object{"id": 4, "content": " x", "lstrip": true, "rstrip": true, "single_word": true, "normalized": true}}},
		{"post_processor": object{"type": "TemplateProcessing", "single": list{object{"SpecialToken": object{"id": "s"}}, object{"Sequence": object{"id": "A"}}}, "special_tokens": object{"s": object{"ids": list{4}}}}},
	} {
		f.Add(spoil(f, fields))
	}
	for _, bomb := range []map[string]any{ // some are refused, some just not
		{"normalizer": sequenceOf("normalizers", times(5, replaceBy("a", "aa"))...), "decoder": sequenceOf("decoders", times(5, replaceBy("a", "aa"))...)},
		{"normalizer": sequenceOf("normalizers", times(6, replaceBy("a", "aa"))...)},
		{"normalizer": sequenceOf("normalizers", object{"type": "Prepend", "prepend": "aaa"}, object{"type": "NFKC"}, replaceBy("b", "aaaaaa"))},
		{"pre_tokenizer": sequenceOf("pretokenizers", object{"type": "Metaspace", "replacement": "a"}, object{"type": "Digits", "individual_digits": true}, object{"type": "Metaspace", "replacement": "b"})},
		{"post_processor": templateOf(16, 16)},
		{"model.unk_token": "ab", "added_tokens": list{object{"id": 4, "content": " ", "lstrip": true, "rstrip": true}}},
	} {
		f.Add(spoil(f, bomb))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Contains(string(data), "Regex") {
			t.Skip() // takes its time on purpose, see compileRegex
		}
		if tok, err := Parse("fuzz", data); err == nil {
			checkBounds(t, tok)
		}
	})
}

// checkBounds checks that a tokenizer makes no more of texts than growth.go says, and
// that what it writes is read.
func checkBounds(t *testing.T, tok *Tokenizer) {
	for _, text := range []string{"a <x>  ab é日 x\xff", strings.Repeat("a", 64), strings.Repeat(" b1", 32), "\ufdfa"} {
		e := tok.Encode(text, EncodeOptions{AddSpecial: true, ParseSpecial: true})
		if most := 11*maxGrowth*len(text) + maxAround; len(e.IDs) > most {
			t.Fatalf("%q: %d tokens, more than %d", text, len(e.IDs), most)
		}
		e.CharOffsets(text)
		tok.Decode(e.IDs, true)
	}
	for id := range min(int32(tok.VocabSize()), 64) {
		token, _ := tok.decoded(id)
		if n, most := len(tok.Decode([]int32{id, id, id}, false)), 3*maxGrowth*(2*len(token)+1); n > most {
			t.Fatalf("%q: %d bytes, more than %d", token, n, most)
		}
	}
	written, err := tok.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("written", written); err != nil {
		t.Fatalf("%s: %v", written, err)
	}
}

// FuzzFolder checks that no files beside a tokenizer.json make reading them panic,
// and that an added token comes back that has no flags and no other one within.
func FuzzFolder(f *testing.F) {
	f.Add([]byte(`{"added_tokens_decoder": {"9": {"content": "<y>", "special": true}}, "bos_token": null}`), []byte(`{}`), []byte(`{}`))
	f.Add([]byte(`{"bos_token": {"__type": "AddedToken", "content": "ab", "lstrip": true}, "x_token": "a"}`), []byte(`{"eos_token": {"content": " "}}`), []byte(`{"<q>": 7, "b": 4}`))
	f.Add([]byte(`{"bos_token": "ab", "x_token": "a"}`), []byte(`{}`), []byte(`{}`))
	f.Add([]byte(`{"additional_special_tokens": ["a", {"content": "<x>"}], "pad_token": "", "extra_special_tokens": {"i": "b"}}`), []byte(`{"extra_special_tokens": ["c"]}`), []byte(`[]`))
	f.Fuzz(func(t *testing.T, config, special, added []byte) {
		tok, err := parseFolder("fuzz", map[string][]byte{vocabularyFile: []byte(smallFile), configFile: config, specialFile: special, addedFile: added})
		if err != nil {
			return
		}
		checkBounds(t, tok)
		for _, a := range tok.added {
			// Special tokens are looked for first, also in what others are written as.
			within := slices.ContainsFunc(tok.added, func(o addedToken) bool { return o.Content != a.Content && strings.Contains(a.Content, o.Content) })
			if a.SingleWord || a.LStrip || a.RStrip || within {
				continue
			}
			if e := tok.Encode(a.Content, EncodeOptions{ParseSpecial: true}); len(e.IDs) != 1 {
				t.Fatalf("%q: %v", a.Content, e.IDs)
			}
			e := tok.Encode(a.Content, EncodeOptions{})
			if !a.Special || len(e.IDs) == 0 || !tok.IsSpecial(e.IDs[0]) {
				continue
			}
			// A character that a file makes special has no other token as text.
			if token, _ := tok.decoded(e.IDs[0]); len(token) > 1 {
				t.Fatalf("%q as text: %v", a.Content, e.IDs)
			}
		}
	})
}

// FuzzEncode checks that text comes back, with offsets that cover it in order.
func FuzzEncode(f *testing.F) {
	for _, text := range []string{"", "Aspirin 5 mg", " a\r\n\n b", "é日🧬👩\u200d⚕️", "\xff\xf0\x9f", "<|eot_id|><s>", "▁▁ ▁", "I'LL don't 1234"} {
		f.Add(text, true)
	}
	llama, mistral := fuzzTokenizer(f, "tiny-llama"), fuzzTokenizer(f, "tiny-mistral")
	f.Fuzz(func(t *testing.T, text string, special bool) {
		for _, tok := range []*Tokenizer{llama, mistral} {
			e := tok.Encode(text, EncodeOptions{ParseSpecial: special})
			end := 0
			for i, o := range e.Offsets {
				if o[0] > o[1] || o[0] > end || o[1] < end || o[1] > len(text) {
					t.Fatalf("%q: offsets %v at %d", text, e.Offsets, i)
				}
				end = o[1]
			}
			if end != len(text) {
				t.Fatalf("%q: offsets end at %d", text, end)
			}
		}
		if !utf8.ValidString(text) {
			return
		}
		ids := llama.Encode(text, EncodeOptions{ParseSpecial: special}).IDs
		if got := llama.Decode(ids, false); got != text {
			t.Fatalf("%q comes back as %q", text, got)
		}
		ids = mistral.Encode(text, EncodeOptions{}).IDs
		if got, want := mistral.Decode(ids, false), strings.ReplaceAll(text, "▁", " "); got != want {
			t.Fatalf("%q comes back as %q", want, got)
		}
	})
}

// FuzzStream checks that a stream's parts are whole characters and make up the
// decoded text.
func FuzzStream(f *testing.F) {
	f.Add([]byte{1, 2, 3, 250, 0, 0xc3, 0xa9})
	f.Add([]byte("\xf0\x9f\xa7\xac and \xe6\x97\xa5"))
	llama, mistral := fuzzTokenizer(f, "tiny-llama"), fuzzTokenizer(f, "tiny-mistral")
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, tok := range []*Tokenizer{llama, mistral} {
			var ids []int32
			for len(data) > 1 { // a byte's token, or any
				if data[0]%2 == 0 {
					ids = append(ids, max(tok.model.bytes[data[1]], tok.model.fallback[data[1]]))
				} else {
					ids = append(ids, int32(data[0])<<8>>1|int32(data[1]))
				}
				data = data[2:]
			}
			var parts []string
			s := tok.NewStream(false)
			for _, id := range ids {
				parts = append(parts, s.Push(id))
			}
			parts = append(parts, s.Flush())
			if i := slices.IndexFunc(parts, func(p string) bool { return !utf8.ValidString(p) }); i >= 0 {
				t.Fatalf("%v: part %q", ids, parts[i])
			}
			if got, want := strings.Join(parts, ""), tok.Decode(ids, false); got != want {
				t.Fatalf("%v: %q, not %q", ids, got, want)
			}
		}
	})
}

func fuzzTokenizer(f *testing.F, model string) *Tokenizer {
	data, err := os.ReadFile(golden.Path(f, model, "tokenizer.json"))
	if err != nil {
		f.Fatal(err)
	}
	tok, err := Parse(model, data)
	if err != nil {
		f.Fatal(err)
	}
	return tok
}
