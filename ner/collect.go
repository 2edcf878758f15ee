package ner

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/abbrev"
	"github.com/medner/medner/ner/internal/answer"
	"github.com/medner/medner/ner/internal/ground"
	"github.com/medner/medner/ner/internal/sentence"
	"github.com/medner/medner/ner/prompt"
)

// Reasons for leaving an item out or flagging it. Package answer has those for
// lines that hold no item.
const (
	reasonUngrounded = "not found in the article"
	reasonDuplicate  = "duplicate"
	reasonNotListed  = "not a list item"
	reasonNothing    = "says that there is nothing"
	reasonSentences  = "runs over the end of a sentence"
	reasonOtherType  = "surer as a %s (%.3f, here %.3f)"
	reasonOtherSide  = "a %s where it is in a pair"
	reasonForced     = "written only because the mask left the model no other choice"
	reasonGivenUp    = "given up: the article doesn't go on so"
)

// forced is the log-probability below which a token, or the end of an item, is
// taken for the mask's choice and not the model's: without a mask, less than one
// item in a hundred of the default model has such a token.
var forced = math.Log(0.1)

// mention is an item, or a side of a pair, as it was found in the article.
type mention struct {
	text     string          // as the article spells it, or as the model wrote it if it isn't found
	spans    []document.Span // empty: not found
	features confidence.Features
}

// item is what a line of an answer holds, one mention or a pair, or a mention
// that follows from such a line.
type item struct {
	task     prompt.Task
	written  string    // the line
	mentions []mention // two for a pair
	features confidence.Features
	prompts  []*prompt.Prompt      // the prompts whose answers have the item
	all      []confidence.Features // the item's features under each of these prompts
	// relation says how an item that no answer has follows from another, and
	// origin from which; both are empty for an item of an answer.
	relation, origin string
}

// grounded reports whether the article has all mentions of an item.
func (it *item) grounded() bool {
	return !slices.ContainsFunc(it.mentions, func(m mention) bool { return len(m.spans) == 0 })
}

// key returns a text that is equal for items which differ in spelling only.
func (it *item) key() string {
	var parts []string
	for _, m := range it.mentions {
		parts = append(parts, ground.Fold(m.text))
	}
	return strings.Join(parts, " | ")
}

// collector makes a document's result of the answers about it.
type collector struct {
	e       *Extractor
	result  *document.Result
	article *ground.Article
	short   []abbrev.Definition        // the short forms that the article defines
	long    map[string]string          // folded long forms by folded short forms
	spelled map[string][]string        // the short forms as the article spells them, by folded ones
	found   map[string][]document.Span // what find has found, by form
	tagged  *tagged                    // nil: the article wasn't tagged
}

// find returns where the article has a form; the word "an" is no place of the short
// form "AN". It looks each form up once, since the answers about the pieces of a
// long article share many.
func (c *collector) find(form string) []document.Span {
	spans, ok := c.found[form]
	if !ok {
		spans = c.article.Find(form)
		if short := c.spelled[ground.Fold(form)]; short != nil {
			spans = slices.DeleteFunc(spans, func(s document.Span) bool { return otherWord(c.article.Text(s), short) })
			if len(spans) == 0 {
				spans = nil
			}
		}
		c.found[form] = spans
	}
	return spans
}

// otherWord reports whether a text is another word than short forms whose letters it
// has: its capitals are others than theirs, behind the first letter. So "Bort" is the
// short form "bort" at the beginning of a sentence, and "CR" isn't "Cr".
func otherWord(text string, short []string) bool {
	return !slices.ContainsFunc(short, func(s string) bool {
		return text == s || !capitalInside(text) && !capitalInside(s)
	})
}

// capitalInside reports whether a text has a capital behind its first letter.
func capitalInside(text string) bool {
	_, size := utf8.DecodeRuneInString(text)
	return strings.ContainsFunc(text[size:], unicode.IsUpper)
}

// ground returns where the article has the first of an item's forms that it has,
// or else the first of their singulars and plurals, and the article's spelling.
func (c *collector) ground(forms []string) (text string, spans []document.Span) {
	all := slices.Clone(forms)
	for _, f := range forms {
		all = append(all, otherNumber(f)...)
	}
	for _, f := range all {
		if spans := c.find(f); spans != nil {
			return c.article.Text(spans[0]), spans
		}
	}
	return forms[0], nil
}

