package server

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model"
)

// naiveStop looks for stop strings in all of a text that has come so far.
func naiveStop(text string, stops []string) (out string, stopped bool) {
	for end := 0; end <= len(text); end++ {
		longest := 0
		for _, stop := range stops {
			if strings.HasSuffix(text[:end], stop) {
				longest = max(longest, len(stop))
			}
		}
		if longest > 0 {
			return text[:end-longest], true
		}
	}
	held := 0
	for _, stop := range stops {
		for n := 1; n < len(stop) && n <= len(text); n++ {
			if strings.HasSuffix(text, stop[:n]) {
				held = max(held, n)
			}
		}
	}
	return text[:len(text)-held], false
}

// Whatever the parts in which a text comes, the same is given out, as soon as
// possible.
func TestStopperIsTheNaiveOne(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := []string{"a", "b", "é", "\n"}
	word := func(n int) (w string) {
		for range n {
			w += letters[r.IntN(len(letters))]
		}
		return w
	}
	found := 0
	for range 3000 {
		var stops []string
		for range r.IntN(4) {
			stops = append(stops, word(1+r.IntN(4)))
		}
		s := newStopper(stops)
		text, given := "", ""
		for range 6 {
			part := word(r.IntN(4))
			text += part
			out, stopped := s.feed(part)
			given += out
			want, wantStopped := naiveStop(text, stops)
			require.Equal(t, want, given, "%q of %q", text, stops)
			require.Equal(t, wantStopped, stopped)
			require.True(t, utf8.ValidString(given))
			if stopped {
				found++
				break
			}
		}
		if _, stopped := naiveStop(text, stops); !stopped {
			require.Equal(t, text, given+s.rest())
		}
	}
	require.Greater(t, found, 500)
}

// Stop strings end an answer across tokens and across the bytes of a character, in
// streams too, and only text that may begin one is held back.
func TestStopStrings(t *testing.T) {
	s := serveTiny(t, model.Options{})
	for name, c := range map[string]struct {
		parts  []string
		stop   any
		text   string
		reason string
		chunks []string
		tokens int // that count as written
	}{
		"across tokens":   {[]string{"a", "b", "c", "d"}, "bc", "a", "stop", []string{"a"}, 3},
		"in a token":      {[]string{"a", " the", "d"}, "th", "a ", "stop", []string{"a", " "}, 2},
		"nearly":          {[]string{"a", "b", "d", "e"}, []string{"bc", "x"}, "abde", "length", []string{"a", "bd", "e"}, 4},
		"at the end":      {[]string{"a", "b"}, "bc", "ab", "length", []string{"a", "b"}, 2},
		"half characters": {[]string{"a", "\xc3", "\xa9", "b", "c"}, "éb", "a", "stop", []string{"a"}, 4},
		"a character":     {[]string{"a", "\xc3", "\xa9", "b"}, "é", "a", "stop", []string{"a"}, 3},
		"whole characters": {[]string{"a", "\xe2", "\x82", "\xac", "b"}, nil, "a€b", "length",
			[]string{"a", "€", "b"}, 5},
		"half a character at the end": {[]string{"a", "\xe2", "\x82"}, []string{}, "a�", "length", []string{"a", "�"}, 3},
		"first":                       {[]string{"a", "b"}, "a", "", "stop", nil, 1},
		"the first of two":            {[]string{"a", "b", "c"}, []string{"c", "b"}, "a", "stop", []string{"a"}, 2},
		"overlapping itself":          {[]string{"a", "a", "a", "b", "c"}, "aab", "a", "stop", []string{"a"}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.scripted(c.parts...)
			body := object{"messages": user("x"), "stop": c.stop}
			got := s.post(200, "/v1/chat/completions", body)
			require.Equal(t, c.text, at(t, got, "choices", 0, "message", "content"))
			require.Equal(t, c.reason, at(t, got, "choices", 0, "finish_reason"))
			require.EqualValues(t, c.tokens, at(t, got, "usage", "completion_tokens"))
			body["stream"] = true
			var parts []string
			all := chunks(t, s.events("/v1/chat/completions", body))
			for _, one := range all[:len(all)-1] {
				parts = append(parts, at(t, one, "choices", 0, "delta", "content").(string))
			}
			require.Equal(t, c.chunks, parts)
			require.Equal(t, c.reason, at(t, all[len(all)-1], "choices", 0, "finish_reason"))

			body = object{"prompt": "x", "stop": c.stop, "logprobs": 0}
			got = s.post(200, "/v1/completions", body)
			require.Equal(t, c.text, at(t, got, "choices", 0, "text"))
			tokens := at(t, got, "choices", 0, "logprobs", "tokens").([]any)
			covered := 0
			for _, offset := range at(t, got, "choices", 0, "logprobs", "text_offset").([]any) {
				require.Less(t, int(offset.(float64)), max(1, utf8.RuneCountInString(c.text)))
				covered++
			}
			require.Len(t, tokens, covered)
		})
	}
}

// The name of a special token as a stop string means the token, whose text an
// answer doesn't have.
func TestStopAtASpecialToken(t *testing.T) {
	s := serveTiny(t, model.Options{})
	id, found := s.tokenizer.ID("<|start_header_id|>")
	require.True(t, found)
	p := &plan{}
	require.NoError(t, (&params{Stop: []byte(`"<|start_header_id|>"`)}).stopping(s.Server, p))
	require.Contains(t, p.request.Stop, id)
	require.Subset(t, p.request.Stop, s.model.StopIDs())
	p = &plan{}
	require.NoError(t, (&params{IgnoreEOS: true, StopTokenIDs: []byte("[7]")}).stopping(s.Server, p))
	require.Equal(t, []int32{7}, p.request.Stop)
}
