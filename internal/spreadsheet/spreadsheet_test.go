package spreadsheet

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGuard(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "lithium": "lithium", "a=b": "a=b", "=1+1": "'=1+1", "+a": "'+a", "-a": "'-a", "@a": "'@a", "\ta": "'\ta", "\ra": "'\ra",
		"'=1": "''=1", "'a": "'a",
	} {
		cell, guarded := Guard(text)
		require.Equal(t, want, cell)
		require.Equal(t, want != text, guarded)
	}
}

func TestList(t *testing.T) {
	require.Empty(t, List(nil))
	require.Equal(t, `a|b\|c|d\\e`, List([]string{"a", "b|c", `d\e`}))
}
