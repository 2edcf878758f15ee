package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/medner/medner/model"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/tokenizer"
	"github.com/medner/medner/tokenizer/chat"
)

// promptFlags name a prompt: a text, messages or token ids.
type promptFlags struct{ text, messages, ids string }

func (f *promptFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.text, "prompt", "", "the prompt's `TEXT`, as it is")
	cmd.Flags().StringVar(&f.messages, "messages", "", "chat messages in a JSON `FILE` (-: standard input), put through the model's template")
	cmd.Flags().StringVar(&f.ids, "token-ids", "", "token ids in a JSON `FILE` (-: standard input); nothing is added")
	cmd.MarkFlagsMutuallyExclusive("prompt", "messages", "token-ids")
	cmd.MarkFlagsOneRequired("prompt", "messages", "token-ids")
}

// tokens returns the prompt as token ids of m.
func (f *promptFlags) tokens(cmd *cobra.Command, m *model.Model) ([]int32, error) {
	if f.ids != "" {
		return readTokenIDs(cmd, f.ids, m.Config().VocabSize)
	}
	tok, err := m.Text().Tokenizer()
	if err != nil {
		return nil, err
	}
	if f.messages == "" {
		encoded := tok.Encode(f.text, tokenizer.EncodeOptions{AddSpecial: true, ParseSpecial: true})
		return encoded.IDs, encoded.Err
	}
	messages, err := readMessages(cmd, f.messages)
	if err != nil {
		return nil, err
	}
	template, err := m.Text().Template()
	if err != nil {
		return nil, err
	}
	rendered, err := template.Render(messages, chat.Options{AddGenerationPrompt: true})
	if err != nil {
		return nil, err
	}
	noteFolding(cmd, rendered)
	encoded := tok.Encode(rendered.Text, tokenizer.EncodeOptions{ParseSpecial: true, Literal: rendered.Literal})
	return encoded.IDs, encoded.Err
}

// generation is the JSON of `medner generate`.
type generation struct {
	IDs          []int32        `json:"ids"`
	Text         *string        `json:"text,omitempty"` // nil if the model has no tokenizer
	FinishReason string         `json:"finish_reason"`
	LogProbs     []float32      `json:"logprobs"`
	PromptTokens int            `json:"prompt_tokens"`
	Timings      map[string]any `json:"timings"`
}

func newGenerate() *cobra.Command {
	var (
		mf      modelFlags
		prompt  promptFlags
		request model.Request
		eos     string
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:  "generate",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkSampling(cmd, request.Sampling); err != nil {
				return err
			}
			if eos != "" {
				var err error
				if request.Stop, err = parseIDs("eos", eos); err != nil {
					return err
				}
			}
			return generate(cmd, &mf, &prompt, request, asJSON)
		},
	}
	mf.register(cmd)
	prompt.register(cmd)
	intFlag(cmd.Flags(), &request.MaxNewTokens, "max-new-tokens", 128, 0, mostTokens, "most tokens to write; 0: as many as the context holds")
	floatFlag(cmd.Flags(), &request.RepetitionPenalty, "repetition-penalty", 1, positive, "transformers' repetition penalty, for tokens of prompt and output")
	registerSampling(cmd.Flags(), &request.Sampling)
	cmd.Flags().StringVar(&eos, "eos", "", "stop `IDS`, comma-separated, in place of the model's")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// generate continues the prompt and prints what the model writes.
func generate(cmd *cobra.Command, mf *modelFlags, prompt *promptFlags, request model.Request, asJSON bool) error {
	m, err := mf.open(cmd)
	if err != nil {
		return err
	}
	defer m.Close()
	mf.noteAdapter(cmd)
	if request.Tokens, err = prompt.tokens(cmd, m); err != nil {
		return err
	}
	tok, err := m.Text().Tokenizer()
	if err != nil && prompt.ids == "" {
		return err // token ids alone need no tokenizer: there is no text then
	}
	if err != nil && !errors.As(err, new(*checkpoint.AbsentError)) {
		fmt.Fprintf(cmd.ErrOrStderr(), "medner: token ids without their text, as the tokenizer can't be read: %v\n", err)
	}
	if !asJSON && tok != nil {
		return streamText(cmd, m, tok, request)
	}
	result, err := m.Generate(cmd.Context(), request)
	if err != nil {
		return err
	}
	out := json.NewEncoder(cmd.OutOrStdout())
	if asJSON {
		return out.Encode(describe(result, tok))
	}
	return out.Encode(result.IDs())
}

// streamText prints the text while the model writes it.
func streamText(cmd *cobra.Command, m *model.Model, tok *tokenizer.Tokenizer, request model.Request) error {
	out, stream := cmd.OutOrStdout(), tok.NewStream(true)
	request.OnToken = func(t model.Token) { fmt.Fprint(out, stream.Push(t.ID)) }
	_, err := m.Generate(cmd.Context(), request)
	fmt.Fprintln(out, stream.Flush())
	return err
}

// describe returns the JSON of a result; tok may be nil.
func describe(r *model.Result, tok *tokenizer.Tokenizer) generation {
	g := generation{
		IDs: r.IDs(), FinishReason: r.FinishReason, PromptTokens: r.PromptTokens, LogProbs: make([]float32, len(r.Tokens)),
		Timings: map[string]any{
			"queued_ms": milliseconds(r.Timings.Queued), "prefill_ms": milliseconds(r.Timings.Prefill), "decode_ms": milliseconds(r.Timings.Decode),
			"cached_tokens": r.Timings.CachedTokens, "steps": r.Timings.Steps,
			"drafted_tokens": r.Timings.DraftedTokens, "accepted_tokens": r.Timings.AcceptedTokens,
		},
	}
	for i, t := range r.Tokens {
		g.LogProbs[i] = t.LogProb
	}
	if tok != nil {
		text := tok.Decode(g.IDs, true)
		g.Text = &text
	}
	return g
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// parseIDs reads the value of a flag such as "1,2".
func parseIDs(flag, s string) ([]int32, error) {
	var ids []int32
	for _, part := range strings.Split(s, ",") {
		id, err := strconv.ParseInt(strings.TrimSpace(part), 10, 32)
		if err != nil || id < 0 {
			return nil, usagef("--%s %q: expected token ids such as 1,2", flag, s)
		}
		ids = append(ids, int32(id))
	}
	return ids, nil
}
