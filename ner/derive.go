package ner

import (
	"strings"

	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/ground"
	"github.com/medner/medner/ner/prompt"
)

// How a mention that no answer has follows from an item of one. These are names
// of infons, whose value is that item.
const (
	sideOf      = "side_of"       // the mention is a side of the pair
	shortFormOf = "short_form_of" // the article defines the mention as short for the item
	numberOf    = "number_of"     // the mention is the item's singular or plural
)

// derivation adds to a task's own mentions those that follow from the answers. A
// mention is as sure as the item that it follows from.
type derivation struct {
	c     *collector
	task  prompt.Task
	items []*item
	known map[string]*item // items by key
}

// derive returns a task's mentions, followed by the mentions that follow from
// them and from the pairs.
func (c *collector) derive(task prompt.Task, mentions, pairs []*item) []*item {
	d := derivation{c: c, task: task, items: mentions, known: map[string]*item{}}
	for _, it := range mentions {
		d.known[it.key()] = it
	}
	d.sides(pairs)
	d.shortForms()
	d.numbers()
	return d.items
}

// add adds a mention that the article has, unless there is such an item already.
// Where the article is tagged, only places that touch no tag count.
func (d *derivation) add(text string, spans []document.Span, f confidence.Features, relation, origin string) {
	if d.c.tagged != nil {
		spans = d.c.tagged.free(spans)
	}
	it := &item{task: d.task, written: text, features: f, relation: relation, origin: origin}
	it.mentions = []mention{{text: text, spans: spans, features: f}}
	if key := it.key(); spans != nil && d.known[key] == nil {
		d.known[key] = it
		d.items = append(d.items, it)
	}
}

// sides adds the sides of pairs that are of the task's type.
func (d *derivation) sides(pairs []*item) {
	for _, p := range pairs {
		side := p.mentions[0]
		if d.task == prompt.Diseases {
			side = p.mentions[1]
		}
		f := side.features
		f.Agreement = p.features.Agreement
		d.add(side.text, side.spans, f, sideOf, p.written)
	}
}

// shortForms adds the short forms that the article defines for mentions.
func (d *derivation) shortForms() {
	for _, def := range d.c.short {
		if long := d.known[ground.Fold(def.Long)]; long != nil {
			if spans := d.c.find(def.Short); spans != nil {
				d.add(d.c.article.Text(spans[0]), spans, long.features, shortFormOf, def.Long)
			}
		}
	}
}

// numbers adds the singulars and plurals of mentions. It doesn't go on from what
// it adds.
func (d *derivation) numbers() {
	for _, it := range d.items[:len(d.items):len(d.items)] {
		for _, form := range otherNumber(it.mentions[0].text) {
			if spans := d.c.find(form); spans != nil && it.grounded() {
				d.add(d.c.article.Text(spans[0]), spans, it.features, numberOf, it.mentions[0].text)
			}
		}
	}
}

// otherNumber returns what the singular or plural of a mention may be, by the
// endings of English and of its Greek and Latin words. It needn't be right, since
// only forms that the article has count.
func otherNumber(mention string) []string {
	const least = 3 // a singular has this many letters or more
	lower := strings.ToLower(mention)
	letters := len(lower) - len(strings.TrimRight(lower, "abcdefghijklmnopqrstuvwxyz"))
	if letters < least {
		return nil
	}
	stem := func(drop int) string { return mention[:len(mention)-drop] }
	ends := func(endings ...string) bool {
		for _, e := range endings {
			if letters >= least+len(e)-1 && strings.HasSuffix(lower, e) {
				return true
			}
		}
		return false
	}
	switch {
	case ends("ss", "us"):
		return []string{mention + "es"}
	case ends("is"):
		return []string{stem(2) + "es"}
	case ends("ies"):
		return []string{stem(3) + "y", stem(1)}
	case ends("es"):
		return []string{stem(1), stem(2), stem(2) + "is"}
	case ends("s"):
		return []string{stem(1)}
	case ends("x", "ch", "sh"):
		return []string{mention + "es"}
	case ends("y"):
		return []string{stem(1) + "ies", mention + "s"}
	}
	return []string{mention + "s"}
}
