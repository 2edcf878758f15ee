package eval

import "github.com/medner/medner/ner/document"

// Grader says whether single items of a document are right: what confidences
// are calibrated by. Mentions are right at the document level; pairs if some
// concepts of their two sides are related in gold, or, without concepts, at the
// document level too.
type Grader struct {
	gold  *document.Document
	items map[string]*set
	pairs *set
	ids   *resolver
}

// NewGrader returns a grader for items of gold's article.
func NewGrader(gold *document.Document) *Grader {
	g := &Grader{gold: gold, items: map[string]*set{}, pairs: goldRelations(gold), ids: newResolver(gold, &document.Document{}, false, &Resolution{})}
	for _, t := range Tasks {
		g.items[t] = itemStrings(gold, t)
	}
	return g
}

// Mention says whether gold has a mention of this text.
func (g *Grader) Mention(task, text string) bool { return g.items[task].has[fold(text)] }

// Pair says whether gold relates the two.
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
