package quantize

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/safetensors"
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
	for _, from := range []string{golden.Path(t, "tiny-llama"), golden.Path(t, "tiny-llama-nf4"), "../../testdata/goldens-packed/models/gemm-head", "../../model/checkpoint/testdata/tiny-llama.gguf"} {
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

// Numbers that are no numbers, or that the target has no room for, are an error that
// names file and tensor, and nothing is left of the output.
func TestNumbersThatCantBeWritten(t *testing.T) {
	for name, test := range map[string]struct {
		number  float32
		formats []quant.Format
		want    string
	}{
		"NaN":       {float32(math.NaN()), []quant.Format{quant.NF4, quant.FP4, quant.F16, quant.BF16, quant.F32}, "found NaN"},
		"infinity":  {float32(math.Inf(-1)), []quant.Format{quant.NF4, quant.FP4, quant.F16, quant.BF16, quant.F32}, "found -Inf"},
		"too large": {1e6, []quant.Format{quant.F16}, "F16 has no room for"},
		"rounds up": {math.MaxFloat32, []quant.Format{quant.BF16}, "BF16 has no room for"},
	} {
		for _, format := range test.formats {
			dir := filepath.Join(t.TempDir(), "model")
			require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(golden.Root(), "testdata", "goldens-more", "models", "head-128"))))
			const tensor = "model.layers.0.mlp.up_proj.weight"
			overwrite(t, filepath.Join(dir, safetensors.FileName), tensor, test.number)
			out := filepath.Join(t.TempDir(), "out")
			err := Convert(t.Context(), open(t, dir), out, Options{To: format})
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad, "%s, %s", name, format)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, tensor)
			require.ErrorContains(t, err, dir)
			require.NoFileExists(t, out)
		}
	}
}

// overwrite replaces the second number of a tensor of float32.
func overwrite(t *testing.T, path, tensor string, v float32) {
	reader, err := safetensors.Open(path)
	require.NoError(t, err)
	found, ok := reader.Tensor(tensor)
	require.True(t, ok)
	before := slices.Clone(found.Data[:64])
	require.NoError(t, reader.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	at := bytes.Index(data, before)
	require.Positive(t, at)
	binary.LittleEndian.PutUint32(data[at+4:], math.Float32bits(v))
	require.NoError(t, os.WriteFile(path, data, 0o600))
}
