package clip

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	require.Equal(t, "", Text(""))
	require.Equal(t, "a\xff", Text("a\xff"))
	require.Equal(t, strings.Repeat("a", 120), Text(strings.Repeat("a", 120)))
	require.Equal(t, strings.Repeat("a", 120)+"…", Text(json.RawMessage(strings.Repeat("a", 121))))
	for offset := range 4 {
		s := Text(strings.Repeat("a", offset) + strings.Repeat("日", 100))
		require.True(t, utf8.ValidString(s), s)
		require.True(t, strings.HasSuffix(s, "日…"), s)
	}
}