// collect fills a result from the answers and the tags, by the rules of profile
// default.
func (e *Extractor) collect(result *document.Result, tasks []prompt.Task, answers []answered, tags []tag) {
	c := collector{
		e: e, result: result, article: ground.NewArticle(result.Text),
		long: map[string]string{}, spelled: map[string][]string{}, found: map[string][]document.Span{},
	}
	c.short = abbrev.Find(result.Text)
	for _, d := range c.short {
		short := ground.Fold(d.Short)
		c.long[short] = ground.Fold(d.Long)
		c.spelled[short] = append(c.spelled[short], d.Short)
	}
	result.Calibrated = e.calibration != nil && !slices.ContainsFunc(tasks, func(task prompt.Task) bool {
		return e.calibration.Tasks[string(task)] == nil
	})
	items := map[prompt.Task][]*item{}
	for _, task := range tasks {
		items[task] = c.vote(c.items(task, answers))
	}
	if e.using != Generate {
		c.tagged = newTagged(&c, tags)
		c.join(items, tasks)
	}
	for _, task := range tasks {
		if e.derived && task != prompt.Influences {
			items[task] = c.derive(task, items[task], items[prompt.Influences])
		}
	}
	if c.tagged == nil {
		c.decide(items)
	}
	for _, task := range tasks {
		for _, it := range items[task] {
			c.observe(it)
			c.add(it)
		}
	}
	sortEntities(result.Entities)
}

// drop reports an item that is left out.
func (c *collector) drop(task prompt.Task, text, reason string) {
	c.result.Dropped = append(c.result.Dropped, document.Dropped{
		Text: strings.ToValidUTF8(text, "\ufffd"), Task: string(task), Reason: reason,
	})
}

// items returns a task's items, each once, in the order in which the answers
// have them.
func (c *collector) items(task prompt.Task, answers []answered) []*item {
	var items []*item
	byKey := map[string]*item{}
	for i := range answers {
		a := &answers[i]
		if a.task != task {
			continue
		}
		here := map[string]bool{} // the keys of this answer's items: what another answer has too is no duplicate
		for _, line := range answer.Parse(a.text, task == prompt.Influences, a.truncated) {
			it, reason := c.read(a, line)
			if it == nil {
				c.drop(task, line.Text, reason)
				continue
			}
			key := it.key()
			if here[key] {
				c.drop(task, line.Text, reasonDuplicate)
				continue
			}
			here[key] = true
			switch old := byKey[key]; {
			case old == nil:
				byKey[key] = it
				items = append(items, it)
			case a.variant && slices.Contains(old.prompts, a.prompt):
				// The answer that this line is a variant of has the item.
			default:
				old.join(it)
			}
		}
	}
	return items
}

// join adds what the answer to another prompt, or about another piece, says of
// the same item. Of two pieces, the one where the model is surer counts.
func (it *item) join(o *item) {
	i := slices.Index(it.prompts, o.prompts[0])
	if i < 0 {
		it.prompts = append(it.prompts, o.prompts[0])
		it.all = append(it.all, o.features)
	} else if o.features.Score() > it.all[i].Score() {
		it.all[i] = o.features
	}
}

// read returns the item of a line, or the reason why the line has none.
func (c *collector) read(a *answered, line answer.Line) (*item, string) {
	if line.Reason != "" {
		return nil, line.Reason
	}
	it := &item{task: a.task, written: line.Text, prompts: []*prompt.Prompt{a.prompt}}
	for i, written := range line.Items {
		var m mention
		m.features = c.e.features(&a.reply, written.Start, written.End, i == 0 && len(line.Items) == 2)
		m.text, m.spans = c.ground(written.Forms)
		it.mentions = append(it.mentions, m)
	}
	it.features = it.mentions[0].features
	if len(it.mentions) == 2 {
		it.features = confidence.Weaker(it.features, it.mentions[1].features)
	}
	it.all = []confidence.Features{it.features}
	if nothing[ground.Fold(it.mentions[0].text)] {
		return nil, reasonNothing
	}
	if !line.Bulleted && !it.grounded() {
		return nil, reasonNotListed
	}
	if !it.grounded() && c.e.grounded {
		return nil, reasonGivenUp
	}
	if !it.grounded() && a.variant {
		return nil, reasonUngrounded
	}
	for _, m := range it.mentions {
		if len(m.spans) > 0 && len(sentence.Starts(m.text)) > 0 {
			return nil, reasonSentences
		}
		if c.e.grounded && c.e.penalty == 1 && !a.unmaskedIn(line) && min(m.features.Min, m.features.End) < forced {
			return nil, reasonForced
		}
	}
	return it, ""
}

