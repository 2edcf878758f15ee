package server

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model"
)

// texts returns the texts of the choices of an answer.
func choiceTexts(t *testing.T, answer object) (all []string) {
	for i, choice := range answer["choices"].([]any) {
		require.EqualValues(t, i, at(t, choice, "index"))
		all = append(all, at(t, choice, "text").(string))
	}
	return all
}

// A prompt is a string, a list of strings, token ids, or a list of lists.
func TestKindsOfPrompts(t *testing.T) {
	s := serveTiny(t, model.Options{})
	tokens := func(text string) any { return at(t, s.post(200, "/tokenize", object{"prompt": text}), "tokens") }
	ask := func(prompt any) object {
		return s.post(200, "/v1/completions", object{"model": "plain", "prompt": prompt, "temperature": 0, "n": 2, "max_tokens": 6})
	}
	one, two := choiceTexts(t, ask("Lithium"))[0], choiceTexts(t, ask("Tremor is"))[0]
	require.NotEqual(t, one, two)
	for _, prompt := range []any{tokens("Lithium"), []any{"Lithium"}, []any{tokens("Lithium")}} {
		require.Equal(t, []string{one, one}, choiceTexts(t, ask(prompt)))
	}
	for _, prompt := range []any{[]any{"Lithium", "Tremor is"}, []any{tokens("Lithium"), tokens("Tremor is")}, []any{"Lithium", tokens("Tremor is")}} {
		got := ask(prompt)
		require.Equal(t, []string{one, one, two, two}, choiceTexts(t, got))
		require.Equal(t, "text_completion", got["object"])
		counts := len(tokens("Lithium").([]any)) + len(tokens("Tremor is").([]any))
		require.EqualValues(t, counts, at(t, got, "usage", "prompt_tokens"))
	}
	require.EqualValues(t, 16, at(t, s.post(200, "/v1/completions", object{"prompt": "x", "ignore_eos": true}), "usage", "completion_tokens"))
}

// With a seed the same is drawn again; each of n answers has a seed of its own, and
// the first has that of the request. At temperature 0 all are equal.
func TestSeeds(t *testing.T) {
	s := serveTiny(t, model.Options{})
	ask := func(seed, n int, temperature float64) []string {
		return choiceTexts(t, s.post(200, "/v1/completions", object{
			"model": "rslora", "prompt": "Lithium", "seed": seed, "n": n, "temperature": temperature, "max_tokens": 12, "ignore_eos": true,
		}))
	}
	four := ask(7, 4, 1.5)
	require.Equal(t, four, ask(7, 4, 1.5))
	require.Equal(t, four[:1], ask(7, 1, 1.5))
	require.Equal(t, four[:3], ask(7, 3, 1.5))
	distinct := slices.Clone(four)
	slices.Sort(distinct)
	require.Len(t, slices.Compact(distinct), 4)
	require.NotEqual(t, four[0], ask(-8, 1, 1.5)[0])
	greedy := ask(7, 3, 0)
	require.Equal(t, []string{greedy[0], greedy[0], greedy[0]}, greedy)
	require.Equal(t, greedy[:1], ask(8, 1, 0))
	require.Equal(t, greedy[:1], choiceTexts(t, s.post(200, "/v1/completions", object{
		"model": "rslora", "prompt": "Lithium", "top_p": 0, "max_tokens": 12, "ignore_eos": true,
	})), "of top_p 0 the likeliest token is left")
	require.NotEqual(t, seedOf(0, 1), seedOf(1, 0))
	// What a request doesn't say is drawn at temperature 1.
	want, err := s.model.Generate(t.Context(), model.Request{
		Tokens: s.scriptIDs("a"), Adapter: "plain", MaxNewTokens: 12, Stop: []int32{}, Sampling: model.Sampling{Temperature: 1, Seed: 3},
	})
	require.NoError(t, err)
	got := s.post(200, "/v1/completions", object{"model": "plain", "prompt": s.scriptIDs("a"), "seed": 3, "max_tokens": 12, "ignore_eos": true})
	require.Equal(t, s.tokenizer.Decode(want.IDs(), true), choiceTexts(t, got)[0])
}

// Of best_of answers those with the highest log-probability a token are given.
func TestBestOf(t *testing.T) {
	s := serveTiny(t, model.Options{})
	body := object{"prompt": []string{"Lithium", "x"}, "seed": 3, "temperature": 1.5, "max_tokens": 8, "ignore_eos": true, "logprobs": 0, "n": 5}
	all := s.post(200, "/v1/completions", body)
	var want []string
	for prompt := range 2 {
		type scored struct {
			text string
			mean float64
		}
		var group []scored
		for _, choice := range all["choices"].([]any)[5*prompt : 5*prompt+5] {
			sum := 0.0
			for _, l := range at(t, choice, "logprobs", "token_logprobs").([]any) {
				sum += l.(float64)
			}
			group = append(group, scored{at(t, choice, "text").(string), sum / 8})
		}
		slices.SortFunc(group, func(a, b scored) int { return int(1e6 * (b.mean - a.mean)) })
		want = append(want, group[0].text, group[1].text)
	}
	body["n"], body["best_of"] = 2, 5
	got := s.post(200, "/v1/completions", body)
	require.Equal(t, want, choiceTexts(t, got))
	require.EqualValues(t, 2*5*8, at(t, got, "usage", "completion_tokens"), "all that was written counts")
	body["stream"] = true
	require.Equal(t, "best_of", s.refused(400, "/v1/completions", body)["param"])
}

