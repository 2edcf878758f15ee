package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/medner/medner/internal/clip"
)

// A refusal is a field that asks for what the server can't do unless its value is
// null or harmless.
type refusal struct {
	field    string
	harmless func(json.RawMessage) bool
	want     string // in an error, what the field may be
}

// refusals lists the fields of OpenAI's API, and of other servers' extensions of
// it, that change what an answer is and have no effect here. They are refused, as
// an answer that passes over them would be taken for what was asked.
var refusals = []refusal{
	{"tools", empty, "none: this server calls no tools"},
	{"tool_choice", anyOf(`"none"`, `"auto"`), `"none": this server calls no tools`},
	{"functions", empty, "none: this server calls no functions"},
	{"function_call", anyOf(`"none"`, `"auto"`), `"none": this server calls no functions`},
	{"response_format", isText, `{"type": "text"}: for structure there is /v1/ner`},
	{"modalities", anyOf(`["text"]`), `["text"]`},
	{"audio", empty, "none: this server has no audio"},
	{"prediction", empty, "none"},
	{"web_search_options", empty, "none: this server searches nothing"},
	{"logit_bias", empty, "no biases"},
	{"frequency_penalty", zero, "0: there is repetition_penalty"},
	{"presence_penalty", zero, "0: there is repetition_penalty"},
	{"min_p", zero, "0: there are top_p and top_k"},
	{"min_tokens", zero, "0"},
	{"suffix", anyOf(`""`), "none: the model continues texts only"},
	{"use_beam_search", anyOf(`false`), "false"},
	{"truncate_prompt_tokens", never, "none: a prompt is never cut off"},
	{"prompt_logprobs", never, "none: echo with logprobs gives them"},
	{"chat_template", never, "none: the model's own is taken"},
	{"chat_template_kwargs", empty, "none"},
	{"continue_final_message", anyOf(`false`), "false"},
	{"add_generation_prompt", anyOf(`true`), "true"},
	{"guided_json", never, "none"},
	{"guided_regex", never, "none"},
	{"guided_choice", never, "none"},
	{"guided_grammar", never, "none"},
	{"structured_outputs", never, "none"},
	{"grammar", empty, "none"},
	{"json_schema", never, "none"},
}

// checkRefusals returns an error for the first field of a request that asks for
// what the server can't do.
func checkRefusals(fields map[string]json.RawMessage) error {
	for _, r := range refusals {
		value := bytes.TrimSpace(fields[r.field])
		if value == nil || string(value) == "null" || r.harmless(value) {
			continue
		}
		return unsupported(r.field, fmt.Sprintf("found %s, expected %s", clip.Text(string(value)), r.want))
	}
	return nil
}

// anyOf returns a function that tells whether a value is one of some, in JSON.
func anyOf(values ...string) func(json.RawMessage) bool {
	return func(raw json.RawMessage) bool {
		var compact bytes.Buffer
		return json.Compact(&compact, raw) == nil && slices.Contains(values, compact.String())
	}
}

// empty tells whether a value holds nothing: "", [] or {}.
func empty(raw json.RawMessage) bool { return anyOf(`""`, `[]`, `{}`)(raw) }

func never(json.RawMessage) bool { return false }

// zero tells whether a value is the number 0.
func zero(raw json.RawMessage) bool {
	var n *float64
	return json.Unmarshal(raw, &n) == nil && n != nil && *n == 0
}

// isText tells whether a response_format is that of plain text.
func isText(raw json.RawMessage) bool {
	var format struct{ Type string }
	return json.Unmarshal(raw, &format) == nil && format.Type == "text"
}
