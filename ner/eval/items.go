package eval

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
)

// The tasks, as reports name them.
const (
	Chemicals  = string(prompt.Chemicals)
	Diseases   = string(prompt.Diseases)
	Influences = string(prompt.Influences)
)

// Tasks returns all tasks, in the order in which reports show them.
func Tasks() []string { return []string{Chemicals, Diseases, Influences} }

var taskOfType = map[string]string{document.Chemical: Chemicals, document.Disease: Diseases}

// set is a set of items, each as one string. The zero set is empty.
type set struct {
	keys []string // in the order in which they were added
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

// compare counts the items that both sets have.
func compare(gold, predicted *set) Counts {
	c := Counts{Predicted: len(predicted.keys), Gold: len(gold.keys)}
	for _, k := range predicted.keys {
		if gold.has[k] {
			c.TP++
		}
	}
	return c
}

// fold returns the form of a text in which the document level compares it.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// entityType returns the type of a mention in lower case.
func entityType(e *document.Entity) string { return strings.ToLower(e.Type) }

// itemStrings returns the items of a task at the document level. A concept
// identifier as a side of a relation stands for the text of its first mention.
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

// inOrder returns the mentions of d by their place in the text, so that what the
// first mention decides doesn't depend on the order of annotations in a file. Of
// mentions that begin at one place the longest text is first; mentions without a
// place are last.
func inOrder(d *document.Document) []*document.Entity {
	var out []*document.Entity
	for i := range d.Entities {
		out = append(out, &d.Entities[i])
	}
	start := func(e *document.Entity) int {
		if len(e.Spans) == 0 {
			return math.MaxInt
		}
		return slices.MinFunc(e.Spans, compareSpans).Start
	}
	slices.SortStableFunc(out, func(a, b *document.Entity) int {
		return cmp.Or(cmp.Compare(start(a), start(b)), cmp.Compare(len(b.Text), len(a.Text)), cmp.Compare(a.Text, b.Text),
			cmp.Compare(a.Type, b.Type), slices.Compare(a.Concepts, b.Concepts))
	})
	return out
}

// firstMentions returns the folded text of the first mention of each concept.
func firstMentions(d *document.Document) map[string]string {
	first := map[string]string{}
	for _, e := range inOrder(d) {
		for _, c := range e.Concepts {
			if id := conceptID(c); isConcept(id) && first[id] == "" {
				first[id] = fold(e.Text)
			}
		}
	}
	return first
}

// conceptID returns an identifier without the prefix "MESH:", which some corpora
// leave out.
func conceptID(id string) string {
	id = strings.TrimSpace(id)
	if len(id) > 5 && strings.EqualFold(id[:5], "MESH:") {
		return id[5:]
	}
	return id
}

// meshID matches identifiers of MeSH descriptors and supplementary concepts.
var meshID = regexp.MustCompile(`^[CD]\d{6,9}$`)

// noConcepts are the identifiers that corpora give a mention without a concept.
var noConcepts = []string{"", "-", "-1"}

// isConcept tells whether id names a concept.
func isConcept(id string) bool { return !slices.Contains(noConcepts, id) }

// mentionKey returns one string for the spans and the type of a mention.
func mentionKey(e *document.Entity) string {
	var b strings.Builder
	for _, s := range joinSpans(e.Spans) {
		b.WriteString(strconv.Itoa(s.Start))
		b.WriteByte('-')
		b.WriteString(strconv.Itoa(s.End))
		b.WriteByte(' ')
	}
	return b.String() + entityType(e)
}

// Resolution counts where the concept identifiers of predicted items came from.
type Resolution struct {
	Given        int `json:"given"`         // the prediction has them, or a link of it
	GoldMentions int `json:"gold_mentions"` // a gold mention with the same text has them
	None         int `json:"none"`          // there are none, so that the item is a false positive
}

// resolver finds the concept identifiers of the predicted items of one document.
type resolver struct {
	gold map[string][]string // the identifiers of the first gold mention, by type and folded text
	own  map[string][]string // the same for predicted mentions
	ids  map[string]bool     // all identifiers of the document
	// identified tells that some prediction has identifiers. A mention without
	// any then gets none from gold.
	identified bool
	count      *Resolution
}

func newResolver(gold, predicted *document.Document, identified bool, count *Resolution) *resolver {
	r := &resolver{
		gold:       map[string][]string{},
		own:        map[string][]string{},
		ids:        map[string]bool{},
		identified: identified,
		count:      count,
	}
	index := func(to map[string][]string, d *document.Document) {
		for _, e := range inOrder(d) {
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

// givenConcepts returns the concept identifiers of e, or of its best link if it has
// none itself.
func givenConcepts(e *document.Entity) []string {
	var ids []string
	for _, c := range e.Concepts {
		if id := conceptID(c); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 && len(e.Links) > 0 {
		ids = []string{conceptID(e.Links[0].ID)}
	}
	return ids
}

// entity returns the concept identifiers of a predicted mention.
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

// haveIdentifiers tells whether any mention has a concept identifier or a link.
func haveIdentifiers(docs []document.Document) bool {
	for i := range docs {
		for j := range docs[i].Entities {
			if len(givenConcepts(&docs[i].Entities[j])) > 0 {
				return true
			}
		}
	}
	return false
}

// side returns the concept identifiers of one side of a predicted relation, which
// is such an identifier itself, or a text.
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

// text returns the identifiers of the first gold mention with a type and text, or
// a key that no gold item has.
func (r *resolver) text(typ, s string) []string {
	if ids := r.gold[typ+"\t"+fold(s)]; len(ids) > 0 {
		r.count.GoldMentions++
		return ids
	}
	r.count.None++
	return []string{"text:" + fold(s)}
}
