package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// jsonDecoder makes documents of JSON values, whatever kind of object they are.
type jsonDecoder struct {
	name string // the file
	line int    // where the value begins
	o    ReadOptions
}

func (j *jsonDecoder) bad(doc, field, found, want string) error {
	return badinput.New(j.name, j.place(doc, field), found, want)
}

// badType returns the error of json.Unmarshal on a field of a document; "" is the whole.
func (j *jsonDecoder) badType(doc, field string, err error, want string) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return j.bad(doc, field, err.Error(), want)
	}
	if field != "" && wrong.Field != "" {
		field += "."
	}
	return j.bad(doc, field+wrong.Field, "the JSON "+wrong.Value, want)
}

// place names the line, the document if it has an identifier of its own, and the
// field.
func (j *jsonDecoder) place(doc, field string) string {
	if doc == j.lineID() {
		doc = ""
	}
	if field != "" {
		return place(j.line, doc, field)
	}
	return place(j.line, doc)
}

// lineID returns the identifier of a document that has none of its own.
func (j *jsonDecoder) lineID() string { return j.o.fileID(j.name) + ":" + strconv.Itoa(j.line) }

// decode reads the document in a JSON value. For a BioC collection it returns the
// documents in it instead.
func (j *jsonDecoder) decode(raw []byte) (document.Result, []biocDocument, error) {
	if bad := badJSONText(raw); bad != "" {
		return document.Result{}, nil, j.bad("", "", bad, textWanted(bad))
	}
	if deepJSON(raw) {
		return document.Result{}, nil, j.bad("", "", errDeepJSON.Error(), "a document")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return document.Result{}, nil, j.badType("", "", err, "a JSON object")
	}
	return j.object(members)
}

// deepJSON tells whether values are nested more than maxDepth deep, so that no
// parser that recurses meets them.
func deepJSON(raw []byte) bool {
	depth, inString, escaped := 0, false, false
	for _, c := range raw {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped, inString = c == '\\', c != '"'
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// object reads the document that an object of these members is, by the members
// that it has. For a BioC collection it returns the documents in it instead.
func (j *jsonDecoder) object(m map[string]json.RawMessage) (res document.Result, more []biocDocument, err error) {
	has := func(key string) bool { _, ok := m[key]; return ok }
	switch {
	case has("schema"):
		res, err = j.result(m)
	case has("passages") && isBioC(m["passages"]):
		var doc biocDocument
		if doc, err = j.biocDocument(m); err == nil {
			res, err = j.bioc(&doc)
		}
	case has("documents") || has("PubTator3"):
		more, err = j.biocCollection(m)
	case has("ents") && has("text"):
		res.Document, err = j.displacy(m)
	case has("denotations") && has("text"):
		res.Document, err = j.pubAnnotation(m)
	case has("prompt"):
		res.Document, err = j.prompt(m)
	case isArticle(m):
		res.Document, err = j.article(m)
	default:
		err = j.bad("", "", "an object with the keys "+quote(strings.Join(slices.Sorted(maps.Keys(m)), ", ")),
			`"text", "prompt", "title" or "abstract" (or "body", "contents", "sentence" and the like), "passages" or "schema"`)
	}
	return res, more, err
}

// isBioC tells whether the passages of an object are BioC's: objects, or none, and
// no list of texts.
func isBioC(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(raw), []byte("[")))
	return !bytes.HasPrefix(raw, []byte(`"`))
}

// id returns the identifier of a document: a string or a number in the object, or
// else the file's name with the line.
func (j *jsonDecoder) id(m map[string]json.RawMessage) string {
	keys := idKeys
	for len(keys) > 0 {
		key, ok := member(m, keys)
		if !ok {
			break
		}
		if s := strings.TrimSpace(plainString(m[key])); s != "" {
			return s
		}
		keys = keys[slices.Index(keys, jsonKey(key))+1:]
	}
	return j.lineID()
}

// plainString returns the string that raw is, or raw itself if it is no string.
func plainString(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return ""
	}
	return b.String()
}

// str returns a member that must be a string, and "" if it is missing.
func (j *jsonDecoder) str(m map[string]json.RawMessage, id, key string) (string, error) {
	var s string
	if raw, ok := m[key]; ok {
		if err := json.Unmarshal(raw, &s); err != nil {
			return "", j.bad(id, key, quote(string(raw)), "a string")
		}
	}
	return s, nil
}

// forget warns of the members of a document beyond those known, which are not
// kept.
func (j *jsonDecoder) forget(m map[string]json.RawMessage, id string, known ...string) {
	if j.o.Warn == nil {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(known, k) && !slices.Contains(idKeys, jsonKey(k)) && string(m[k]) != "null" {
			j.o.warn(j.name, id, "the field %s is not kept", quote(k))
		}
	}
}

// prompt reads {"prompt", "completion"}, the model card's format.
func (j *jsonDecoder) prompt(m map[string]json.RawMessage) (document.Document, error) {
	id := j.id(m)
	prompt, err := j.str(m, id, "prompt")
	if err != nil {
		return document.Document{}, err
	}
	completion, err := j.str(m, id, "completion")
	j.forget(m, id, "prompt", "completion")
	return document.Document{ID: id, Text: articleOf(prompt), Prompt: prompt, Completion: completion}, err
}

// The words around the article in a prompt of the model card.
var (
	instruction = regexp.MustCompile(`(?i)^\s*the following article contains technical terms[^\n]*\n\s*\n`)
	answerLead  = regexp.MustCompile(`(?i)\n\s*\n\s*list of extracted [^\n]*\n?\s*$`)
)

// articleOf returns the article in a prompt of the model card, and any other prompt
// as it is.
func articleOf(prompt string) string {
	head := instruction.FindStringIndex(prompt)
	if head == nil {
		return prompt
	}
	article := prompt[head[1]:]
	if tail := answerLead.FindStringIndex(article); tail != nil {
		article = article[:tail[0]]
	}
	return article
}
