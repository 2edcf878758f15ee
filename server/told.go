package server

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"github.com/medner/medner/badinput"
)

// What clients are told of errors of other packages: in terms of their request, and
// without the paths of files, which lie on the server and are nothing to them.

// paramOf is the field of a request by the name that errors of package ner have for it.
func paramOf(field string) string {
	known := map[string]string{
		"on ungrounded": "on_ungrounded", "seed rules": "profile_option", "max new tokens": "max_new_tokens", "chunk tokens": "chunk_tokens",
		"repetition penalty": "repetition_penalty", "min confidence": "min_confidence", "target precision": "target_precision", "adapter": "model",
		`method "tag"`: "method", `method "both"`: "method",
	}
	if name := known[field]; name != "" {
		return name
	}
	return field
}

// inFields returns an error of package ner in terms of the request's fields.
func inFields(err error) error {
	var bad *badinput.Error
	if !errors.As(err, &bad) {
		return err
	}
	e := *asAPIError(err)
	param := paramOf(bad.Field)
	told := *withoutFiles(bad)
	told.Field = param
	e.Param, e.Message = &param, told.Error()
	return &e
}

// withoutFiles returns an error without the names of files, its causes' too: those of the
// model lie on the server, and are nothing to its clients.
func withoutFiles(bad *badinput.Error) *badinput.Error {
	told := badinput.Error{Field: bad.Field, Found: bad.Found, Want: bad.Want}
	var cause *badinput.Error
	if errors.As(bad.Err, &cause) {
		told.Err = withoutFiles(cause)
	}
	return &told
}

// ofModel returns an error about the model's own files, as clients are told of it.
func ofModel(err error) error {
	var (
		bad    *badinput.Error
		unread *fs.PathError
	)
	switch {
	case errors.As(err, &bad):
		return withoutFiles(bad)
	case errors.As(err, &unread):
		return errors.New("the model's files can't be read")
	}
	return err
}

// placeInJSON matches the place that errors of package ner/format name in the JSON of a
// document: a line, the document's identifier, and the field.
var placeInJSON = regexp.MustCompile(`(?s)^line \d+(?: \(document .*?\))?(?:: (.*))?$`)

// inDocument returns an error of a document of a request in terms of the request's
// fields: documents[2].text.
func inDocument(name string, err error) error {
	var bad *badinput.Error
	if !errors.As(err, &bad) {
		return err
	}
	told := *bad
	told.File = ""
	field := bad.Field
	if m := placeInJSON.FindStringSubmatch(field); m != nil {
		field = m[1]
	}
	switch {
	case field == "":
		told.Field = name
	case name == "":
		told.Field = field
	default:
		told.Field = fmt.Sprintf("%s.%s", name, field)
	}
	return &told
}
