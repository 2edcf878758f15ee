package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// jsonReader reads JSON token by token, so that a value of the wrong kind is
// refused where it begins, however deep or long it is.
type jsonReader struct {
	path string
	dec  *json.Decoder
}

func newJSONReader(path string, data []byte) jsonReader {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return jsonReader{path: path, dec: dec}
}

func (r *jsonReader) bad(field, found, want string) error {
	return badinput.New(r.path, field, found, want)
}

func (r *jsonReader) token(field string) (json.Token, error) {
	t, err := r.dec.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, badinput.Wrap(r.path, field, err)
	}
	return t, nil
}

// object reads an object, and calls each to read the value of every key.
func (r *jsonReader) object(field string, each func(key string) error) error {
	t, err := r.token(field)
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return r.bad(field, kind(t), "an object")
	}
	for {
		t, err := r.token(field)
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return nil // the closing brace: the decoder lets nothing else through
		}
		if err := each(key); err != nil {
			return err
		}
	}
}

// str reads a string.
func (r *jsonReader) str(field string) (string, error) {
	t, err := r.token(field)
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", r.bad(field, kind(t), "a string")
	}
	return s, nil
}

// strings reads an object of strings into m. A key that m has already is an
// error.
func (r *jsonReader) strings(field string, m map[string]string) error {
	return r.object(field, func(key string) error {
		if _, twice := m[key]; twice {
			return r.bad(field, "the key "+clip.Text(key)+" twice", "it once")
		}
		s, err := r.str(field + ": " + clip.Text(key))
		m[key] = s
		return err
	})
}

// ints reads an array of at most limit non-negative integers.
func (r *jsonReader) ints(field string, limit int) ([]int, error) {
	t, err := r.token(field)
	if err != nil {
		return nil, err
	}
	if t != json.Delim('[') {
		return nil, r.bad(field, kind(t), "an array")
	}
	var v []int
	for {
		t, err := r.token(field)
		if err != nil {
			return nil, err
		}
		if t == json.Delim(']') {
			return v, nil
		}
		number, ok := t.(json.Number)
		if !ok {
			return nil, r.bad(field, kind(t), "an integer")
		}
		n, err := strconv.ParseUint(string(number), 10, 64)
		if err != nil || n > math.MaxInt {
			return nil, r.bad(field, clip.Text(number), "an integer from 0 that fits the address space")
		}
		if len(v) == limit {
			return nil, r.bad(field, "more integers", fmt.Sprintf("at most %d", limit))
		}
		v = append(v, int(n))
	}
}

// maxDepth bounds how deep a value that isn't looked at may be nested.
const maxDepth = 64

// skip reads a value and forgets it.
func (r *jsonReader) skip(field string) error {
	for depth := 0; ; {
		t, err := r.token(field)
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
		if depth > maxDepth {
			return r.bad(field, "deeper nesting", fmt.Sprintf("at most %d levels", maxDepth))
		}
	}
}

// end checks that nothing but space follows.
func (r *jsonReader) end(field string) error {
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return r.bad(field, "more after the object", "spaces only")
	}
	return nil
}

// kind says what a token begins, for an error.
func kind(t json.Token) string {
	switch t := t.(type) {
	case json.Delim:
		return map[json.Delim]string{'{': "an object", '[': "an array"}[t]
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	}
	return "null"
}

// located returns an error that names the file.
func located(path string, err error) error {
	var bad *badinput.Error
	if errors.As(err, &bad) && bad.File != "" {
		return err
	}
	return badinput.Wrap(path, "", err)
}
