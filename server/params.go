package server

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/medner/medner/model"
)

// params are the fields that requests for chats and for texts have in common. A
// nil pointer is a field that is absent or null.
type params struct {
	Model             string          `json:"model"`
	Stream            bool            `json:"stream"`
	StreamOptions     *streamOptions  `json:"stream_options"`
	N                 *int            `json:"n"`
	Stop              json.RawMessage `json:"stop"` // a string or strings
	StopTokenIDs      json.RawMessage `json:"stop_token_ids"`
	IgnoreEOS         bool            `json:"ignore_eos"`
	MaxTokens         *int            `json:"max_tokens"`
	Seed              *int64          `json:"seed"`
	Temperature       *float64        `json:"temperature"`
	TopP              *float64        `json:"top_p"`
	TopK              *int            `json:"top_k"`
	RepetitionPenalty *float64        `json:"repetition_penalty"`
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

// A plan is what a request asks of the model.
type plan struct {
	model   string // as the client names it
	prompts []promptText
	n       int // answers a prompt
	best    int // answers a prompt that are written, the n likeliest of which are given
	request model.Request
	// stops are the strings before which an answer ends.
	stops []string
	// most is the number of tokens of an answer at most; -1: as many as there is room for.
	most int
	logs bool // whether log-probabilities are given
	echo bool // whether an answer begins with its prompt
	// continues says that an answer goes on where its prompt ends, within a line or a
	// character: some tokenizers leave a space out where a text begins.
	continues bool
	stream    bool
	usage     bool // whether a stream ends with the usage
}

// promptText is a prompt as token ids, and its text where that is given back.
type promptText struct {
	tokens []int32
	text   string
	starts []int // where each token begins, in code points of text
}

// defaultBatch is what model.Options.Batch says of 0.
const defaultBatch = 16

const (
	mostStops     = 16
	mostStopBytes = 1024
)

// plan reads what is common to all requests.
func (p *params) plan(s *Server) (*plan, error) {
	out := &plan{model: p.Model, n: 1, most: -1, stream: p.Stream}
	if out.model == "" {
		out.model = s.name
	}
	var err error
	if out.request.Adapter, err = s.adapterOf(p.Model); err != nil {
		return nil, err
	}
	if p.N != nil {
		out.n = *p.N
	}
	if err := within("n", out.n, 1, s.limits.Choices); err != nil {
		return nil, err
	}
	out.best = out.n
	out.usage = p.Stream && p.StreamOptions != nil && p.StreamOptions.IncludeUsage
	if out.request.Sampling, err = p.sampling(s); err != nil {
		return nil, err
	}
	out.request.RepetitionPenalty = s.generation.RepetitionPenalty
	if p.RepetitionPenalty != nil {
		out.request.RepetitionPenalty = float32(*p.RepetitionPenalty)
		if !(out.request.RepetitionPenalty > 0) || math.IsInf(float64(out.request.RepetitionPenalty), 0) {
			return nil, badField("repetition_penalty", number(*p.RepetitionPenalty), "a number above 0")
		}
	}
	return out, p.stopping(s, out)
}

// sampling returns how tokens are drawn. What a request leaves open is what the
// model's generation_config.json says, and else what OpenAI's API says.
func (p *params) sampling(s *Server) (model.Sampling, error) {
	out := model.Sampling{Temperature: 1}
	topP := 1.0
	if d := s.generation.Sampling; d != nil {
		out.Temperature, out.TopK, topP = d.Temperature, d.TopK, d.TopP
	}
	if p.Temperature != nil {
		out.Temperature = *p.Temperature
	}
	if p.TopP != nil {
		topP = *p.TopP
	}
	if p.TopK != nil {
		out.TopK = *p.TopK
	}
	switch {
	case out.Temperature < 0 || out.Temperature > 2:
		return out, badField("temperature", number(out.Temperature), "a number from 0 to 2")
	case topP < 0 || topP > 1:
		return out, badField("top_p", number(topP), "a number from 0 to 1")
	case out.TopK < -1 || out.TopK > math.MaxInt32:
		return out, badField("top_k", strconv.Itoa(out.TopK), "a whole number from 1, or 0 or -1 for all tokens")
	}
	out.TopK = max(out.TopK, 0)
	out.TopP = max(topP, math.SmallestNonzeroFloat64) // for the model 0 is no bound; here it leaves the likeliest token
	out.Seed = rand.Uint64()
	if p.Seed != nil {
		out.Seed = uint64(*p.Seed)
	}
	return out, nil
}

// stopping reads what ends an answer.
func (p *params) stopping(s *Server, out *plan) error {
	stops, err := readStrings("stop", p.Stop)
	if err != nil {
		return err
	}
	if len(stops) > mostStops {
		return badField("stop", fmt.Sprintf("%d strings", len(stops)), fmt.Sprintf("at most %d", mostStops))
	}
	ids := []int32{}
	if !p.IgnoreEOS {
		ids = append(ids, s.model.StopIDs()...)
	}
	more, err := s.readIDs("stop_token_ids", p.StopTokenIDs)
	if err != nil {
		return err
	}
	if len(more) > mostStops {
		return badField("stop_token_ids", fmt.Sprintf("%d ids", len(more)), fmt.Sprintf("at most %d", mostStops))
	}
	ids = append(ids, more...)
	for i, text := range stops {
		if text == "" || len(text) > mostStopBytes {
			return badField(fmt.Sprintf("stop[%d]", i), fmt.Sprintf("%d bytes", len(text)), fmt.Sprintf("1 to %d", mostStopBytes))
		}
		// The text of an answer has no special tokens: their names mean the tokens.
		if id, found := s.tokenizer.ID(text); found && s.tokenizer.IsSpecial(id) {
			ids = append(ids, id)
		}
	}
	out.stops, out.request.Stop = stops, ids
	return nil
}

// readIDs reads a list of token ids of the model; nil where the field is left out or null.
func (s *Server) readIDs(field string, raw json.RawMessage) ([]int32, error) {
	if !given(raw) {
		return nil, nil
	}
	var ids []int32
	if err := parseField(field, raw, &ids); err != nil {
		return nil, err
	}
	if bytes.Contains(raw, []byte("null")) { // which json.Unmarshal takes for the id 0
		return nil, badField(field, "null in the list", "token ids")
	}
	for i, id := range ids {
		if most := s.model.Config().VocabSize - 1; id < 0 || int(id) > most {
			return nil, badField(fmt.Sprintf("%s[%d]", field, i), fmt.Sprint(id), fmt.Sprintf("0 to %d", most))
		}
	}
	return ids, nil
}

// limitTokens sets the length of answers from the field of a request; nil: the
// default, where -1 means as many tokens as there is room for.
func (out *plan) limitTokens(field string, asked *int, least, otherwise int) error {
	out.most = otherwise
	if asked == nil {
		return nil
	}
	if *asked < least {
		return badField(field, strconv.Itoa(*asked), fmt.Sprintf("a whole number from %d", least))
	}
	out.most = *asked
	return nil
}

// checkRoom refuses prompts that are too long, by themselves or with the answer
// that a request asks for. bound says whether it names a length, and field where
// the prompts are.
func (s *Server) checkRoom(p *plan, field string, bound bool) error {
	limit := s.model.Context()
	for _, prompt := range p.prompts {
		least := 1
		switch {
		case bound:
			least = p.most
		case p.most == 0:
			least = 0
		}
		if n := len(prompt.tokens); n+least > limit {
			asked := 0
			if bound {
				asked = p.most
			}
			return contextLength(field, n, asked, limit)
		}
	}
	if runs, most := len(p.prompts)*p.best, s.mostRuns(); runs > most {
		return badField(field, fmt.Sprintf("%d answers to %d prompts", runs, len(p.prompts)), fmt.Sprintf("at most %d answers", most))
	}
	return nil
}

// mostRuns returns how many answers a request may ask for: no more than the model
// lets in where nothing else is in flight.
func (s *Server) mostRuns() int {
	o := s.model.Options()
	if o.Queue == 0 {
		return s.limits.Choices
	}
	return min(s.limits.Choices, cmp.Or(o.Batch, defaultBatch)+max(o.Queue, 0))
}

// within refuses a whole number that is out of its bounds.
func within(field string, n, least, most int) error {
	if n < least || n > most {
		return badField(field, strconv.Itoa(n), fmt.Sprintf("a whole number from %d to %d", least, most))
	}
	return nil
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// readStrings reads a string, or a list of strings.
func readStrings(field string, raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] == '"' {
		var one string
		err := parseField(field, raw, &one)
		return []string{one}, err
	}
	var list []*string
	if err := parseField(field, raw, &list); err != nil {
		return nil, err
	}
	all := make([]string, len(list))
	for i, one := range list {
		if one == nil {
			return nil, badField(fmt.Sprintf("%s[%d]", field, i), "null", "a string")
		}
		all[i] = *one
	}
	return all, nil
}

// parseField reads a part of a request's body, which stands in a field.
func parseField(field string, raw json.RawMessage, v any) error {
	return typeError(field, raw, json.Unmarshal(raw, v))
}

// readAsked reads the body of a request for completions into the struct that v
// points to, and refuses fields that have no effect here.
func (s *Server) readAsked(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	if err := s.parseJSON(body, v); err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return badJSON("what is no object")
	}
	return checkRefusals(fields)
}
