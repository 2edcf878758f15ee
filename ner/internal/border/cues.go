package border

import "strings"

// set makes a set of words.
func set(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// Words of English that tell what a sentence is for in an article.
var (
	// predicates make a sentence a whole one; titles have none of them.
	predicates = set("is are was were has have had been do does did may can could should might must will would we i it there our they he she")
	// backReferring words, at a sentence's beginning, refer to a sentence before it.
	backReferring = set("this these those that such it its they their he she his her both neither all most none one two three four " +
		"our we there here however although though while whereas when if since because after before during thus therefore hence " +
		"in on at to by as moreover furthermore additionally compared similarly also only no not conclusion conclusions results methods background")
	// concluding words stand in the last sentences of articles.
	concluding = set("conclusion conclusions conclude concluded suggest suggests suggested suggesting indicate indicates " +
		"therefore thus findings recommended warranted should may might needed considered")
	// opening words stand in the first sentences behind titles.
	opening = set("objective objectives background purpose aim aims aimed introduction report describe investigated investigate " +
		"evaluate evaluated examine examined determine assess studied")
)

// leastProse is the least share of a text's units that have a predicate, of a text
// in English: where it is lower, the words above say nothing.
const leastProse = 0.4

// leastLabel is the least number of capitals that a heading begins with.
const leastLabel = 4

// cues holds what the words of a unit say of its place in an article.
type cues struct {
	predicate bool // it is a whole sentence
	referring bool // it refers to the sentence before it
	concludes bool // it draws a conclusion
	opens     bool // it says what an article is about
	past      bool // it tells what was done or seen: it has a word in -ed
	label     bool // it begins with a heading in capitals, such as "RESULTS:"
}

// newCues reads the cues of units whose words are given.
func newCues(text string, units []Unit, w *words) []cues {
	all := make([]cues, len(units))
	prose := 0
	for u, unit := range units {
		all[u] = cuesOf(text[unit.Start:unit.End], w.lower[u])
		if all[u].predicate {
			prose++
		}
	}
	if float64(prose) < leastProse*float64(len(units)) {
		for u := range all {
			all[u] = cues{predicate: true, label: all[u].label}
		}
	}
	return all
}

// cuesOf reads the cues of a sentence with the given words.
func cuesOf(sentence string, words []string) cues {
	var c cues
	for i, w := range words {
		c.predicate = c.predicate || predicates[w]
		c.concludes = c.concludes || concluding[w]
		c.past = c.past || strings.HasSuffix(w, "ed") && w != "induced" && w != "associated"
		c.opens = c.opens || opening[w]
		c.referring = c.referring || i == 0 && backReferring[w]
	}
	c.label = len(sentence)-len(strings.TrimLeft(sentence, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) >= leastLabel
	return c
}
