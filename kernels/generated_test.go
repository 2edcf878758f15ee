package kernels

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A reader of the assembly learns from each function what it computes, and no
// comment lacks the name of a register.
func TestAssemblySaysWhatItComputes(t *testing.T) {
	files, err := filepath.Glob("*_amd64.s")
	require.NoError(t, err)
	functions := 0
	silent := regexp.MustCompile(`(?m)^TEXT (\S+)\(SB\).*\n\t[^/]`)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		if f == "pause_amd64.s" {
			continue
		}
		functions += strings.Count(string(text), "\nTEXT ")
		require.Empty(t, silent.FindSubmatch(text), f)
		require.NotContains(t, string(text), "%!", f)
		require.NotContains(t, string(text), "<virtual", f)
	}
	require.NotZero(t, functions)
}

// The generator allots registers from all 32 vector registers; the upper 16
// need AVX-512, and would fail on any other processor.
func TestAVX2Registers(t *testing.T) {
	files, err := filepath.Glob("*_avx2_amd64.s")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	upper := regexp.MustCompile(`\b([XY](1[6-9]|2\d|3[01])|Z\d+|K[0-7])\b`)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		require.Empty(t, upper.FindString(string(text)), f)
	}
}
