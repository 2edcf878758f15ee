package seedcompat

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
)

// Rules reads and scores answers as [prompt.SeedRules] says.
type Rules prompt.SeedRules

// The sets of rules.
const (
	Card       = Rules(prompt.CardRules)
	BioMistral = Rules(prompt.BioMistralRules)
)

// Reasons for dropping an item.
const (
	NotABullet    = "not a bullet line"
	NotAPair      = "not two parts separated by |"
	NotASentence  = "another line has the form chemical X influences disease Y"
	Blacklisted   = "generic term"
	TooShort      = "shorter than 3 characters"
	DiseaseMarker = "a disease's word in a chemical"
	NotGrounded   = "not found in the prompt"
	Duplicate     = "duplicate"
)

var blacklist = map[string]bool{
	"pain": true, "drug": true, "drugs": true, "chemical": true, "chemicals": true, "disease": true,
	"diseases": true, "medication": true, "medications": true, "treatment": true, "treatments": true,
	"condition": true, "conditions": true, "disorder": true, "disorders": true, "therapy": true,
	"therapies": true, "syndrome": true, "article": true, "technical": true, "terms": true,
	"mentioned": true, "list": true, "extracted": true,
}

// What no chemical may contain.
var (
	cardMarkers       = []string{"syndrome", "disease", "disorder", "carcinoma", "sarcoma", "infection", "itis"}
	bioMistralMarkers = []string{"syndrome", "disease", "disorder", "infection", "itis", "osis"}
)

// Pair is a chemical and a disease that it influences, normalised.
type Pair struct{ Chemical, Disease string }

func (p Pair) String() string { return p.Chemical + " | " + p.Disease }

// NormalizeText prepares a prompt for grounding: words hyphenated across white
// space are joined, letters lowered, white space collapsed.
func NormalizeText(s string) string {
	return strip(collapse(lower(joinHyphenated(s))))
}

