package server

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
	"github.com/medner/medner/model/arch"
)

func TestNameOfAModel(t *testing.T) {
	for path, name := range map[string]string{
		"": "model", "/models/tiny": "tiny", "/models/tiny/": "tiny", ".": "server", "/x/tiny.gguf": "tiny.gguf", "/snapshots/abc": "abc",
		"/hub/models--meta-llama--Llama-3.2-3B/snapshots/0cb88a4f": "meta-llama/Llama-3.2-3B", "/hub/models--x--y/other/abc": "abc",
	} {
		require.Equal(t, name, nameOf(path), path)
	}
}

// get returns the JSON of an answer to GET.
func (s *site) get(status int, path string) (out object) {
	s.t.Helper()
	answer, err := http.Get(s.url + path)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	require.Equal(s.t, status, answer.StatusCode)
	require.NoError(s.t, json.NewDecoder(answer.Body).Decode(&out))
	return out
}

// The models are what requests may name: a model with adapters that are chosen by
// request, one with a merged adapter, and one without.
func TestModels(t *testing.T) {
	plain := golden.Path(t, "adapters/plain")
	for _, c := range []struct {
		o     model.Options
		names []any
	}{
		{model.Options{Adapters: []string{plain, golden.Path(t, "adapters/rslora")}, LoRA: model.Unmerged}, []any{"org/tiny", "plain", "rslora", "plain+rslora", "base"}},
		{model.Options{Adapters: []string{plain}, LoRA: model.Merge}, []any{"org/tiny", "plain"}},
		{model.Options{}, []any{"org/tiny", "base"}},
	} {
		m, err := model.Open(t.Context(), golden.Path(t, "tiny-llama"), c.o)
		require.NoError(t, err)
		defer m.Close()
		s := serve(t, m, WithName("org/tiny"))
		var names []any
		list := s.get(200, "/v1/models")
		require.Equal(t, "list", list["object"])
		for _, one := range list["data"].([]any) {
			name := at(t, one, "id").(string)
			names = append(names, name)
			require.Equal(t, one, any(s.get(200, "/v1/models/"+name)))
			answer := s.post(200, "/v1/completions", object{"model": name, "prompt": "x", "max_tokens": 1})
			require.Equal(t, name, answer["model"])
		}
		require.Equal(t, c.names, names)
		require.Equal(t, "model_not_found", at(t, s.get(404, "/v1/models/tiny"), "error", "code"))
	}
}

// Requests that leave sampling open are drawn as the model's files say, and else as
// OpenAI's API says.
func TestSamplingDefaults(t *testing.T) {
	s := serveTiny(t, model.Options{})
	seed, zero, half := int64(7), 0.0, 0.5
	for _, c := range []struct {
		files arch.Generation
		asked params
		want  model.Sampling
	}{
		{arch.Generation{}, params{}, model.Sampling{Temperature: 1, TopP: 1}},
		{arch.Generation{Sampling: &arch.Sampling{Temperature: 0.6, TopK: 40, TopP: 0.9}}, params{}, model.Sampling{Temperature: 0.6, TopK: 40, TopP: 0.9}},
		{arch.Generation{Sampling: &arch.Sampling{Temperature: 0.6, TopP: 0.9}}, params{Temperature: &zero, TopP: &half}, model.Sampling{TopP: 0.5}},
	} {
		s.generation, c.asked.Seed, c.want.Seed = &c.files, &seed, 7
		got, err := c.asked.sampling(s.Server)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	s.generation = &arch.Generation{RepetitionPenalty: 1.25, MaxNewTokens: 3}
	p, err := (&params{}).plan(s.Server)
	require.NoError(t, err)
	require.EqualValues(t, 1.25, p.request.RepetitionPenalty)
	for path, body := range map[string]object{"/v1/completions": {"prompt": "x"}, "/v1/chat/completions": {"messages": user("x")}} {
		body["ignore_eos"] = true
		require.EqualValues(t, 3, at(t, s.post(200, path, body), "usage", "completion_tokens"))
	}
}

// More answers than the model would ever let in at once are refused for good.
func TestMoreAnswersThanTheModelLetsIn(t *testing.T) {
	s := serveTiny(t, model.Options{Batch: 2, Queue: 3})
	require.Equal(t, "prompt", s.refused(400, "/v1/completions", object{"prompt": "x", "n": 6})["param"])
	s.post(200, "/v1/completions", object{"prompt": "x", "n": 5})
	require.Equal(t, "messages", s.refused(400, "/v1/chat/completions", object{"messages": user("x"), "n": 6})["param"])
}