// unmaskedIn reports whether the mask was off in a part of a line.
func (r *reply) unmaskedIn(line answer.Line) bool {
	start := line.Items[0].Start
	return slices.ContainsFunc(r.unmasked, func(at int) bool {
		return at >= start && !strings.Contains(r.text[start:at], "\n")
	})
}

// nothing holds, folded, what models write to say that there is nothing to list.
var nothing = map[string]bool{"none": true, "n/a": true, "nothing": true, "no": true, "not applicable": true}

// add puts an item into the result, or reports why it is left out.
func (c *collector) add(it *item) {
	grounded := it.grounded()
	if !grounded && c.e.ungrounded == Drop {
		c.drop(it.task, it.written, reasonUngrounded)
		return
	}
	p := c.confidence(it)
	least := max(c.e.minConfidence, c.e.thresholds[it.task])
	if p < least {
		c.drop(it.task, it.written, fmt.Sprintf("confidence %.3f is below %.3f", p, least))
		return
	}
	p = math.Round(p*1e4) / 1e4
	var infons map[string]string
	if !grounded {
		infons = map[string]string{"flag": reasonUngrounded}
	} else if it.relation != "" {
		infons = map[string]string{it.relation: it.origin}
	}
	if it.task == prompt.Influences {
		c.result.Relations = append(c.result.Relations, document.Relation{
			Type: "influences", Chemical: it.mentions[0].text, Disease: it.mentions[1].text,
			Confidence: p, Grounded: grounded, Infons: infons,
		})
		return
	}
	m := it.mentions[0]
	entity := document.Entity{
		Text: m.text, Type: entityType(it.task), Confidence: p, Grounded: grounded,
		Normalized: ground.Fold(m.text), Infons: infons,
	}
	if long := c.long[entity.Normalized]; long != "" {
		entity.Normalized = long
	}
	if !grounded {
		c.result.Entities = append(c.result.Entities, entity)
	}
	for _, span := range m.spans {
		entity.Text, entity.Spans = c.article.Text(span), []document.Span{span}
		c.result.Entities = append(c.result.Entities, entity)
	}
}

// entityType returns the type of the entities that a task is for.
func entityType(task prompt.Task) string {
	if task == prompt.Chemicals {
		return document.Chemical
	}
	return document.Disease
}

// observe tells the caller's observer of an item.
func (c *collector) observe(it *item) {
	if c.e.observe == nil {
		return
	}
	o := Item{Document: c.result.ID, Task: it.task, Text: it.mentions[0].text, Grounded: it.grounded(), Features: it.features}
	if len(it.mentions) == 2 {
		o.Text, o.Chemical, o.Disease = "", it.mentions[0].text, it.mentions[1].text
	}
	c.e.observe(o)
}

// sortEntities orders entities by place, then type. Entities without a place
// come last, in the order in which the answers have them.
func sortEntities(entities []document.Entity) {
	slices.SortStableFunc(entities, func(a, b document.Entity) int {
		switch {
		case len(a.Spans) == 0 || len(b.Spans) == 0:
			return len(b.Spans) - len(a.Spans)
		case a.Spans[0].Start != b.Spans[0].Start:
			return a.Spans[0].Start - b.Spans[0].Start
		case a.Spans[0].End != b.Spans[0].End:
			return a.Spans[0].End - b.Spans[0].End
		}
		return strings.Compare(a.Type, b.Type)
	})
}
