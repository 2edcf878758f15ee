package labels

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpans(t *testing.T) {
	const bio, io, bioes, bilou = "O B-D I-D B-C I-C", "O D C", "O B-D I-D E-D S-D B-C I-C E-C S-C", "O B-D I-D L-D U-D"
	for _, c := range []struct{ scheme, tokens, want string }{
		{bio, "", ""},
		{bio, "O O", ""},
		{bio, "B-D I-D B-D O I-C", "D[0,2) D[2,3) C[4,5)"},
		{bio, "I-D I-D I-C B-C I-D", "D[0,2) C[2,3) C[3,4) D[4,5)"},
		{bio, "B-D O I-D", "D[0,1) D[2,3)"},
		{io, "D D C O C", "D[0,2) C[2,3) C[4,5)"},
		{bioes, "B-D I-D E-D E-D S-D S-D I-D", "D[0,3) D[3,4) D[4,5) D[5,6) D[6,7)"},
		{bioes, "B-D I-C E-C B-D E-C", "D[0,1) C[1,3) D[3,4) C[4,5)"},
		{bioes, "S-C I-C E-C O B-C", "C[0,1) C[1,3) C[4,5)"},
		{bilou, "U-D B-D L-D L-D I-D", "D[0,1) D[1,3) D[3,4) D[4,5)"},
		{"O B-D I-D S-1", "S-1 S-1", "1[0,1) 1[1,2)"},
		{"O S-D E-D", "S-D S-D E-D", "S-D[0,2) E-D[2,3)"}, // no B-, so that S- and E- are names
		{"O B- I-", "B- B- I-", "B-[0,2) I-[2,3)"},
	} {
		var got []string
		for _, s := range Spans(strings.Fields(c.scheme), strings.Fields(c.tokens)) {
			got = append(got, fmt.Sprintf("%s[%d,%d)", s.Name, s.First, s.End))
		}
		require.Equal(t, c.want, strings.Join(got, " "), "%s of %s", c.tokens, c.scheme)
	}
}
