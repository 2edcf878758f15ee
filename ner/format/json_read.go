package format

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// jsonlSource reads one object a line.
type jsonlSource struct {
	name  string
	lines *lines
	o     ReadOptions
	queue []biocDocument // of a collection on one line
}

func (s *jsonlSource) next() (document.Result, error) {
	for {
		j := jsonDecoder{name: s.name, line: s.lines.number, o: s.o}
		if len(s.queue) > 0 {
			doc := s.queue[0]
			s.queue = s.queue[1:]
			return j.bioc(&doc)
		}
		line, err := s.lines.next()
		j.line = s.lines.number
		switch {
		case errors.Is(err, errLongLine):
			return document.Result{}, badinput.New(s.name, place(j.line, ""), fmt.Sprintf("more than %d bytes", s.lines.max), "a document")
		case err == io.EOF: //nolint:errorlint // our own, bare
			return document.Result{}, io.EOF
		case err != nil:
			return document.Result{}, badRead(s.name, err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		res, more, err := j.decode(line)
		if more != nil {
			s.queue = more
			continue
		}
		return res, err
	}
}

// jsonSource reads JSON that goes over lines: one object, several, an array of
// them, or a collection whose documents are in an array.
type jsonSource struct {
	name  string
	scan  jsonScanner
	o     ReadOptions
	queue []biocDocument

	where   jsonPlace
	members map[string]json.RawMessage // of the object at the top
	size    int
	streams bool // the object at the top is a collection
	line    int  // where the object at the top begins
	any     bool // something has been found
}

// jsonPlace is what the next value is in.
type jsonPlace int

const (
	atTop jsonPlace = iota
	inArray
	inObject
	inDocuments
)

func newJSONSource(name string, in *bufio.Reader, o ReadOptions) *jsonSource {
	return &jsonSource{name: name, scan: jsonScanner{in: in, max: o.maxDocument(), line: 1}, o: o}
}

func (s *jsonSource) next() (document.Result, error) {
	for {
		if len(s.queue) > 0 {
			doc := s.queue[0]
			s.queue = s.queue[1:]
			return s.decoder().bioc(&doc)
		}
		c, err := s.scan.peek()
		if err != nil {
			return document.Result{}, s.ended(err)
		}
		res, done, err := s.step(c)
		if done || err != nil {
			return res, err
		}
	}
}

func (s *jsonSource) decoder() *jsonDecoder {
	return &jsonDecoder{name: s.name, line: s.scan.line, o: s.o}
}

func (s *jsonSource) ended(err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return badRead(s.name, err)
	case s.where != atTop:
		return final{badinput.New(s.name, place(s.scan.line, ""), "the end of the file within JSON", "its closing brackets")}
	case !s.any:
		return final{badinput.New(s.name, "", "an empty file", "JSON")}
	}
	return io.EOF
}

// step takes what c begins; done: there is a document or a bad one.
func (s *jsonSource) step(c byte) (res document.Result, done bool, err error) {
	s.any = true
	switch {
	case s.where == atTop && c == '[':
		s.scan.skip()
		s.where = inArray
	case s.where == atTop && c == '{':
		s.scan.skip()
		s.where, s.members, s.size, s.streams, s.line = inObject, map[string]json.RawMessage{}, 0, false, s.scan.line
	case s.where == atTop:
		return res, true, s.malformed("a document or an array of them")
	case s.where == inObject:
		return s.member(c)
	case c == ',':
		s.scan.skip()
	case c == ']':
		s.scan.skip()
		if s.where == inArray {
			s.where = atTop
		} else {
			s.where = inObject
		}
	case c == '}' || c == ':':
		return res, true, s.malformed("a document")
	default:
		d := s.decoder()
		raw, err := s.scan.value()
		if err != nil {
			return res, true, s.badValue(d.line, err)
		}
		res, more, err := d.decode(raw)
		s.queue = more
		return res, more == nil, err
	}
	return res, false, nil
}

// member takes the next of the object at the top, which is either a document or
// a collection; of a collection the documents are taken one by one.
func (s *jsonSource) member(c byte) (res document.Result, done bool, err error) {
	switch c {
	case ',':
		s.scan.skip()
		return res, false, nil
	case '}':
		s.scan.skip()
		s.where = atTop
		if s.streams {
			return res, false, nil
		}
		d := &jsonDecoder{name: s.name, line: s.line, o: s.o}
		res, more, err := d.object(s.members)
		s.queue = more
		return res, more == nil, err
	case '"':
	default:
		return res, true, s.malformed("a key")
	}
	line := s.scan.line
	raw, err := s.scan.value()
	if err != nil {
		return res, true, final{s.badValue(line, err)}
	}
	var key string
	if err := json.Unmarshal(raw, &key); err != nil {
		return res, true, s.malformed("a key")
	}
	if c, err = s.scan.peek(); err != nil || c != ':' {
		return res, true, s.malformed("a colon after " + quote(key))
	}
	s.scan.skip()
	if c, err = s.scan.peek(); err != nil {
		return res, true, s.ended(err)
	}
	if c == '[' && slices.Contains(documentKeys, key) {
		s.scan.skip()
		s.where, s.streams = inDocuments, true
		collection(s.members, s.o)
		return res, false, nil
	}
	if raw, err = s.scan.value(); err != nil {
		return res, true, final{s.badValue(line, err)}
	}
	if s.size += len(key) + len(raw); s.size > s.scan.max {
		return res, true, final{s.badValue(line, fmt.Errorf("a value of more than %d bytes", s.scan.max))}
	}
	if bad := badText(raw); bad != "" {
		return res, true, final{badinput.New(s.name, place(line, "", key), bad, "UTF-8 text")}
	}
	if !json.Valid(raw) {
		return res, true, final{badinput.New(s.name, place(line, "", key), quote(string(raw)), "JSON")}
	}
	s.members[key] = raw
	return res, false, nil
}

// documentKeys are where a collection has its documents; the second is that of
// PubTator 3's exports.
var documentKeys = []string{"documents", "PubTator3"}

func (s *jsonSource) malformed(want string) error {
	c, err := s.scan.peek()
	if err != nil {
		return s.ended(err)
	}
	return final{badinput.New(s.name, place(s.scan.line, ""), quote(string(rune(c))), want)}
}

func (s *jsonSource) badValue(line int, err error) error {
	if errors.Is(err, io.EOF) {
		return s.ended(err)
	}
	return badinput.New(s.name, place(line, ""), err.Error(), "a document")
}

// collection passes on what a collection says before its documents.
func collection(members map[string]json.RawMessage, o ReadOptions) {
	if o.Collection == nil {
		return
	}
	var c Collection
	for key, to := range map[string]*string{"source": &c.Source, "date": &c.Date, "key": &c.Key} {
		if raw, ok := members[key]; ok {
			*to = plainString(raw)
		}
	}
	var infons map[string]json.RawMessage
	if json.Unmarshal(members["infons"], &infons) == nil {
		c.Infons, _ = infonStrings(infons)
	}
	o.Collection(c)
}
