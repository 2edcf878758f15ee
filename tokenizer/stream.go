package tokenizer

import "strings"

// Stream decodes ids one by one. The parts that it returns never change later:
// together they are what [Tokenizer.Decode] returns for the same ids, and no part
// ends inside a character. A Stream is for one goroutine.
type Stream struct {
	t           *Tokenizer
	steps       []step
	emit        []func(string) // emit[i] pushes to steps[i]; the last one writes to out
	out         strings.Builder
	skipSpecial bool
}

// NewStream returns a stream at the beginning of a text. With skipSpecial,
// special tokens are left out.
func (t *Tokenizer) NewStream(skipSpecial bool) *Stream {
	s := &Stream{t: t, skipSpecial: skipSpecial}
	s.emit = make([]func(string), len(t.decoder)+1)
	s.emit[len(t.decoder)] = func(text string) { s.out.WriteString(text) }
	for i, begin := range t.decoder {
		s.steps = append(s.steps, begin())
		s.emit[i] = func(token string) { s.steps[i].push(token, s.emit[i+1]) }
	}
	return s
}

// Push takes the next id and returns the text that can't change any more, which
// may be "". Ids that aren't in the vocabulary are ignored.
func (s *Stream) Push(id int32) string {
	s.push(id)
	return s.take()
}

func (s *Stream) push(id int32) {
	if i, ok := s.t.addedByID[id]; ok && s.skipSpecial && s.t.hidden[i] {
		return
	}
	if token, ok := s.t.decoded(id); ok {
		s.emit[0](token)
	}
}

// Flush ends the text and returns the rest of it.
func (s *Stream) Flush() string {
	for i, step := range s.steps {
		step.flush(s.emit[i+1])
	}
	return s.take()
}

func (s *Stream) take() string {
	text := s.out.String()
	s.out.Reset()
	return text
}

// Decode returns the text of ids. With skipSpecial, special tokens are left out.
// Ids that aren't in the vocabulary are ignored.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	s := t.NewStream(skipSpecial)
	for _, id := range ids {
		s.push(id)
	}
	return s.Flush()
}

// TokenBytes returns the bytes that a token adds to a text with other tokens
// before and behind it. The bytes needn't be whole characters. For special tokens
// and unknown ids it returns nil.
func (t *Tokenizer) TokenBytes(id int32) []byte {
	token, ok := t.decoded(id)
	if !ok || t.IsSpecial(id) {
		return nil
	}
	for _, begin := range t.decoder {
		token = begin().inner(token)
	}
	return []byte(token)
}
