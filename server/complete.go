package server

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// A shape says how an endpoint writes answers.
type shape struct {
	idPrefix string
	object   string // of a whole answer
	chunk    string // of a part of a stream
	// choice describes a whole answer.
	choice func(c choice) any
	// part describes a part of a streamed answer: its first part if first is set.
	part func(c choice, first bool) any
}

// A choice is one of the answers to a request, or a part of one.
type choice struct {
	index  int
	piece  piece
	logs   bool   // whether log-probabilities were asked for
	finish string // model.FinishStop, model.FinishLength; "" in all parts but the last
}

// reason returns the value of finish_reason.
func (c choice) reason() *string {
	if c.finish == "" {
		return nil
	}
	return &c.finish
}

// completion is the JSON of an answer, or of a part of a streamed one.
type completion struct {
	ID          string `json:"id"`
	Object      string `json:"object"`
	Created     int64  `json:"created"`
	Model       string `json:"model"`
	Choices     []any  `json:"choices"`
	Usage       any    `json:"usage,omitempty"`
	Fingerprint string `json:"system_fingerprint"`
}

// usage counts tokens.
type usage struct {
	Prompt     int           `json:"prompt_tokens"`
	Completion int           `json:"completion_tokens"`
	Total      int           `json:"total_tokens"`
	Details    promptDetails `json:"prompt_tokens_details"`
}

type promptDetails struct {
	Cached int `json:"cached_tokens"` // found in the prefix cache
}

// complete answers a request for chats or texts.
func (s *Server) complete(w http.ResponseWriter, r *http.Request, p *plan, shape shape) error {
	print, err := s.fingerprint(r.Context(), p.request.Adapter)
	if err != nil {
		return err
	}
	head := completion{
		ID: shape.idPrefix + newID(), Object: shape.object, Created: time.Now().Unix(), Model: p.model, Fingerprint: print,
	}
	if p.stream {
		return s.stream(w, r, p, shape, head)
	}
	answers := make([]choice, len(p.prompts)*p.best)
	for i := range answers {
		answers[i] = choice{index: i, logs: p.logs}
	}
	written, err := s.write(r.Context(), p, func() {}, func(index int, part piece) error {
		a := &answers[index].piece
		a.text, a.logs = a.text+part.text, append(a.logs, part.logs...)
		return nil
	})
	if err != nil {
		return err
	}
	head.Choices = []any{}
	for _, i := range p.likeliest(written) {
		c := answers[i]
		c.index, c.finish = len(head.Choices), written[i].finish
		head.Choices = append(head.Choices, shape.choice(c))
	}
	head.Usage = p.count(written)
	return writeJSON(w, http.StatusOK, head)
}

// stream answers with events, as the tokens are written.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, p *plan, shape shape, head completion) error {
	var out *events
	head.Object = shape.chunk
	if p.usage {
		head.Usage = json.RawMessage("null")
	}
	send := func(c choice, first bool) error {
		one := head
		one.Choices = []any{shape.part(c, first)}
		return out.send(one)
	}
	begun := make([]bool, len(p.prompts)*p.n)
	deliver := func(index int, part piece) error {
		first := !begun[index]
		begun[index] = true
		return send(choice{index: index, piece: part, logs: p.logs}, first)
	}
	written, err := s.write(r.Context(), p, func() { out = s.startEvents(w) }, deliver)
	if out == nil {
		return err
	}
	defer out.end()
	for i, one := range written {
		if err != nil {
			break
		}
		err = send(choice{index: i, finish: one.finish}, !begun[i])
	}
	if err == nil && p.usage {
		head.Choices, head.Usage = []any{}, p.count(written)
		err = out.send(head)
	}
	if err != nil {
		s.failEvents(r, out, err)
		return nil
	}
	out.done()
	return nil
}

// likeliest returns the places of the answers to give: of those to each prompt,
// the n that have the highest log-probability a token, in this order where not
// all that were written are given.
func (p *plan) likeliest(all []written) []int {
	var places []int
	for first := 0; first < len(all); first += p.best {
		group := make([]int, p.best)
		for i := range group {
			group[i] = first + i
		}
		if p.best > p.n {
			slices.SortStableFunc(group, func(a, b int) int {
				switch x, y := meanLogProb(all[a].tokens), meanLogProb(all[b].tokens); {
				case x > y:
					return -1
				case x < y:
					return 1
				}
				return 0
			})
		}
		places = append(places, group[:p.n]...)
	}
	return places
}

// count returns the usage: each prompt once, and all tokens that were written.
func (p *plan) count(all []written) usage {
	var u usage
	for i, prompt := range p.prompts {
		u.Prompt += len(prompt.tokens)
		cached := len(prompt.tokens)
		for _, one := range all[i*p.best : (i+1)*p.best] {
			cached = min(cached, one.cached)
			u.Completion += len(one.tokens)
		}
		u.Details.Cached += cached
	}
	u.Total = u.Prompt + u.Completion
	return u
}

// newID returns the random part of an answer's id.
func newID() string {
	var id [12]byte
	_, _ = rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// seedOf returns the seed of the i-th answer to a request with a seed: the seed
// itself for the first.
func seedOf(seed uint64, i int) uint64 {
	if i == 0 {
		return seed
	}
	x := seed + uint64(i)*0x9e3779b97f4a7c15 // SplitMix64
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
