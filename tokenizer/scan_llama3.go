package tokenizer

import "strings"

// The split patterns of Llama-3 and Qwen2, which differ in how many digits
// stand together.
const (
	patternLlama3 = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	patternQwen2  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// llama3Scanner finds the matches of patternLlama3: every text is cut without
// a rest. digits is the most that stand in one match.
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

// whitespace matches \s+(?!\S)|\s+ at s[i:], which is a space: all of a run of
// spaces at the end of the text, else all but its last, which goes to the word
// behind it. With lines, \s*[\r\n]+ comes first: up to the run's last line end.
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

// contractionFolded returns the length of an English contraction's letters (s
// begins behind the apostrophe), in either case; ſ folds to s.
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
