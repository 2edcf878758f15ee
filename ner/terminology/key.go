package terminology

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// greek has the names of Greek letters, which terminologies write out.
var greek = map[rune]string{
	'α': "alpha", 'β': "beta", 'γ': "gamma", 'δ': "delta", 'ε': "epsilon", 'ϵ': "epsilon", 'ζ': "zeta", 'η': "eta",
	'θ': "theta", 'ϑ': "theta", 'ι': "iota", 'κ': "kappa", 'λ': "lambda", 'μ': "mu", 'ν': "nu", 'ξ': "xi",
	'ο': "omicron", 'π': "pi", 'ρ': "rho", 'σ': "sigma", 'ς': "sigma", 'τ': "tau", 'υ': "upsilon", 'φ': "phi",
	'ϕ': "phi", 'χ': "chi", 'ψ': "psi", 'ω': "omega",
}

// Key returns the form of a name that its variants share: words and numbers in lower
// case, joined by single spaces. It has no accents and no punctuation, Greek letters
// are written out, possessives and plurals are cut, and British spellings are
// American. "Parkinson's diseases" has the key "parkinson disease". Names with one
// key count as one name.
func Key(name string) string {
	if !ascii(name) {
		name = norm.NFKD.String(name)
	}
	k := keyBuilder{out: make([]byte, 0, len(name)+8)}
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		i += size
		switch {
		case isApostrophe(r):
			k.end()
			if possessive(name[i:]) {
				i++
			}
		case r < utf8.RuneSelf:
			k.add(rune(lower[r]))
		case !unicode.Is(unicode.Mn, r):
			k.add(unicode.ToLower(r))
		}
	}
	k.end()
	return string(k.out)
}

// keyBuilder writes a key word by word. A word consists of letters or of digits.
type keyBuilder struct {
	out    []byte
	start  int  // where the current word begins in out
	inWord bool // there is a current word
	digits bool // it consists of digits
}

// add adds a character, in lower case.
func (k *keyBuilder) add(r rune) {
	if name, ok := greek[r]; ok && r >= utf8.RuneSelf {
		k.end()
		k.begin(false)
		k.out = append(k.out, name...)
		k.end()
		return
	}
	digit := r < utf8.RuneSelf && r >= '0' && r <= '9' || r >= utf8.RuneSelf && unicode.IsDigit(r)
	if !digit && (r < utf8.RuneSelf && (r < 'a' || r > 'z') || r >= utf8.RuneSelf && !unicode.IsLetter(r)) {
		k.end()
		return
	}
	if k.inWord && k.digits != digit {
		k.end()
	}
	if !k.inWord {
		k.begin(digit)
	}
	switch r {
	case 'ß':
		k.out = append(k.out, "ss"...)
	case 'æ':
		k.out = append(k.out, "ae"...)
	case 'œ':
		k.out = append(k.out, "oe"...)
	default:
		k.out = utf8.AppendRune(k.out, r)
	}
}

// begin begins a word.
func (k *keyBuilder) begin(digits bool) {
	if len(k.out) > 0 {
		k.out = append(k.out, ' ')
	}
	k.start = len(k.out)
	k.inWord = true
	k.digits = digits
}

// end ends the current word, if there is one.
func (k *keyBuilder) end() {
	if k.inWord && !k.digits {
		k.out = spelling(singular(k.out, k.start), k.start)
	}
	k.inWord = false
}

// singular cuts the ending of a plural off the word of out that begins at start. As
// names and mentions are treated alike, the result needn't be the right singular,
// but it must not be that of a word that means something else.
func singular(out []byte, start int) []byte {
	word := out[start:]
	n := len(word)
	if n < 4 || word[n-1] != 's' {
		return out
	}
	ends := func(s string) bool { return n > len(s)+1 && string(word[n-len(s):]) == s }
	cut := func(drop int, add string) []byte { return append(out[:len(out)-drop], add...) }
	switch {
	case ends("ss"), ends("us"), ends("is"):
		return out
	case ends("ies"):
		return cut(3, "y")
	case ends("oses"), ends("yses"): // thromboses, paralyses
		return cut(2, "is")
	case ends("sses"), ends("xes"), ends("ches"), ends("shes"):
		return cut(2, "")
	}
	return cut(1, "")
}

// spelling makes the word that begins at start American: oedema, haemorrhage,
// tumour, sulphate. Like singular, it need not be right. A salt's HCl is spelt
// out.
func spelling(out []byte, start int) []byte {
	word := string(out[start:])
	if start > 0 && word == "hcl" {
		return append(out[:start], "hydrochloride"...)
	}
	if strings.HasSuffix(word, "our") && len(word) > len("hour")+1 {
		word = word[:len(word)-2] + "r"
	}
	changed := american.Replace(word)
	if changed == string(out[start:]) {
		return out
	}
	return append(out[:start], changed...)
}

var american = strings.NewReplacer("ae", "e", "oe", "e", "sulph", "sulf", "umour", "umor", "aviour", "avior", "leuco", "leuko",
	"aluminium", "aluminum", "isation", "ization")

func isApostrophe(r rune) bool { return r == '\'' || r == '’' || r == '‘' || r == '`' || r == '´' }

// possessive tells whether the text after an apostrophe begins with the "s" of a
// genitive.
func possessive(rest string) bool {
	if rest == "" || rest[0] != 's' && rest[0] != 'S' {
		return false
	}
	r, _ := utf8.DecodeRuneInString(rest[1:])
	return rest[1:] == "" || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// ascii tells whether s has ASCII characters only.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lower has the lower case of each ASCII character.
var lower = func() (t [utf8.RuneSelf]byte) {
	for i := range t {
		t[i] = strings.ToLower(string(rune(i)))[0]
	}
	return t
}()
