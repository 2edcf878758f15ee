package nearest

import (
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	commands := []string{"ner", "eval", "convert", "generate", "bench", "bundle"}
	for word, want := range map[string]string{
		"nre": "ner", "nerr": "ner", "NER": "ner", "convret": "convert", "gen": "generate", "generates": "generate", "bnech": "bench",
		"tokenize": "", "x": "", "": "", "xyz": "", "evl": "eval", "bundel": "bundle", strings.Repeat("ner", 1000): "",
	} {
		if got := Of(word, commands); got != want {
			t.Errorf("Of(%q) = %q, want %q", word, got, want)
		}
	}
	if got := Hint("nre", commands, "--"); got != "; did you mean --ner?" {
		t.Errorf("Hint: %q", got)
	}
	if got := Hint("qqqq", commands, ""); got != "" {
		t.Errorf("Hint: %q", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"threads", "treads", 1}, {"µg", "mg", 1}} {
		if got := distance([]rune(c.a), []rune(c.b)); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
