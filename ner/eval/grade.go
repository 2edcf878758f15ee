package eval

import "github.com/medner/medner/ner/document"

// Grader tells whether single items about an article are right, for fitting
// confidences to the answers.
type Grader struct {
	items map[string]*set // gold items of each task at the document level
	pairs *set            // gold items at the relation level
	ids   *resolver
}

// NewGrader returns a grader that compares with a gold document. Types are those
// that a TypeMap knows; [TypeMap.Apply] maps others.
func NewGrader(gold *document.Document) *Grader {
	gold = &(TypeMap{}.Apply([]document.Document{*gold})[0])
	g := &Grader{
		items: map[string]*set{},
		pairs: goldRelations(gold),
		ids:   newResolver(gold, &document.Document{}, false, &Resolution{}),
	}
	for _, t := range Tasks() {
		g.items[t] = itemStrings(gold, t)
	}
	return g
}

// Mention tells whether gold has a mention for the task with this text, at the
// document level.
func (g *Grader) Mention(task, text string) bool { return g.items[task].has[fold(text)] }

// Pair tells whether gold has the pair, at the document level or, by any of the
// concepts that the two texts may mean, at the relation level.
func (g *Grader) Pair(chemical, disease string) bool {
	if g.items[Influences].has[fold(chemical)+" | "+fold(disease)] {
		return true
	}
	for _, c := range g.ids.side(document.Chemical, chemical) {
		for _, d := range g.ids.side(document.Disease, disease) {
			if g.pairs.has[c+"\t"+d] {
				return true
			}
		}
	}
	return false
}
