package quantize

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
)

// copied copies a directory, or a file, into a new directory.
func copied(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(from))
	info, err := os.Stat(from)
	require.NoError(t, err)
	if info.IsDir() {
		require.NoError(t, os.CopyFS(to, os.DirFS(from)))
		return to
	}
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, data, 0o600))
	return to
}

// A source that another process shortens while it is read is bad input, whatever
// it holds and is converted to, and leaves nothing behind.
func TestSourcesThatShrink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows refuses to shorten a mapped file")
	}
	for _, from := range []string{golden.Path(t, "tiny-llama"), golden.Path(t, "tiny-llama-nf4"), golden.Path(t, "tiny-llama-awq"), "../../model/checkpoint/testdata/tiny-llama.gguf"} {
		for _, o := range []Options{{}, {DoubleQuant: true}, {To: quant.FP4}, {To: quant.F32}, {To: quant.BF16}, {Round: quant.BF16}} {
			for _, after := range []int{0, 2} {
				path := copied(t, from)
				weights, err := filepath.Glob(filepath.Join(path, "*.safetensors"))
				require.NoError(t, err)
				if len(weights) == 0 {
					weights = []string{path}
				}
				src, err := checkpoint.Open(path)
				require.NoError(t, err)
				shrink := func() {
					for _, file := range weights {
						require.NoError(t, os.Truncate(file, 0))
					}
				}
				o.Progress = func(done, _ int) {
					if done == after {
						shrink()
					}
				}
				if after == 0 {
					shrink()
				}
				dst := filepath.Join(t.TempDir(), "out")
				err = Convert(t.Context(), src, dst, o)
				var bad *badinput.Error
				require.ErrorAs(t, err, &bad, "%s %+v %d", from, o, after)
				require.Contains(t, err.Error(), path)
				left, err := os.ReadDir(filepath.Dir(dst))
				require.NoError(t, err)
				require.Empty(t, left)
				require.NoError(t, src.Close())
			}
		}
	}
}

func TestOutputsThatHoldTheSource(t *testing.T) {
	path := copied(t, golden.Path(t, "tiny-llama"))
	src := open(t, path)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(path, link))
	for _, dst := range []string{path, filepath.Join(path, "out"), filepath.Dir(path), link, filepath.Join(link, "out")} {
		var wrong *atomicfile.OverlapError
		require.ErrorAs(t, Convert(t.Context(), src, dst, Options{}), &wrong, dst)
	}
	before, err := os.ReadDir(golden.Path(t, "tiny-llama"))
	require.NoError(t, err)
	after, err := os.ReadDir(path)
	require.NoError(t, err)
	require.Len(t, after, len(before))
}
