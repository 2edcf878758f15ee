package answer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		pairs, cut bool
		// The lines, separated by ";;". A line is "form/other form|form", where "|"
		// separates the sides of a pair, or "!reason"; it begins with "~" if the
		// answer's line has no bullet.
		want string
	}{
		{"plain", "- aspirin\n- Li", false, false, "aspirin;;Li"},
		{"empty", "", false, false, ""},
		{"blank lines", "\n \n- a\r\n\r\n- b\r", false, false, "a;;b"},
		{"other bullets", "* a\n• b\n– c\n-d\n1. e\n2) f\n(3) g\n- 4. h", false, false, "a;;b;;c;;d;;e;;f;;g;;h"},
		{"numbers that belong to the item", "- 5-fluorouracil\n- 1,25-dihydroxyvitamin D\n- (1) x\n- 2.5 mg\n- (RS)-1", false, false,
			"5-fluorouracil;;1,25-dihydroxyvitamin D;;x;;2.5 mg;;(RS)-1"},
		{"no bullet", "aspirin\nNone.", false, false, "~aspirin;;~None/None."},
		{"quotes", "- \"aspirin\"\n- 'b'\n- `c`\n- “d”\n- **e**\n- *f*", false, false,
			"aspirin/\"aspirin\";;b/'b';;c/`c`;;d/“d”;;e/**e**;;f/*f*"},
		{"apostrophes stay", "- Parkinson's disease\n- 5'-AMP", false, false, "Parkinson's disease;;5'-AMP"},
		{"punctuation", "- aspirin.\n- \"b,\"\n- \"c\".", false, false, "aspirin/aspirin.;;b/b,/\"b,\";;c/\"c\"."},
		{"sign at the edge", "- O2-\n- Hypaque 76%\n- [3H]-x\n- (-)-deprenyl", false, false, "O2-;;Hypaque 76%;;[3H]-x;;(-)-deprenyl"},
		{"nothing but marks", "-\n- \n- ...\n*", false, false, "!empty item;;!empty item;;!empty item;;!empty item"},
		{"a pipe in an entity", "- a | b", false, false, "a | b"},
		{"cut", "- aspirin\n- ibupr", false, true, "aspirin;;!cut off at the length limit"},
		{"cut after an end of line", "- aspirin\n", false, true, "aspirin"},
		{"pair", "- aspirin | ulcer\n-  a|b ", true, false, "aspirin|ulcer;;a|b"},
		{"pair in quotes", "- \"a\" | b.", true, false, "a/\"a\"|b/b."},
		{"pair with the types' names", "- chemical aspirin | disease ulcer", true, false, "chemical aspirin/aspirin|disease ulcer/ulcer"},
		{"sentence", "- Chemical aspirin influences disease ulcer", true, false, "Chemical aspirin/aspirin|ulcer"},
		{"no pair", "- aspirin\n- a | b | c\n- a ||\nnone", true, false,
			"!not a pair chemical | disease;;!not a pair chemical | disease;;!not a pair chemical | disease;;~!not a pair chemical | disease"},
		{"half a pair", "- a |\n- | b\n- a | .", true, false, "!empty item;;!empty item;;!empty item"},
		{"invalid UTF-8", "- a\xffb", false, false, "a\ufffdb"},
		{"NUL", "- a\x00b", false, false, "a\x00b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, l := range Parse(c.text, c.pairs, c.cut) {
				var items []string
				for _, it := range l.Items {
					items = append(items, strings.Join(it.Forms, "/"))
					require.Equal(t, it.Forms[0], strings.ToValidUTF8(c.text[it.Start:it.End], "\ufffd"))
				}
				s := strings.Join(items, "|")
				if l.Reason != "" {
					s = "!" + l.Reason
				}
				if !l.Bulleted {
					s = "~" + s
				}
				got = append(got, s)
			}
			require.Equal(t, c.want, strings.Join(got, ";;"))
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("- a | b\n1. **x**\n(2) \"y.\"\r\n- chemical a influences disease b", true, true)
	f.Fuzz(func(t *testing.T, text string, pairs, cut bool) {
		want := 0
		for _, l := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if strings.TrimSpace(l) != "" {
				want++
			}
		}
		lines := Parse(text, pairs, cut)
		if len(lines) != want {
			t.Fatalf("%d lines of %d", len(lines), want)
		}
		for _, l := range lines {
			if (l.Reason == "") != (len(l.Items) == 1 && !pairs || len(l.Items) == 2 && pairs) {
				t.Fatalf("%+v has both or neither of items and a reason", l)
			}
			for _, it := range l.Items {
				if len(it.Forms) == 0 || it.Start < 0 || it.End > len(text) || it.Start >= it.End {
					t.Fatalf("%+v", it)
				}
			}
		}
	})
}
