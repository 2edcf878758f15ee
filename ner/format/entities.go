package format

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/medner/medner/ner/document"
)

const (
	// influences is the type of the relations that package ner finds.
	influences = "influences"
	// cid is what the CDR corpus calls that type: "chemical-induced disease".
	// Formats that name a relation's type are written with it.
	cid = "CID"
)

// noConcept is PubTator's concept identifier of a mention that has none.
const noConcept = "-1"

// mention returns a grounded entity, as sources make it.
func mention(typ, text string) document.Entity {
	return document.Entity{Type: readType(typ), Text: text, Confidence: math.NaN(), Grounded: true}
}

// readType returns the entity type that a file's word stands for.
func readType(s string) string {
	switch {
	case strings.EqualFold(s, document.Chemical):
		return document.Chemical
	case strings.EqualFold(s, document.Disease):
		return document.Disease
	}
	return s
}

// writeType returns the word that corpora use for an entity type.
func writeType(s string) string {
	switch s {
	case document.Chemical:
		return "Chemical"
	case document.Disease:
		return "Disease"
	case "":
		return "Entity"
	}
	return s
}

// readRelation returns a grounded relation, as sources make it.
func readRelation(typ, chemical, disease string) document.Relation {
	return document.Relation{Type: typ, Chemical: chemical, Disease: disease, Confidence: math.NaN(), Grounded: true}
}

// writeRelationType returns the word that corpora use for a relation type.
func writeRelationType(s string) string {
	if s == "" || s == influences {
		return cid
	}
	return s
}

// concepts returns the concept identifiers of an entity. If it has none, they are
// those of the terminology's entries that it is linked to.
func concepts(e *document.Entity) []string {
	if len(e.Concepts) > 0 {
		return e.Concepts
	}
	return linked(e.Links)
}

// linked returns the identifier of the best of the entries that a mention may
// mean, and for a composite mention, whose links have one entry for each part,
// those of all parts.
func linked(links []document.Link) []string {
	var ids []string
	for _, l := range links {
		if l.Method != "composite" && len(ids) > 0 {
			break
		}
		ids = append(ids, l.ID)
	}
	return ids
}

// splitConcepts reads concept identifiers that are joined by pipes, semicolons,
// commas or plus signs, or that are a list in JSON.
func splitConcepts(s string) []string {
	s = strings.TrimSpace(s)
	if isNoConcept(s) {
		return nil
	}
	var list []string
	if strings.HasPrefix(s, "[") && json.Unmarshal([]byte(s), &list) == nil {
		var ids []string
		for _, id := range list {
			if !isNoConcept(id) {
				ids = append(ids, id)
			}
		}
		return ids
	}
	if !strings.ContainsAny(s, "|;,+") || variantID.MatchString(s) {
		return []string{s}
	}
	split := strings.Split(s, "|")
	if len(split) == 1 {
		for _, separator := range []string{";", ",", "+"} {
			if parts := strings.Split(s, separator); len(parts) > 1 && allIDs(parts, separator) {
				split = parts
				break
			}
		}
	}
	ids := make([]string, 0, len(split))
	for _, id := range split {
		if id = strings.TrimSpace(id); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// isNoConcept tells whether s is what programs write in the place of an identifier
// for a mention that has none.
func isNoConcept(s string) bool {
	return s == "" || s == noConcept || s == "-" || strings.EqualFold(s, "none") || strings.EqualFold(s, "null") || strings.Trim(s, "|;,") == ""
}

var (
	// variantID matches the identifiers of sequence variants, as tmVar writes them
	// with separators of their own: p|SUB|V|600|E;HGVS:p.V600E;VariantGroup:0
	variantID = regexp.MustCompile(`^(tmVar:)?[A-Za-z]?\|(SUB|DEL|INS|INDEL|DUP|FS|[A-Za-z]*Allele|ALLELE|CNV|Copy)\b|tmVar:|HGVS:|VariantGroup:`)
	// simpleID matches identifiers that may stand between commas and plus signs, which
	// names of chemicals have too.
	simpleID = regexp.MustCompile(`^([A-Za-z]+:)?[A-Z]{0,4}\d+(\([A-Za-z]+:\d+\))?$`)
)

// allIDs tells whether all parts of a list are identifiers; the last may be empty.
func allIDs(parts []string, separator string) bool {
	for i, p := range parts {
		p = strings.TrimSpace(p)
		switch {
		case p == "" && i == len(parts)-1:
		case p == "" || strings.ContainsAny(p, " \t"):
			return false
		case separator != ";" && !simpleID.MatchString(p):
			return false
		}
	}
	return true
}

// bareID returns an identifier without the database in front: D008094 for
// MESH:D008094.
func bareID(id string) string {
	if database, bare, ok := strings.Cut(id, ":"); ok && database != "" && bare != "" {
		return bare
	}
	return id
}

func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
