package format

import (
	"bytes"
	"encoding/json"
	"path/filepath"
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
func (j *jsonDecoder) lineID() string { return filepath.Base(j.name) + ":" + strconv.Itoa(j.line) }

// decode reads the document in a JSON value. For a BioC collection it returns the
// documents in it instead.
func (j *jsonDecoder) decode(raw []byte) (document.Result, []biocDocument, error) {
	if bad := badText(raw); bad != "" {
		return document.Result{}, nil, j.bad("", "", bad, "UTF-8 text")
	}
	if deepJSON(raw) {
		return document.Result{}, nil, j.bad("", "", errDeepJSON.Error(), "a document")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return document.Result{}, nil, j.bad("", "", err.Error(), "a JSON object")
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
	case has("passages"):
		var doc biocDocument
		if doc, err = j.biocDocument(m); err == nil {
			res, err = j.bioc(&doc)
		}
	case has("documents"):
		more, err = j.biocCollection(m)
	case has("ents") && has("text"):
		res.Document, err = j.displacy(m)
	case has("prompt"):
		res.Document, err = j.prompt(m)
	case has("text"):
		res.Document, err = j.plain(m)
	case has("abstract") || has("title"):
		res.Document, err = j.article(m)
	default:
		keys := make([]string, 0, len(m))
		for k := range m {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		err = j.bad("", "", "an object with the keys "+quote(strings.Join(keys, ", ")), `"text", "prompt", "title" or "abstract", "passages" or "schema"`)
	}
	return res, more, err
}

// id returns the identifier of a document: a string or a number in the object, or
// else the file's name with the line.
func (j *jsonDecoder) id(m map[string]json.RawMessage) string {
	for _, key := range idKeys {
		if raw, ok := m[key]; ok {
			if s := plainString(raw); s != "" && s != "null" {
				return s
			}
		}
	}
	return j.lineID()
}

var idKeys = []string{"id", "pmid", "doc_id"}

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
	keys := make([]string, 0, len(m))
	for k := range m {
		if !slices.Contains(known, k) && !slices.Contains(idKeys, k) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		j.o.warn(j.name, id, "the field %s is not kept", quote(k))
	}
}

// plain reads {"id", "text"}.
func (j *jsonDecoder) plain(m map[string]json.RawMessage) (document.Document, error) {
	id := j.id(m)
	text, err := j.str(m, id, "text")
	j.forget(m, id, "text")
	return document.Document{ID: id, Text: text}, err
}

// article reads {"id", "title", "abstract"}.
func (j *jsonDecoder) article(m map[string]json.RawMessage) (document.Document, error) {
	id := j.id(m)
	title, err := j.str(m, id, "title")
	if err != nil {
		return document.Document{}, err
	}
	abstract, err := j.str(m, id, "abstract")
	d := document.Document{ID: id}
	d.Text, d.Passages = titleAndAbstract(title, abstract, m["abstract"] != nil)
	j.forget(m, id, "title", "abstract")
	return d, err
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
