package safetensors

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/quant"
)

func TestShardedGolden(t *testing.T) {
	r, err := Open(golden.Path(t, "tiny-llama"))
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	require.Equal(t, map[string]string{"format": "pt"}, r.Metadata())
	require.IsIncreasing(t, r.Names())
	embed, ok := r.Tensor("model.embed_tokens.weight")
	require.True(t, ok)
	require.Equal(t, BF16, embed.DType)
	m, err := embed.Matrix()
	require.NoError(t, err)
	require.Equal(t, embed.Shape, []int{m.Rows(), m.Cols()})
	norm, ok := r.Tensor("model.norm.weight")
	require.True(t, ok)
	v, err := norm.Matrix()
	require.NoError(t, err)
	require.Equal(t, []int{1, m.Cols()}, []int{v.Rows(), v.Cols()})
	_, ok = r.Tensor("none")
	require.False(t, ok)
}

// Every dtype's numbers are chosen so that they are exact in it.
func TestMatrixOfEveryDType(t *testing.T) {
	want := []float32{0, 1, -2, 0.5, 448, -0.015625}
	encoded := map[DType][]byte{
		F8E4M3: {0x00, 0x38, 0xc0, 0x30, 0x7e, 0x88},
		F8E5M2: {0x00, 0x3c, 0xc0, 0x38, 0x5f, 0xa4},
	}
	for _, d := range []DType{F64, F32, F16, BF16} {
		encoded[d] = make([]byte, len(want)*d.Size())
		quant.Encode(d.Format(), encoded[d], want)
	}
	for d, data := range encoded {
		m, err := Tensor{Name: "a", DType: d, Shape: []int{2, 3}, Data: data}.Matrix()
		require.NoError(t, err, d)
		got, err := quant.ReadAll(m)
		require.NoError(t, err, d)
		if d == F8E5M2 {
			require.Equal(t, []float32{0, 1, -2, 0.5, 448, -0.015625}, got)
			continue
		}
		require.Equal(t, want, got, d)
	}
	for _, d := range []DType{I64, I32, I8, U8, Bool, "U16"} {
		_, err := Tensor{Name: "a", DType: d, Shape: []int{1}, Data: make([]byte, d.Size())}.Matrix()
		require.ErrorContains(t, err, string(d))
	}
	_, err := Tensor{Name: "a", DType: F32, Shape: []int{0, 3}}.Matrix()
	require.ErrorContains(t, err, "[0 3]")
}

func sources() []Source {
	return []Source{
		Bytes("u8", U8, []int{3}, []byte{1, 2, 3}),
		Bytes("b/ \"quoted\" µ", F32, []int{1, 2}, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}),
		Bytes("scalar", F32, nil, []byte{0, 0, 0x40, 0x40}),
		Bytes("empty", BF16, []int{4, 0}, nil),
		Bytes("a", F64, []int{1}, make([]byte, 8)),
	}
}

func TestWriteAndReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	require.NoError(t, WriteFile(path, sources(), map[string]string{"format": "pt"}))
	r, err := Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	require.Len(t, r.Names(), 5)
	scalar, _ := r.Tensor("scalar")
	require.Equal(t, 1, scalar.Len())
	m, err := scalar.Matrix()
	require.NoError(t, err)
	v, err := quant.ReadAll(m)
	require.NoError(t, err)
	require.Equal(t, []float32{3}, v)
	empty, _ := r.Tensor("empty")
	require.Equal(t, 0, empty.Len())
	require.Equal(t, []int{4, 0}, empty.Shape)
	u8, _ := r.Tensor("u8")
	require.Equal(t, []byte{1, 2, 3}, u8.Data)
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestEncodeIsDeterministicAndAligned(t *testing.T) {
	var a, b bytes.Buffer
	s := sources()
	require.NoError(t, Encode(&a, s, map[string]string{"x": "1", "y": "2"}))
	s[0], s[1], s[3] = s[3], s[0], s[1]
	require.NoError(t, Encode(&b, s, map[string]string{"y": "2", "x": "1"}))
	require.Equal(t, a.Bytes(), b.Bytes())
	require.Zero(t, a.Bytes()[0]%8)
}

func TestEncodeRefuses(t *testing.T) {
	failing := errors.New("failing")
	for name, tensors := range map[string][]Source{
		"the name is taken":    {Bytes("a", F32, nil, make([]byte, 4)), Bytes("a", U8, nil, make([]byte, 1))},
		"taken":                {Bytes("__metadata__", U8, nil, make([]byte, 1))},
		"3 bytes for shape []": {Bytes("a", F32, nil, make([]byte, 3))},
		"unknown dtype":        {Bytes("a", "F31", nil, nil)},
		"failing":              {{Name: "a", DType: F32, Write: func(io.Writer) error { return failing }}},
	} {
		require.ErrorContains(t, Encode(io.Discard, tensors, nil), name)
	}
	dir := t.TempDir()
	require.Error(t, WriteFile(filepath.Join(dir, "x"), []Source{Bytes("a", F32, nil, nil)}, nil))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestWriteDirInShards(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, WriteDir(dir, sources(), nil, 8))
	for _, name := range []string{"model-00001-of-00004.safetensors", "model-00004-of-00004.safetensors", IndexName} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	r, err := Open(dir)
	require.NoError(t, err)
	require.Len(t, r.Names(), 5)
	require.NoError(t, r.Close())

	dir = t.TempDir()
	require.NoError(t, WriteDir(dir, sources(), nil, math.MaxInt64))
	require.FileExists(t, filepath.Join(dir, FileName))
	require.NoFileExists(t, filepath.Join(dir, IndexName))
}
