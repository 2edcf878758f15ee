package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/medner/medner/internal/jsontext"
)

// readJSON reads the body of a request into the struct that v points to. Unknown
// fields are ignored, and null leaves a field as it is. What is too long, too
// deep, no JSON, or of another type than its field is an apiError.
func (s *Server) readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	return s.parseJSON(body, v)
}

// parseJSON reads a whole body as readJSON does.
func (s *Server) parseJSON(body []byte, v any) error {
	if !utf8.Valid(body) {
		return badJSON("bytes that are not UTF-8")
	}
	if err := checkJSON(body, s.limits.Depth); err != nil {
		return err
	}
	if escape, at := jsontext.LoneSurrogate(body); escape != "" {
		return badField(pathAt(body, int64(at+1)), jsontext.Found(escape), jsontext.Wanted)
	}
	return typeError("", body, json.Unmarshal(body, v))
}

// typeError returns what a client is told of an error of json.Unmarshal on body,
// which stands in a field; "": it is the whole body.
func typeError(field string, body []byte, err error) error {
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return badJSON(err.Error())
	}
	path := pathAt(body, wrong.Offset)
	if field != "" && path != "" && path[0] != '[' {
		path = "." + path
	}
	if path = field + path; path == "" {
		return badJSON(found(wrong.Value))
	}
	return badField(path, found(wrong.Value), expected(wrong))
}

// readBody reads the whole body, which may have as many bytes as the limits say.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.limits.Body))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return nil, bodyTooLarge(long.Limit)
	}
	if err != nil {
		return nil, &apiError{status: http.StatusBadRequest, Kind: kindRequest, Code: "incomplete_body", Message: "the body could not be read to its end"}
	}
	return body, nil
}

// badJSON refuses a body that is no JSON object.
func badJSON(found string) *apiError {
	return &apiError{
		status: http.StatusBadRequest, Kind: kindRequest, Code: "invalid_json",
		Message: fmt.Sprintf("found %s, expected a JSON object as the body", found),
	}
}

// checkJSON verifies that body is one JSON value, and not too deep.
func checkJSON(body []byte, most int) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	for depth := 0; ; {
		token, err := decoder.Token()
		switch {
		case err == io.EOF && decoder.InputOffset() == 0:
			return badJSON("nothing")
		case err != nil:
			return badJSON(fmt.Sprintf("what is no JSON at byte %d (%v)", decoder.InputOffset(), err))
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if depth++; depth > most {
				return badJSON(fmt.Sprintf("more than %d objects and arrays within each other at byte %d", most, decoder.InputOffset()))
			}
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			break
		}
	}
	if rest := bytes.TrimLeft(body[decoder.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return badJSON(fmt.Sprintf("%d bytes behind the first value", len(rest)))
	}
	return nil
}

// pathAt returns the path, such as messages[2].content, of the value that ends at
// an offset of body, or that an offset lies in; "" for the whole.
func pathAt(body []byte, offset int64) string {
	type level struct {
		object bool
		key    string // of an object: the latest
		next   bool   // of an object: whether a key comes next
		index  int    // of an array: the latest
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var levels []level
	path := func() string {
		text := ""
		for _, l := range levels {
			switch {
			case !l.object:
				text += fmt.Sprintf("[%d]", l.index)
			case text == "":
				text = l.key
			default:
				text += "." + l.key
			}
		}
		return text
	}
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		at := len(levels) - 1
		closes := token == json.Delim('}') || token == json.Delim(']')
		switch {
		case closes:
			levels = levels[:at]
		case at >= 0 && levels[at].object && levels[at].next:
			levels[at].key, levels[at].next = token.(string), false
			continue
		case at >= 0 && levels[at].object:
			levels[at].next = true
		case at >= 0:
			levels[at].index++
		}
		if decoder.InputOffset() >= offset {
			return path()
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{object: true, next: true})
		case json.Delim('['):
			levels = append(levels, level{index: -1})
		}
	}
}

// found names the JSON value that a type error is about.
func found(value string) string {
	switch {
	case value == "object", value == "array":
		return "an " + value
	case value == "string", value == "number":
		return "a " + value
	case value == "bool":
		return "true or false"
	}
	return "the " + value // "number 1.5"
}

// expected names what the field that a type error is about takes.
func expected(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind().String() {
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	case "slice", "array":
		return "an array"
	case "struct", "map":
		return "an object"
	case "float32", "float64":
		return "a number"
	case "int", "int32", "int64", "uint", "uint32", "uint64":
		return "a whole number"
	}
	return "another type"
}
