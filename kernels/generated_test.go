package kernels

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

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
