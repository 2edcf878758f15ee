package server

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/medner/medner/model"
	"github.com/medner/medner/tokenizer"
)

// A piece is a part of an answer: text, and the tokens that it is of.
type piece struct {
	text string
	logs []logged
}

func (p piece) isEmpty() bool { return p.text == "" && len(p.logs) == 0 }

// logged is a token of an answer with its log-probabilities.
type logged struct {
	model.Token
	start   int  // the code points of the answer before it
	unknown bool // whether it has no log-probability, as a prompt's first token
	end     int  // the code points of the answer once it was decoded
}

// transcript makes the text of an answer from its tokens. Text that may be the
// beginning of a stop string is held back until it is clear that it isn't.
type transcript struct {
	tokens  *tokenizer.Tokenizer
	stream  *tokenizer.Stream
	stops   *stopper
	stopIDs []int32
	logs    bool // whether tokens are delivered too

	count   int      // tokens pushed
	decoded int      // code points decoded, held back or not
	given   int      // code points delivered
	pending []logged // tokens whose text isn't delivered yet
	stopped bool     // whether a stop string came
}

// push takes the next token and returns what it adds to the answer.
func (t *transcript) push(token model.Token) piece {
	t.count++
	if slices.Contains(t.stopIDs, token.ID) {
		return piece{} // it ends the answer and is no part of it
	}
	text, start := decodeNext(t.tokens, t.stream, token.ID, t.decoded)
	t.decoded += utf8.RuneCountInString(text)
	if t.logs {
		t.pending = append(t.pending, logged{Token: token, start: start, end: t.decoded})
	}
	return t.take(text, false)
}

// decodeNext decodes the next token of a stream, of which so many code points have
// come. It returns the text that comes now, and where the token begins: behind what
// the stream held back of the tokens before.
func decodeNext(t *tokenizer.Tokenizer, stream *tokenizer.Stream, id int32, decoded int) (text string, start int) {
	text = stream.Push(id)
	if own := string(t.TokenBytes(id)); own != "" && utf8.ValidString(own) {
		if before, found := strings.CutSuffix(text, own); found {
			return text, decoded + utf8.RuneCountInString(before)
		}
	}
	return text, decoded
}

// end returns the rest of the answer.
func (t *transcript) end() piece {
	if t.stopped {
		return piece{}
	}
	text := t.stream.Flush()
	t.decoded += utf8.RuneCountInString(text)
	return t.take(text, true)
}

// take passes text through the stop strings, and returns what may be delivered.
func (t *transcript) take(text string, last bool) piece {
	var out piece
	out.text, t.stopped = t.stops.feed(text)
	if last && !t.stopped {
		out.text += t.stops.rest()
	}
	t.given += utf8.RuneCountInString(out.text)
	n := 0
	for n < len(t.pending) && t.delivers(t.pending[n], last) {
		n++
	}
	out.logs = slices.Clone(t.pending[:n])
	t.pending = t.pending[n:]
	return out
}

// delivers reports whether a token's text is delivered: all of it, or the part
// before a stop string, or, where the token is a part of a character, the
// character. last says that nothing follows.
func (t *transcript) delivers(entry logged, last bool) bool {
	if t.stopped || !last && entry.start == entry.end {
		return t.given > entry.start
	}
	return t.given >= entry.end
}
