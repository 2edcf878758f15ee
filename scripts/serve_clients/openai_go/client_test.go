// Package openaiclient talks to the package server with OpenAI's own client for Go, as
// its users do.
package openaiclient

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/medner/medner/model"
	"github.com/medner/medner/server"
)

const goldens = "../../../testdata/goldens/"

// connect serves a small model and returns a client of it.
func connect(t *testing.T) openai.Client {
	t.Helper()
	m, err := model.Open(t.Context(), goldens+"tiny-llama", model.Options{
		Adapters: []string{goldens + "adapters/plain", goldens + "adapters/rslora"}, LoRA: model.Unmerged, Queue: 64,
	})
	check(t, err)
	t.Cleanup(func() { _ = m.Close() })
	s, err := server.New(m)
	check(t, err)
	site := httptest.NewServer(s)
	t.Cleanup(site.Close)
	return openai.NewClient(option.WithBaseURL(site.URL+"/v1/"), option.WithAPIKey("none"))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ask() openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model: "plain", Seed: openai.Int(3), MaxCompletionTokens: openai.Int(12),
		Messages: []openai.ChatCompletionMessageParamUnion{openai.DeveloperMessage("Be brief."), openai.UserMessage("Which drugs cause tremor?")},
	}
}

func TestModels(t *testing.T) {
	client := connect(t)
	var names []string
	models := client.Models.ListAutoPaging(t.Context())
	for models.Next() {
		names = append(names, models.Current().ID)
	}
	check(t, models.Err())
	if got := strings.Join(names, " "); got != "tiny-llama plain rslora plain+rslora base" {
		t.Error(got)
	}
	one, err := client.Models.Get(t.Context(), "plain+rslora")
	check(t, err)
	if one.ID != "plain+rslora" {
		t.Error(one.ID)
	}
}

// A streamed answer adds up to the whole one: text, log-probabilities, usage.
func TestChats(t *testing.T) {
	client := connect(t)
	params := ask()
	params.Logprobs, params.TopLogprobs, params.N = openai.Bool(true), openai.Int(2), openai.Int(2)
	whole, err := client.Chat.Completions.New(t.Context(), params)
	check(t, err)
	if len(whole.Choices) != 2 || whole.Choices[0].Message.Content == whole.Choices[1].Message.Content {
		t.Error(whole.Choices)
	}
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := client.Chat.Completions.NewStreaming(t.Context(), params)
	var sum openai.ChatCompletionAccumulator
	logs := map[int64]int{}
	for stream.Next() {
		if !sum.AddChunk(stream.Current()) {
			t.Error("a chunk that doesn't fit")
		}
		for _, c := range stream.Current().Choices {
			logs[c.Index] += len(c.Logprobs.Content)
		}
	}
	check(t, stream.Err())
	for i, c := range whole.Choices {
		got := sum.Choices[i]
		if got.Message.Content != c.Message.Content || got.FinishReason != c.FinishReason || logs[int64(i)] != len(c.Logprobs.Content) {
			t.Errorf("%+v, whole %+v", got, c)
		}
	}
	if sum.Usage.TotalTokens != whole.Usage.TotalTokens || whole.Usage.CompletionTokens != 24 {
		t.Error(sum.Usage, whole.Usage)
	}
}

func TestTexts(t *testing.T) {
	client := connect(t)
	params := openai.CompletionNewParams{
		Model: "plain", Prompt: openai.CompletionNewParamsPromptUnion{OfArrayOfStrings: []string{"Lithium", "Tremor"}},
		Temperature: openai.Float(0), MaxTokens: openai.Int(6), Echo: openai.Bool(true), Logprobs: openai.Int(1),
	}
	whole, err := client.Completions.New(t.Context(), params)
	check(t, err)
	stream := client.Completions.NewStreaming(t.Context(), params)
	texts := map[int64]string{}
	for stream.Next() {
		for _, c := range stream.Current().Choices {
			texts[c.Index] += c.Text
		}
	}
	check(t, stream.Err())
	for i, c := range whole.Choices {
		if texts[int64(i)] != c.Text || !strings.HasPrefix(c.Text, []string{"Lithium", "Tremor"}[i]) || len(c.Logprobs.Tokens) < 8 {
			t.Errorf("%q, whole %+v", texts[int64(i)], c)
		}
	}
}

// Errors come as the client's own type, and streams that are left end.
func TestErrors(t *testing.T) {
	client := connect(t)
	for code, change := range map[string]func(*openai.ChatCompletionNewParams){
		"model_not_found":         func(p *openai.ChatCompletionNewParams) { p.Model = "gpt-4" },
		"context_length_exceeded": func(p *openai.ChatCompletionNewParams) { p.MaxCompletionTokens = openai.Int(5000) },
		"unsupported_parameter":   func(p *openai.ChatCompletionNewParams) { p.PresencePenalty = openai.Float(1) },
	} {
		params := ask()
		change(&params)
		_, err := client.Chat.Completions.New(t.Context(), params)
		var e *openai.Error
		if !errors.As(err, &e) || e.Code != code {
			t.Errorf("%s: %v", code, err)
		}
		stream := client.Chat.Completions.NewStreaming(t.Context(), params)
		if stream.Next() || !errors.As(stream.Err(), &e) || e.Code != code {
			t.Errorf("%s: %v", code, stream.Err())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	params := ask()
	params.MaxCompletionTokens = openai.Int(2000)
	stream := client.Chat.Completions.NewStreaming(ctx, params)
	if !stream.Next() {
		t.Fatal(stream.Err())
	}
	cancel()
	for stream.Next() {
		continue
	}
	if !errors.Is(stream.Err(), context.Canceled) {
		t.Error(stream.Err())
	}
}
