package format

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/medner/medner/ner/document"
)

// The keys under which objects of JSON have an article, as jsonKey makes them.
var (
	titleKeys    = []string{"title", "articletitle", "papertitle", "doctitle", "documenttitle"}
	abstractKeys = []string{"abstract", "abstracttext"}
	bodyKeys     = []string{
		"text", "body", "bodytext", "contents", "content", "fulltext", "rawtext", "doctext", "documenttext", "notetext",
		"sentence", "sentences", "passage", "passages", "paragraph", "paragraphs", "sections", "article", "document",
	}
	// idKeys has the keys of identifiers; the first that an object has counts.
	idKeys = []string{"id", "pmid", "pmcid", "pmc", "docid", "documentid", "articleid", "paperid", "corpusid", "noteid", "uid", "_id", "doi", "docno", "sourceid"}
	// databaseKeys has those that are kept as properties beside another one, and the
	// properties' names.
	databaseKeys = map[string]string{"pmid": "pmid", "pmcid": "pmc", "pmc": "pmc", "doi": "doi"}
)

// jsonKey returns a key in lower case without the signs that join words, so that
// "doc_id", "docId" and "doc-id" are one key. "_id" stays what it is.
func jsonKey(key string) string {
	if plain := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }; strings.IndexFunc(key, func(r rune) bool { return !plain(r) }) < 0 {
		return key
	}
	words := strings.TrimLeft(key, "_")
	return key[:len(key)-len(words)] + strings.ToLower(joins.Replace(words))
}

var joins = strings.NewReplacer("_", "", "-", "", " ", "")

// member returns the first key of an object that is one of some keys.
func member(m map[string]json.RawMessage, keys []string) (string, bool) {
	best, rank := "", len(keys)
	for k, raw := range m {
		if i := slices.Index(keys, jsonKey(k)); i >= 0 && (i < rank || i == rank && k < best) && string(raw) != "null" {
			best, rank = k, i
		}
	}
	return best, rank < len(keys)
}

// isArticle tells whether an object has an article under keys that are known.
func isArticle(m map[string]json.RawMessage) bool {
	for k := range m {
		if k = jsonKey(k); slices.Contains(titleKeys, k) || slices.Contains(abstractKeys, k) || slices.Contains(bodyKeys, k) {
			return true
		}
	}
	return false
}

// article reads an object with a title, an abstract and a text, or some of them.
// Each may be a string, or a list of strings or of objects with a text.
func (j *jsonDecoder) article(m map[string]json.RawMessage) (document.Document, error) {
	d := document.Document{ID: j.id(m)}
	parts := map[string][]jsonPart{}
	var used []string
	for _, kind := range []struct {
		typ  string
		keys []string
	}{{titleType, titleKeys}, {abstractType, abstractKeys}, {paragraphType, bodyKeys}} {
		key, ok := member(m, kind.keys)
		if !ok {
			continue
		}
		used = append(used, key)
		var err error
		if parts[kind.typ], err = j.parts(d.ID, key, m[key]); err != nil {
			return d, err
		}
	}
	if parts[titleType] == nil { // CORD-19 has it one level below
		var metadata map[string]json.RawMessage
		if key, ok := member(m, []string{"metadata"}); ok && json.Unmarshal(m[key], &metadata) == nil {
			if inner, ok := member(metadata, titleKeys); ok {
				var err error
				if parts[titleType], err = j.parts(d.ID, key+"."+inner, metadata[inner]); err != nil {
					return d, err
				}
			}
		}
	}
	d.Text, d.Passages = joinParts(parts[titleType], parts[abstractType], parts[paragraphType])
	d.Infons = databaseIDs(m, d.ID)
	j.forget(m, d.ID, used...)
	return d, nil
}

// databaseIDs returns the identifiers in an object other than id.
func databaseIDs(m map[string]json.RawMessage, id string) map[string]string {
	var infons map[string]string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if name := databaseKeys[jsonKey(k)]; name != "" && string(m[k]) != "null" {
			if v := plainString(m[k]); v != id && v != "" {
				infons = setInfon(infons, name, v)
			}
		}
	}
	return infons
}

// jsonPart is a piece of an article, with the heading of the section that it is in.
type jsonPart struct{ section, text string }

// parts reads the value under a key.
func (j *jsonDecoder) parts(id, key string, raw json.RawMessage) ([]jsonPart, error) {
	if raw = bytes.TrimSpace(raw); raw[0] != '[' {
		return j.part(id, key, raw)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, j.badType(id, key, err, "a list of texts")
	}
	var all []jsonPart
	for _, item := range list {
		part, err := j.part(id, key, item)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	return all, nil
}

// part reads a string, or an object with a text; null is no part.
func (j *jsonDecoder) part(id, key string, raw json.RawMessage) ([]jsonPart, error) {
	var text *string
	if json.Unmarshal(raw, &text) == nil {
		if text == nil {
			return nil, nil
		}
		return []jsonPart{{text: *text}}, nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil {
		if k, ok := member(object, bodyKeys); ok && json.Unmarshal(object[k], &text) == nil && text != nil {
			p := jsonPart{text: *text}
			if k, ok := member(object, []string{"section", "label", "heading", "title", "sectiontitle"}); ok {
				_ = json.Unmarshal(object[k], &p.section)
			}
			return []jsonPart{p}, nil
		}
	}
	return nil, j.bad(id, key, quote(string(raw)), "a string, or a list of strings")
}

// joinParts returns the text and the passages of an article. A text beside a title
// is read as its abstract is; a text alone has no passages.
func joinParts(title, abstract, body []jsonPart) (string, []document.Passage) {
	if len(title) == 0 && len(abstract) == 0 && len(body) == 1 && body[0].section == "" {
		return body[0].text, nil
	}
	var p passages
	add := func(typ string, parts []jsonPart) {
		for _, part := range parts {
			var infons map[string]string
			if part.section != "" {
				infons = setInfon(infons, sectionInfon, part.section)
			}
			p.add(typ, part.text, infons)
		}
	}
	if len(title) > 0 {
		words := make([]string, len(title))
		for i, part := range title {
			words[i] = part.text
		}
		p.add(titleType, strings.Join(words, " "), nil)
	}
	add(abstractType, abstract)
	if len(title) > 0 && len(abstract) == 0 && len(body) == 1 {
		add(abstractType, body)
	} else {
		add(paragraphType, body)
	}
	return p.text.String(), p.list
}
