package tokenizer

// patternGPT2 is the split pattern of GPT-2, which the ByteLevel pre-tokenizer
// uses.
const patternGPT2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// gpt2Scanner finds the matches of patternGPT2.
type gpt2Scanner struct{}

func (gpt2Scanner) next(s string, i int) int {
	c := classes()
	if s[i] == '\'' {
		if k := contraction(s[i+1:]); k > 0 {
			return i + 1 + k
		}
	}
	j := i
	if s[i] == ' ' {
		j++
	}
	if class, n := c.at(s, j); n > 0 && class != classSpace && class != classNewline {
		return c.run(s, j+n, class)
	}
	return whitespace(c, s, i, false)
}

// contraction returns how many bytes the letters of an English contraction, in
// lower case, take at the beginning of s, which follows an apostrophe, or 0.
func contraction(s string) int {
	if s == "" {
		return 0
	}
	switch s[0] {
	case 's', 't', 'm', 'd':
		return 1
	case 'r', 'v':
		if len(s) > 1 && s[1] == 'e' {
			return 2
		}
	case 'l':
		if len(s) > 1 && s[1] == 'l' {
			return 2
		}
	}
	return 0
}
