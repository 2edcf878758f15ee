package ner

import (
	"math"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/ground"
	"github.com/medner/medner/ner/prompt"
)

// flagInstruction marks an item that the model card's rules found in the prompt,
// although the article doesn't have it.
const flagInstruction = "not found in the article, only in the instruction around it"

// seedCompat fills a result from the answers, by the rules of profile
// seed-compat. Items are normalised as the card's author does, whose code gives no
// offsets: those of the result are where the article has the item.
func (e *Extractor) seedCompat(result *document.Result, answers []answered) {
	article := ground.NewArticle(result.Text)
	done := map[string]bool{} // what the result has already
	for i := range answers {
		a := &answers[i]
		if a.task == prompt.Influences {
			pairs, dropped := e.rules.Pairs(a.user, a.text)
			result.Dropped = append(result.Dropped, dropped...)
			for _, p := range pairs {
				if key := string(a.task) + p.String(); !done[key] {
					done[key] = true
					result.Relations = append(result.Relations, document.Relation{
						Type: "influences", Chemical: p.Chemical, Disease: p.Disease, Confidence: math.NaN(), Grounded: true,
					})
				}
			}
			continue
		}
		items, dropped := e.rules.Entities(a.task, a.user, a.text)
		result.Dropped = append(result.Dropped, dropped...)
		for _, item := range items {
			key := string(a.task) + item
			if done[key] {
				continue
			}
			done[key] = true
			entity := document.Entity{Text: item, Type: entityType(a.task), Confidence: math.NaN(), Normalized: item}
			for _, span := range article.Find(item) {
				at := entity
				at.Text, at.Spans, at.Grounded = article.Text(span), []document.Span{span}, true
				result.Entities = append(result.Entities, at)
				entity.Grounded = true
			}
			if !entity.Grounded {
				entity.Infons = map[string]string{"flag": flagInstruction}
				result.Entities = append(result.Entities, entity)
			}
		}
	}
	sortEntities(result.Entities)
}
