package sentence

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStarts(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "One. Two! Three? Four", "One. |Two! |Three? |Four"},
		{"lower case goes on", "pH of 7.4. or so. Then", "pH of 7.4. or so. |Then"},
		{"numbers", "a 3.5 mg dose. 12 patients", "a 3.5 mg dose. |12 patients"},
		{"abbreviations", "e.g. Aspirin vs. Ibuprofen, cf. Fig. 2 of Smith et al. In all", "e.g. Aspirin vs. Ibuprofen, cf. Fig. 2 of Smith et al. In all"},
		{"initials", "by A. Clemente. He", "by A. Clemente. |He"},
		{"vitamins end sentences too, but rarely", "vitamin K. It", "vitamin K. It"},
		{"brackets and quotes", "(One.) \"Two.\" [Three.] Four", "(One.) |\"Two.\" |[Three.] |Four"},
		{"line ends", "One.\r\nTwo\nthree\n\nFour\n\n", "One.\r\n|Two\nthree\n\n|Four\n\n"},
		{"Greek", "One. β-blockers", "One. β-blockers"},
		{"CJK", "One. 患者", "One. |患者"},
		{"nothing", "", ""},
		{"names", "St. Anthony's fire by E. Coli. It", "St. Anthony's fire by E. Coli. |It"},
		{"dots", "One... Two", "One... |Two"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.text
			starts := Starts(c.text)
			for i := len(starts) - 1; i >= 0; i-- {
				got = got[:starts[i]] + "|" + got[starts[i]:]
			}
			require.Equal(t, c.want, got)
		})
	}
}
