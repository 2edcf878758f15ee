package python

import "testing"

func TestQuote(t *testing.T) {
	for s, want := range map[string]string{
		"":                       `""`,
		"a\"b\\c/":               `"a\"b\\c/"`,
		"\n\r\t\b\f\x00\x1f\x7f": `"\n\r\t\b\f\u0000\u001f` + "\x7f\"",
		"é日🧬\u2028<&>":           "\"é日🧬\u2028<&>\"",
	} {
		if got := Quote(s); got != want {
			t.Errorf("%q is %s, not %s", s, got, want)
		}
	}
}

func TestTrim(t *testing.T) {
	if got := Trim(" \t\n\v\f\r\x1c\x1d\x1e\x1f\u0085\u00a0\u3000a b\u2003\u200b \n"); got != "a b\u2003\u200b" {
		t.Errorf("%q", got)
	}
}
