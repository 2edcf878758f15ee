package tagging

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSchemes(t *testing.T) {
	for kind, names := range schemes {
		s := scheme(t, names)
		require.Equal(t, len(names), s.Labels(), kind)
	}
	require.Equal(t, []string{"Chemical", "Disease"}, scheme(t, schemes["BIO"]).Types())
	require.Equal(t, []string{"a-b"}, scheme(t, []string{"O", "B-a-b", "I-a-b"}).Types(), "a type may have a hyphen")
}

func TestOtherSchemesAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		labels []string
		want   string
	}{
		{nil, "no label O"},
		{[]string{"O"}, "no label but O"},
		{[]string{"B-a", "I-a"}, "no label O"},
		{[]string{"LABEL_0", "LABEL_1"}, `label 0 is "LABEL_0": expected O, B-TYPE, I-TYPE, E-TYPE or S-TYPE`},
		{[]string{"O", "Disease"}, `label 1 is "Disease"`},
		{[]string{"O", "L-a", "U-a", "B-a", "I-a"}, `label 1 is "L-a"`},
		{[]string{"O", "B-"}, `label 1 is "B-"`},
		{[]string{"O", "B", "I"}, `label 1 is "B"`},
		{[]string{"O", ""}, `label 1 is ""`},
		{[]string{"o", "B-a", "I-a"}, `label 0 is "o"`},
		{[]string{"O", "B-a", "I-a", "B-a"}, `label 3 is "B-a", as label 1 is`},
		{[]string{"O", "B-a"}, "type a has the labels B: expected I (IO), B I (BIO) or B I E S (BIOES)"},
		{[]string{"O", "B-a", "I-a", "E-a"}, "type a has the labels B I E"},
		{[]string{"O", "B-a", "I-a", "I-b"}, "type a has the labels B I, type b has I: expected one scheme"},
	} {
		_, err := NewScheme(c.labels)
		require.ErrorContains(t, err, c.want, "%q", c.labels)
	}
}
