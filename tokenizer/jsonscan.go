package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/medner/medner/internal/clip"
)

// Most of a tokenizer.json is its vocabulary and its merges. The scanner in this
// file reads these two a few times faster than encoding/json does.

// vocabJSON holds the tokens and ids of a vocabulary in the file's order.
type vocabJSON []vocabEntry

type vocabEntry struct {
	token string
	id    int64
}

func (v *vocabJSON) UnmarshalJSON(data []byte) error {
	s := jsonScanner{data: string(data)}
	if !s.take('{') {
		return errors.New("expected an object of tokens and ids")
	}
	if s.take('}') {
		return nil
	}
	for {
		token, err := s.string()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return s.unexpected("':'")
		}
		id, err := s.integer()
		if err != nil {
			return fmt.Errorf("token %q: %w", clip.Text(token), err)
		}
		*v = append(*v, vocabEntry{token, id})
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.unexpected("',' or '}'")
		}
	}
}

// mergesJSON holds the pairs of tokens that merges join. A file writes a pair as
// "a b" or as ["a", "b"].
type mergesJSON [][2]string

func (m *mergesJSON) UnmarshalJSON(data []byte) error {
	s := jsonScanner{data: string(data)}
	if !s.take('[') {
		return errors.New("expected a list of pairs")
	}
	if s.take(']') {
		return nil
	}
	for {
		pair, comment, err := s.pair()
		if err != nil {
			return fmt.Errorf("merge %d: %w", len(*m), err)
		}
		if !comment {
			*m = append(*m, pair)
		}
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.unexpected("',' or ']'")
		}
	}
}

// jsonScanner reads JSON that encoding/json has found valid.
type jsonScanner struct {
	data string
	at   int
}

// take moves past spaces and past the byte c; it reports whether c was there.
func (s *jsonScanner) take(c byte) bool {
	for s.at < len(s.data) {
		switch b := s.data[s.at]; b {
		case ' ', '\t', '\r', '\n':
			s.at++
		case c:
			s.at++
			return true
		default:
			return false
		}
	}
	return false
}

func (s *jsonScanner) unexpected(want string) error {
	return fmt.Errorf("found %q, expected %s", clip.At(s.data[s.at:], 20), want)
}

func (s *jsonScanner) string() (string, error) {
	if !s.take('"') {
		return "", s.unexpected("a string")
	}
	start := s.at
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case '"':
			s.at++
			return s.data[start : s.at-1], nil
		case '\\':
			return s.escaped(start)
		}
		s.at++
	}
	return "", s.unexpected("the end of a string")
}

// escaped returns the string that begins at start and holds escapes.
func (s *jsonScanner) escaped(start int) (string, error) {
	for s.at < len(s.data) && s.data[s.at] != '"' {
		if s.data[s.at] == '\\' {
			s.at++
		}
		s.at++
	}
	s.at = min(s.at+1, len(s.data))
	var out string
	err := json.Unmarshal([]byte(s.data[start-1:s.at]), &out)
	return out, err
}

func (s *jsonScanner) integer() (int64, error) {
	s.take(0) // skips space
	start, value := s.at, int64(0)
	for s.at < len(s.data) && '0' <= s.data[s.at] && s.data[s.at] <= '9' {
		if s.at-start > 17 {
			return 0, s.unexpected("a smaller number")
		}
		value = value*10 + int64(s.data[s.at]-'0')
		s.at++
	}
	if s.at == start || s.at < len(s.data) && (s.data[s.at] == '.' || s.data[s.at] == 'e' || s.data[s.at] == 'E') {
		s.at = start
		return 0, s.unexpected("a whole number that isn't negative")
	}
	return value, nil
}

// pair reads a merge. A string that begins with #version is a comment.
func (s *jsonScanner) pair() (pair [2]string, comment bool, err error) {
	if s.take('[') {
		for i := range pair {
			if pair[i], err = s.string(); err != nil {
				return pair, false, err
			}
			if i == 0 && !s.take(',') {
				return pair, false, s.unexpected("two tokens")
			}
		}
		if !s.take(']') {
			return pair, false, s.unexpected("two tokens")
		}
		return pair, false, nil
	}
	line, err := s.string()
	if err != nil || strings.HasPrefix(line, "#version") {
		return pair, true, err
	}
	left, right, ok := strings.Cut(line, " ")
	if !ok || strings.Contains(right, " ") {
		return pair, false, fmt.Errorf("found %q, expected two tokens with a space between", clip.Text(line))
	}
	return [2]string{left, right}, false, nil
}
