package tokenizer

import "strings"

// The split patterns of Llama-3 and Qwen2, which differ in how many digits
// stand together.
const (
	patternLlama3 = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	patternQwen2  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// llama3Scanner finds the matches of patternLlama3 (digits is 3) and of
// patternQwen2 (digits is 1). digits is the most digits of one match.
type llama3Scanner struct{ digits int }

func (sc llama3Scanner) next(s string, i int) int {
	c := classes()
	class, n := c.at(s, i)
	if s[i] == '\'' {
		if k := contractionFolded(s[i+1:]); k > 0 {
			return i + 1 + k
		}
	}
	// [^\r\n\p{L}\p{N}]?\p{L}+
	switch class {
	case classLetter:
		return c.run(s, i+n, classLetter)
	case classOther, classSpace:
		if after, m := c.at(s, i+n); m > 0 && after == classLetter {
			return c.run(s, i+n+m, classLetter)
		}
	case classNumber: // \p{N}{1,3}
		i += n
		for k := 1; k < sc.digits; k++ {
			class, n := c.at(s, i)
			if class != classNumber {
				break
			}
			i += n
		}
		return i
	}
	// ' ?[^\s\p{L}\p{N}]+[\r\n]*'
	j := i
	if s[i] == ' ' {
		j++
	}
	if after, m := c.at(s, j); m > 0 && after == classOther {
		return c.run(s, c.run(s, j+m, classOther), classNewline)
	}
	return whitespace(c, s, i, true)
}

// whitespace returns where the match of \s+(?!\S)|\s+ ends that begins at s[i], a
// space. A run of spaces at the end of the text is matched whole; of any other,
// the last space is left to the word behind it. If lines is true, \s*[\r\n]+
// comes first: it matches up to the last line end of the run.
func whitespace(c *classPages, s string, i int, lines bool) int {
	last, end, afterLine := i, i, -1
	for end < len(s) {
		class, n := c.at(s, end)
		if class != classSpace && class != classNewline {
			break
		}
		last = end
		end += n
		if class == classNewline {
			afterLine = end
		}
	}
	switch {
	case lines && afterLine >= 0:
		return afterLine
	case end == len(s) || last == i:
		return end
	}
	return last
}

// contractionFolded returns how many bytes the letters of an English contraction
// take at the beginning of s, which follows an apostrophe, or 0. Case doesn't
// matter; ſ counts as s.
func contractionFolded(s string) int {
	if s == "" {
		return 0
	}
	switch s[0] {
	case 's', 'S', 't', 'T', 'm', 'M', 'd', 'D':
		return 1
	case 'r', 'R', 'v', 'V':
		if len(s) > 1 && s[1]|0x20 == 'e' {
			return 2
		}
	case 'l', 'L':
		if len(s) > 1 && s[1]|0x20 == 'l' {
			return 2
		}
	}
	if strings.HasPrefix(s, "ſ") {
		return len("ſ")
	}
	return 0
}
