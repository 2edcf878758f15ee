package eval

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/medner/medner/ner/document"
)

// The tasks, as the prompts name them.
const (
	Chemicals  = "chemicals"
	Diseases   = "diseases"
	Influences = "influences"
)

// Tasks lists the tasks in the order of reports.
var Tasks = []string{Chemicals, Diseases, Influences}

var taskOfType = map[string]string{document.Chemical: Chemicals, document.Disease: Diseases}

// set is an ordered set of keys.
type set struct {
	keys []string
	has  map[string]bool
}

func (s *set) add(key string) {
	if s.has == nil {
		s.has = map[string]bool{}
	}
	if !s.has[key] {
		s.has[key] = true
		s.keys = append(s.keys, key)
	}
}

func newSet(keys []string) *set {
	s := &set{}
	for _, k := range keys {
		s.add(k)
	}
	return s
}

func compare(gold, predicted *set) Counts {
	c := Counts{Predicted: len(predicted.keys), Gold: len(gold.keys)}
	for _, k := range predicted.keys {
		if gold.has[k] {
			c.TP++
		}
	}
	return c
}

// fold is the identity of strings at the document level.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

func entityType(e *document.Entity) string { return strings.ToLower(e.Type) }

// itemStrings collects a document's items for task at the document level. The
// identifiers that relations of annotated corpora hold stand for first mentions.
func itemStrings(d *document.Document, task string) *set {
	s := &set{}
	if task != Influences {
		for i := range d.Entities {
			e := &d.Entities[i]
			if taskOfType[entityType(e)] == task {
				s.add(fold(e.Text))
			}
		}
		return s
	}
	first := firstMentions(d)
	text := func(side string) string {
		if t, ok := first[conceptID(side)]; ok {
			return t
		}
		return fold(side)
	}
	for _, r := range d.Relations {
		s.add(text(r.Chemical) + " | " + text(r.Disease))
	}
	return s
}

// firstMentions maps each concept to the folded text of its first mention.
func firstMentions(d *document.Document) map[string]string {
	first := map[string]string{}
	at := map[string]int{}
	for i := range d.Entities {
		e := &d.Entities[i]
		start := 0
		if len(e.Spans) > 0 {
			start = e.Spans[0].Start
		}
		for _, c := range e.Concepts {
			id := conceptID(c)
			if _, seen := first[id]; !seen || start < at[id] {
				first[id], at[id] = fold(e.Text), start
			}
		}
	}
	return first
}

// conceptID drops the vocabulary's prefix, which corpora write or leave out.
func conceptID(id string) string {
	id = strings.TrimSpace(id)
	if len(id) > 5 && strings.EqualFold(id[:5], "MESH:") {
		return id[5:]
	}
	return id
}

// meshID matches MeSH descriptors and supplementary concepts.
var meshID = regexp.MustCompile(`^[CD]\d{6,9}$`)

// noConcept is how corpora mark a mention without a concept.
const noConcept = "-1"

// mentionKey is (start, end, type), of all its spans where there are several.
func mentionKey(e *document.Entity) string {
	var b strings.Builder
	for _, s := range e.Spans {
		b.WriteString(strconv.Itoa(s.Start))
		b.WriteByte('-')
		b.WriteString(strconv.Itoa(s.End))
		b.WriteByte(' ')
	}
	return b.String() + entityType(e)
}

// Resolution says where the identifiers of predictions came from.
type Resolution struct {
	Given        int `json:"given"`         // the prediction's own (or its links')
	GoldMentions int `json:"gold_mentions"` // the gold mention with the same text
	None         int `json:"none"`          // none found: a false positive
}

// resolver finds the identifiers of one document's predictions.
type resolver struct {
	gold map[string][]string // type, text → ids, of the first such gold mention
	own  map[string][]string // the same of the predictions themselves
	ids  map[string]bool     // every identifier that occurs
	// identified says that the predictions bring identifiers: a mention without
	// one then has none, and takes none from gold.
	identified bool
	count      *Resolution
}

func newResolver(gold, predicted *document.Document, identified bool, count *Resolution) *resolver {
	r := &resolver{gold: map[string][]string{}, own: map[string][]string{}, ids: map[string]bool{}, identified: identified, count: count}
	index := func(to map[string][]string, d *document.Document) {
		for i := range d.Entities {
			e := &d.Entities[i]
			ids := givenConcepts(e)
			for _, id := range ids {
				r.ids[id] = true
			}
			key := entityType(e) + "\t" + fold(e.Text)
			if _, ok := to[key]; !ok && len(ids) > 0 {
				to[key] = ids
			}
		}
	}
	index(r.gold, gold)
	index(r.own, predicted)
	return r
}

// givenConcepts returns the identifiers that e itself carries, or its best link's.
func givenConcepts(e *document.Entity) []string {
	var ids []string
	for _, c := range e.Concepts {
		ids = append(ids, conceptID(c))
	}
	if len(ids) == 0 && len(e.Links) > 0 {
		ids = []string{conceptID(e.Links[0].ID)}
	}
	return ids
}

// entity returns the identifiers of a predicted mention.
func (r *resolver) entity(e *document.Entity) []string {
	if ids := givenConcepts(e); len(ids) > 0 {
		r.count.Given++
		return ids
	}
	if r.identified {
		return nil
	}
	return r.text(entityType(e), e.Text)
}

// bringIdentifiers says whether any mention has an identifier or a link.
func bringIdentifiers(docs []document.Document) bool {
	for i := range docs {
		for j := range docs[i].Entities {
			if len(givenConcepts(&docs[i].Entities[j])) > 0 {
				return true
			}
		}
	}
	return false
}

// side returns the identifiers of one side of a predicted pair, which is an
// identifier itself, or a text.
func (r *resolver) side(typ, s string) []string {
	if id := conceptID(s); r.ids[id] || meshID.MatchString(id) {
		r.count.Given++
		return []string{id}
	}
	if ids := r.own[typ+"\t"+fold(s)]; len(ids) > 0 {
		r.count.Given++
		return ids
	}
	return r.text(typ, s)
}

func (r *resolver) text(typ, s string) []string {
	if ids := r.gold[typ+"\t"+fold(s)]; len(ids) > 0 {
		r.count.GoldMentions++
		return ids
	}
	r.count.None++
	return []string{"text:" + fold(s)}
}
