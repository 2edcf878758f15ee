package seedcompat

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
)

// Rules is a set of filters, with methods that apply it.
type Rules prompt.SeedRules

// The sets of filters of the two prompts that need them.
const (
	Card       = Rules(prompt.CardRules)
	BioMistral = Rules(prompt.BioMistralRules)
)

// Reasons for dropping an item.
const (
	notABullet    = "not a bullet line"
	notAPair      = "not two parts separated by |"
	notASentence  = "another line has the form chemical X influences disease Y"
	blacklisted   = "generic term"
	tooShort      = "shorter than 3 characters"
	diseaseMarker = "a disease's word in a chemical"
	notGrounded   = "not found in the prompt"
	duplicate     = "duplicate"
)

// blacklist has the items that are dropped as generic terms.
var blacklist = map[string]bool{
	"pain": true, "drug": true, "drugs": true, "chemical": true, "chemicals": true, "disease": true,
	"diseases": true, "medication": true, "medications": true, "treatment": true, "treatments": true,
	"condition": true, "conditions": true, "disorder": true, "disorders": true, "therapy": true,
	"therapies": true, "syndrome": true, "article": true, "technical": true, "terms": true,
	"mentioned": true, "list": true, "extracted": true,
}

// Parts of words that no chemical may contain.
var (
	cardMarkers       = []string{"syndrome", "disease", "disorder", "carcinoma", "sarcoma", "infection", "itis"}
	bioMistralMarkers = []string{"syndrome", "disease", "disorder", "infection", "itis", "osis"}
)

// Pair is a normalised chemical and the normalised disease that it influences.
type Pair struct{ Chemical, Disease string }

func (p Pair) String() string { return p.Chemical + " | " + p.Disease }

// normalizeText returns a prompt in the form in which items are sought in it:
// words that a hyphen and white space cut are joined, letters lowered, and runs
// of white space are one space.
func normalizeText(s string) string {
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

// NormalizeItem returns an item in the form in which it is compared. Hyphens
// stay.
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

// bullets returns the items of an answer, as written, and its lines that are no
// items.
func bullets(answer string) (items, others []string) {
	for _, line := range splitLines(answer) {
		if item, ok := bullet(line); ok {
			items = append(items, item)
		} else if strip(line) != "" {
			others = append(others, strip(line))
		}
	}
	return items, others
}

// Entities returns the normalised items of an answer that pass the filters, and
// the others. The text is the prompt that was answered: instruction, article and
// closing line, without the special tokens of a chat.
func (r Rules) Entities(task prompt.Task, text, answer string) ([]string, []document.Dropped) {
	l := newList(task)
	text = normalizeText(text)
	items, others := bullets(answer)
	l.drop(notABullet, others...)
	var kept []string
	for _, written := range items {
		item := r.NormalizeItem(written)
		reason := r.reject(task, item, text)
		if reason == "" && !l.first(item) {
			reason = duplicate
		}
		if reason != "" {
			l.drop(reason, strip(written))
			continue
		}
		kept = append(kept, item)
	}
	return kept, l.dropped
}

// reject returns the reason of the first filter that an item doesn't pass, or "".
// The two sets of rules apply their filters in different orders.
func (r Rules) reject(task prompt.Task, item, text string) string {
	short := utf8.RuneCountInString(item) < 3
	if r == BioMistral {
		switch {
		case short:
			return tooShort
		case blacklist[item]:
			return blacklisted
		case !r.grounded(item, text):
			return notGrounded
		case task == prompt.Chemicals && containsAny(item, bioMistralMarkers):
			return diseaseMarker
		}
		return ""
	}
	switch {
	case blacklist[item]:
		return blacklisted
	case short:
		return tooShort
	case task == prompt.Chemicals && containsAny(item, cardMarkers):
		return diseaseMarker
	case !r.grounded(item, text):
		return notGrounded
	}
	return ""
}

// grounded tells whether a normalised text has an item: by
// re.search(r"\b" + re.escape(item) + r"\b", text) for the card, as any substring
// for BioMistral.
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

// Pairs is Entities for the task influences.
func (r Rules) Pairs(text, answer string) ([]Pair, []document.Dropped) {
	l := newList(prompt.Influences)
	text = normalizeText(text)
	items, others := bullets(answer)
	l.drop(notABullet, others...)
	sentences := slices.ContainsFunc(items, isInfluence)
	var pairs []Pair
	for _, written := range items {
		p, reason := r.pair(written, sentences)
		switch {
		case reason != "":
		case !r.grounded(p.Chemical, text) || !r.grounded(p.Disease, text):
			reason = notGrounded
		case !l.first(p.String()):
			reason = duplicate
		default:
			pairs = append(pairs, p)
			continue
		}
		l.drop(reason, strip(written))
	}
	return pairs, l.dropped
}

// pair reads an item, or returns the reason why it is no pair. Where one item of
// an answer has the form "chemical X influences disease Y", which sentences
// tells, all must have it. A side may be empty; it is then grounded wherever a
// word begins.
func (r Rules) pair(item string, sentences bool) (p Pair, reason string) {
	if sentences {
		chemical, disease, ok := influence(item)
		if !ok {
			return Pair{}, notASentence
		}
		return Pair{Chemical: r.NormalizeItem(chemical), Disease: r.NormalizeItem(disease)}, ""
	}
	chemical, disease, ok := strings.Cut(item, "|")
	if !ok || strings.Contains(disease, "|") {
		return Pair{}, notAPair
	}
	return Pair{Chemical: r.NormalizeItem(strip(chemical)), Disease: r.NormalizeItem(strip(disease))}, ""
}

// isInfluence tells whether an item is a sentence as influence takes it.
func isInfluence(item string) bool {
	_, _, ok := influence(item)
	return ok
}

// influence returns X and Y of an item "chemical X influences disease Y", in any
// case. As in Python's pattern, X may be nothing but white space, where there are
// more than two characters of it between the words.
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

// cutWord cuts word, in any case, and the white space after it from the front of
// s. It returns false if s doesn't begin so, or nothing follows.
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

// list collects the items of one answer that are dropped.
type list struct {
	task    prompt.Task
	seen    map[string]bool // normalised items
	dropped []document.Dropped
}

func newList(task prompt.Task) *list { return &list{task: task, seen: map[string]bool{}} }

func (l *list) drop(reason string, texts ...string) {
	for _, t := range texts {
		l.dropped = append(l.dropped, document.Dropped{Text: t, Task: string(l.task), Reason: reason})
	}
}

// first tells whether a normalised item is met for the first time.
func (l *list) first(item string) bool {
	old := l.seen[item]
	l.seen[item] = true
	return !old
}