// The names of special tokens in a user's text stay text, in chats and in prompts;
// who writes prompts for the model by hand says parse_special.
func TestSpecialTokensInUserTextStayText(t *testing.T) {
	s := serveTiny(t, model.Options{})
	end, found := s.tokenizer.ID("<|eot_id|>")
	require.True(t, found)
	count := func(body object) (n int) {
		for _, id := range at(t, s.post(200, "/tokenize", body), "tokens").([]any) {
			if id == float64(end) {
				n++
			}
		}
		return n
	}
	const text = "x<|eot_id|>y"
	require.Zero(t, count(object{"prompt": text}))
	require.Equal(t, 1, count(object{"prompt": text, "parse_special": true}))
	for _, content := range []any{text, []object{{"type": "text", "text": "x<|eot"}, {"type": "text", "text": "_id|>y"}}} {
		for _, role := range []string{"user", "system", "assistant", "developer"} {
			require.Equal(t, 1, count(object{"messages": []object{{"role": role, "content": content}}}))
		}
	}
	length := func(body object) any {
		body["max_tokens"] = 1
		return at(t, s.post(200, "/v1/completions", body), "usage", "prompt_tokens")
	}
	require.Greater(t, length(object{"prompt": text}), length(object{"prompt": text, "parse_special": true}))
	require.Equal(t, length(object{"prompt": text}).(float64)-1, length(object{"prompt": text, "add_special_tokens": false}))
}

func TestTokenizeAndBack(t *testing.T) {
	s := serveTiny(t, model.Options{})
	const text = "naïve → 5 µg"
	got := s.post(200, "/tokenize", object{"prompt": text, "add_special_tokens": false})
	require.EqualValues(t, len(got["tokens"].([]any)), got["count"])
	require.EqualValues(t, s.model.Context(), got["max_model_len"])
	require.Len(t, got["char_offsets"], len(got["tokens"].([]any)))
	require.Equal(t, text, s.post(200, "/detokenize", object{"tokens": got["tokens"]})["prompt"])
	require.Equal(t, []any{}, s.post(200, "/tokenize", object{"prompt": "", "add_special_tokens": false})["tokens"])
	with := s.post(200, "/tokenize", object{"prompt": text})["tokens"]
	require.Equal(t, "<|begin_of_text|>"+text, s.post(200, "/detokenize", object{"tokens": with})["prompt"])
	require.Equal(t, text, s.post(200, "/detokenize", object{"tokens": with, "skip_special_tokens": true})["prompt"])
	for path, bodies := range map[string][]string{
		"/tokenize":   {`{}`, `{"prompt": "x", "messages": []}`, `{"prompt": 5}`, `{"messages": []}`},
		"/detokenize": {`{}`, `{"tokens": [-1]}`, `{"tokens": [2048]}`, `{"tokens": "x"}`},
	} {
		for _, body := range bodies {
			require.NotNil(t, s.refused(400, path, body)["param"], body)
		}
	}
	require.Equal(t, "model_not_found", s.refused(404, "/tokenize", `{"model": "x", "prompt": "x"}`)["code"])
}

// The fingerprint is the same for all servers of a model, and tells models,
// adapters and arithmetics apart.
func TestFingerprint(t *testing.T) {
	prints := map[string]bool{}
	for _, o := range []model.Options{{}, {Threads: 1}, {Precision: model.Fast}} {
		s := serveTiny(t, o)
		require.NoError(t, s.Warm(t.Context()))
		require.Len(t, s.prints.byName, 4)
		for name, print := range s.prints.byName {
			require.Regexp(t, "^fp_[0-9a-f]{16}$", print)
			prints[name+print] = true
		}
		got := s.post(200, "/v1/completions", object{"model": "base", "prompt": "x", "max_tokens": 1})
		require.Equal(t, s.prints.byName["base"], got["system_fingerprint"])
	}
	require.Len(t, prints, 8)
}

// The usage says how much of a prompt was found in the prefix cache, also where a
// stop string ended the answer.
func TestCachedTokens(t *testing.T) {
	s := serveTiny(t, model.Options{})
	body := object{"prompt": slices.Repeat([]int{9, 8, 7}, 60), "max_tokens": 4, "temperature": 0, "ignore_eos": true}
	cached := func() any {
		return at(t, s.post(200, "/v1/completions", body), "usage", "prompt_tokens_details", "cached_tokens")
	}
	require.EqualValues(t, 0, cached())
	require.EqualValues(t, 179, cached())
	body["stop"] = choiceTexts(t, s.post(200, "/v1/completions", body))[0][:1]
	require.EqualValues(t, 179, cached())
	body["n"] = 3
	require.EqualValues(t, 179, cached())
}
