package eval

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/typename"
	"github.com/medner/medner/ner/document"
)

// TypeMap says which of the scored types the names of types in files stand for.
// The zero TypeMap knows the names of well-known corpora: BC5CDR, the NCBI disease
// corpus, BioRED, CHEMDNER, PubTator 3, BioNLP and others.
type TypeMap struct {
	own map[string]string // by typename.Key: Chemical, Disease, or "" for a type to leave out
}

// NewTypeMap returns a map that also has the given names, each as "NAME=Chemical",
// "NAME=Disease" or "NAME=none". A name mapped to none is not scored. The names
// here go before those of the corpora. The error is a *badinput.Error.
func NewTypeMap(rules ...string) (TypeMap, error) {
	m := TypeMap{own: map[string]string{}}
	for _, rule := range rules {
		name, typ, found := cutLast(rule, "=")
		typ = strings.ToLower(strings.TrimSpace(typ))
		key := typename.Key(name)
		if !found || key == "" || typ != document.Chemical && typ != document.Disease && typ != "none" {
			return TypeMap{}, badinput.New("", "type map", fmt.Sprintf("%q", rule), "TYPE=Chemical, TYPE=Disease or TYPE=none")
		}
		if typ == "none" {
			typ = ""
		}
		if before, ok := m.own[key]; ok && before != typ {
			return TypeMap{}, badinput.New("", "type map", fmt.Sprintf("two types for %q", name), "one")
		}
		m.own[key] = typ
	}
	return m, nil
}

// cutLast cuts s around the last separator.
func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// Type returns Chemical or Disease of package document, or "" for a type that is
// not scored.
func (m TypeMap) Type(name string) string {
	key := typename.Key(name)
	if typ, ok := m.own[key]; ok {
		return typ
	}
	return typename.Of(name)
}

// Apply returns the documents with the types of their mentions mapped; a type that
// is not scored stays as it is, but for one mapped to none, whose mentions are left
// out. Relations of other types than CID between concepts or mentions that are no
// chemical and disease are left out, and those with the disease first are turned
// round. The documents given stay as they are.
func (m TypeMap) Apply(docs []document.Document) []document.Document {
	out := slices.Clone(docs)
	for i := range out {
		changed := slices.ContainsFunc(out[i].Entities, func(e document.Entity) bool { return m.Type(e.Type) != e.Type })
		if !changed {
			out[i].Relations = scoredRelations(&out[i])
			continue
		}
		var kept []document.Entity
		for _, e := range out[i].Entities {
			if typ := m.Type(e.Type); typ != "" {
				e.Type = typ
			} else if _, none := m.own[typename.Key(e.Type)]; none {
				continue
			}
			kept = append(kept, e)
		}
		out[i].Entities = kept
		out[i].Relations = scoredRelations(&out[i])
	}
	return out
}

// Unused returns the names given to NewTypeMap that no mention of the documents
// has.
func (m TypeMap) Unused(docs ...[]document.Document) []string {
	left := maps.Clone(m.own)
	for _, list := range docs {
		for i := range list {
			for j := range list[i].Entities {
				delete(left, typename.Key(list[i].Entities[j].Type))
			}
		}
	}
	return slices.Sorted(maps.Keys(left))
}

// TypeCount says how many mentions have a type.
type TypeCount struct {
	Type      string `json:"type"` // as the files name it
	ScoredAs  string `json:"scored_as,omitempty"`
	Gold      int    `json:"gold"`
	Predicted int    `json:"predicted"`
}

// countTypes returns the types that gold and predicted mentions have, sorted.
func countTypes(m TypeMap, gold, predicted []document.Document) []TypeCount {
	byName := map[string]*TypeCount{}
	count := func(docs []document.Document, add func(*TypeCount)) {
		for i := range docs {
			for j := range docs[i].Entities {
				name := docs[i].Entities[j].Type
				if byName[name] == nil {
					byName[name] = &TypeCount{Type: name, ScoredAs: m.Type(name)}
				}
				add(byName[name])
			}
		}
	}
	count(gold, func(c *TypeCount) { c.Gold++ })
	count(predicted, func(c *TypeCount) { c.Predicted++ })
	var out []TypeCount
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, *byName[name])
	}
	return out
}

// unscored returns how many of the mentions that count counts have each type that
// is not scored, as "Gene (12), Species (3)", the commonest first.
func unscored(types []TypeCount, count func(TypeCount) int) string {
	types = slices.DeleteFunc(slices.Clone(types), func(c TypeCount) bool { return c.ScoredAs != "" || count(c) == 0 })
	slices.SortStableFunc(types, func(a, b TypeCount) int { return count(b) - count(a) })
	const most = 12
	var parts []string
	for i, c := range types {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more types", len(types)-most))
			break
		}
		parts = append(parts, fmt.Sprintf("%s (%d)", shown(c.Type), count(c)))
	}
	return strings.Join(parts, ", ")
}

// shown returns a name for messages: clipped, and quoted unless it is plain.
func shown(name string) string {
	if r := []rune(name); len(r) > 40 {
		name = string(r[:40]) + "…"
	}
	plain := name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == '"' })
	if plain {
		return name
	}
	return strconv.Quote(name)
}