// joinHyphenated is re.sub(r"(\w+)-\s+(\w+)", r"\1\2", s). A match takes in the
// whole second word, so that of "a- b- c" only the first hyphen goes.
func joinHyphenated(s string) string {
	var b strings.Builder
	from := 0
	for i := 0; i < len(s); {
		if s[i] != '-' {
			i++
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(s[from:i])
		rest := strings.TrimLeftFunc(s[i+1:], isSpace)
		word := len(rest) - len(strings.TrimLeftFunc(rest, isWord))
		if i == from || !isWord(before) || len(rest) == len(s[i+1:]) || word == 0 {
			i++
			continue
		}
		b.WriteString(s[from:i])
		b.WriteString(rest[:word])
		from = len(s) - len(rest) + word
		i = from
	}
	return b.String() + s[from:]
}

// NormalizeItem gives an item the form in which it is compared. Hyphens stay.
func (r Rules) NormalizeItem(s string) string {
	s = collapse(lower(s))
	if r == BioMistral {
		s = strip(s)
		if s != "" && isQuote(s[0]) {
			s = s[1:]
		}
		if s != "" && isQuote(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		return strip(s)
	}
	return strip(strings.TrimRight(s, ".,;:"))
}

func isQuote(c byte) bool { return c == '"' || c == '\'' }

// bullet is re.match(r"^\s*[-*]\s*(.+?)\s*$", line), group 1. Where nothing but
// space follows the mark, the group is one space.
func bullet(line string) (string, bool) {
	line = strings.TrimLeftFunc(line, isSpace)
	if line == "" || line[0] != '-' && line[0] != '*' {
		return "", false
	}
	item := strip(line[1:])
	if item == "" && len(line) > 1 {
		item = " "
	}
	return item, item != ""
}

// Bullets returns the items of an answer as written, and the other lines.
func Bullets(answer string) (items, others []string) {
	for _, line := range splitLines(answer) {
		if item, ok := bullet(line); ok {
			items = append(items, item)
		} else if strip(line) != "" {
			others = append(others, strip(line))
		}
	}
	return items, others
}

// Entities parses and filters an answer to the prompt text (instruction,
// article and closing line, without the chat's marks).
func (r Rules) Entities(task prompt.Task, text, answer string) ([]string, []document.Dropped) {
	l := newList(task)
	text = NormalizeText(text)
	items, others := Bullets(answer)
	l.drop(NotABullet, others...)
	var kept []string
	for _, written := range items {
		item := r.NormalizeItem(written)
		reason := r.reject(task, item, text)
		if reason == "" && !l.first(item) {
			reason = Duplicate
		}
		if reason != "" {
			l.drop(reason, strip(written))
			continue
		}
		kept = append(kept, item)
	}
	return kept, l.dropped
}

// reject gives the first filter's reason, in the variant's order.
func (r Rules) reject(task prompt.Task, item, text string) string {
	short := utf8.RuneCountInString(item) < 3
	if r == BioMistral {
		switch {
		case short:
			return TooShort
		case blacklist[item]:
			return Blacklisted
		case !strings.Contains(text, item):
			return NotGrounded
		case task == prompt.Chemicals && containsAny(item, bioMistralMarkers):
			return DiseaseMarker
		}
		return ""
	}
	switch {
	case blacklist[item]:
		return Blacklisted
	case short:
		return TooShort
	case task == prompt.Chemicals && containsAny(item, cardMarkers):
		return DiseaseMarker
	case !r.grounded(item, text):
		return NotGrounded
	}
	return ""
}

// grounded is re.search(r"\b" + re.escape(item) + r"\b", text), or a substring.
func (r Rules) grounded(item, text string) bool {
	if r == BioMistral {
		return strings.Contains(text, item)
	}
	for from := 0; ; {
		i := strings.Index(text[from:], item)
		if i < 0 {
			return false
		}
		i += from
		if wordBoundary(text, i) && wordBoundary(text, i+len(item)) {
			return true
		}
		_, n := utf8.DecodeRuneInString(text[i:])
		if from = i + n; n == 0 {
			return false
		}
	}
}

// Pairs parses and filters an answer to the prompt text of the task influences.
func (r Rules) Pairs(text, answer string) ([]Pair, []document.Dropped) {
	l := newList(prompt.Influences)
	text = NormalizeText(text)
	items, others := Bullets(answer)
	l.drop(NotABullet, others...)
	sentences := slices.ContainsFunc(items, isInfluence)
	var pairs []Pair
	for _, written := range items {
		p, reason := r.pair(written, sentences)
		switch {
		case reason != "":
		case !r.grounded(p.Chemical, text) || !r.grounded(p.Disease, text):
			reason = NotGrounded
		case !l.first(p.String()):
			reason = Duplicate
		default:
			pairs = append(pairs, p)
			continue
		}
		l.drop(reason, strip(written))
	}
	return pairs, l.dropped
}

// pair reads a bullet; once one of an answer is a sentence, all have to be. A
// side may be empty, and is then grounded wherever a word begins.
func (r Rules) pair(item string, sentences bool) (Pair, string) {
	var p Pair
	if sentences {
		chemical, disease, ok := influence(item)
		if !ok {
			return p, NotASentence
		}
		p = Pair{r.NormalizeItem(chemical), r.NormalizeItem(disease)}
	} else {
		parts := strings.Split(item, "|")
		if len(parts) != 2 {
			return p, NotAPair
		}
		p = Pair{r.NormalizeItem(strip(parts[0])), r.NormalizeItem(strip(parts[1]))}
	}
	return p, ""
}

func isInfluence(item string) bool {
	_, _, ok := influence(item)
	return ok
}

// influence matches "chemical X influences disease Y", in any case. Where X is
// missing, a white space beyond the two around it takes its place, which leaves
// nothing of it when normalised.
func influence(item string) (chemical, disease string, ok bool) {
	s, ok := cutWord(item, "chemical")
	if !ok {
		return "", "", false
	}
	for i := 1; i < len(s); i++ {
		if before, _ := utf8.DecodeLastRuneInString(s[:i]); !isSpace(before) {
			continue
		}
		rest, ok := cutWord(s[i:], "influences")
		if !ok {
			continue
		}
		if rest, ok = cutWord(rest, "disease"); ok {
			return strip(s[:i]), rest, true
		}
	}
	if rest, ok := cutWord(s, "influences"); ok && utf8.RuneCountInString(item[len("chemical"):len(item)-len(s)]) > 2 {
		disease, ok = cutWord(rest, "disease")
		return "", disease, ok
	}
	return "", "", false
}

// cutWord cuts a word and the space after it from the front; something must
// follow.
func cutWord(s, word string) (string, bool) {
	for _, w := range word {
		r, n := utf8.DecodeRuneInString(s)
		if foldLetter(r) != w {
			return "", false
		}
		s = s[n:]
	}
	rest := strings.TrimLeftFunc(s, isSpace)
	return rest, rest != "" && len(rest) < len(s)
}

func containsAny(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

// list gathers what an answer's filters leave out.
type list struct {
	task    prompt.Task
	seen    map[string]bool
	dropped []document.Dropped
}

func newList(task prompt.Task) *list { return &list{task: task, seen: map[string]bool{}} }

func (l *list) drop(reason string, texts ...string) {
	for _, t := range texts {
		l.dropped = append(l.dropped, document.Dropped{Text: t, Task: string(l.task), Reason: reason})
	}
}

// first says whether the item is new.
func (l *list) first(item string) bool {
	old := l.seen[item]
	l.seen[item] = true
	return !old
}
