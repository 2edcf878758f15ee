package files

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// packed returns frames of a file whose name has an ending.
func packed(t *testing.T, ending string, frames ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	c, err := NewCompressor("x"+ending, &b)
	require.NoError(t, err)
	for _, frame := range frames {
		_, err := c.Write([]byte(frame))
		require.NoError(t, err)
		require.NoError(t, c.EndFrame())
	}
	require.NoError(t, c.Close())
	return b.Bytes()
}

// unpack returns all that can be read before the error.
func unpack(t *testing.T, data []byte) (string, error) {
	t.Helper()
	in, closer, err := Decompress("x", iotest.HalfReader(bytes.NewReader(data)))
	require.NoError(t, err)
	out, err := io.ReadAll(in)
	require.NoError(t, closer.Close())
	return string(out), err
}

var usual = []string{".gz", ".zst"}

// prose returns text that doesn't compress well.
func prose(n int) string {
	var b strings.Builder
	for x := uint32(1); b.Len() < n; x = x*1664525 + 1013904223 {
		b.WriteByte('a' + byte(x>>24)%26)
	}
	return b.String()
}

func TestWhatIsCompressedIsReadBack(t *testing.T) {
	long := prose(300_000)
	for _, ending := range append(usual, ".GZIP", ".zstd", "", ".txt") {
		for _, frames := range [][]string{{}, {""}, {"a"}, {"one\n", "two\n"}, {long, "", long}} {
			data := packed(t, ending, frames...)
			got, err := unpack(t, data)
			require.NoError(t, err, ending)
			require.Equal(t, strings.Join(frames, ""), got)
			require.Equal(t, data, packed(t, ending, frames...))
			if ending != "" && ending != ".txt" {
				require.NotEmpty(t, Compressed(data))
			}
		}
	}
	require.Empty(t, Compressed([]byte("text")))
}

func TestNamesOfCompressedFiles(t *testing.T) {
	for path, want := range map[string]string{
		"a/b.jsonl.gz": "a/b.jsonl", "b.xml.ZST": "b.xml", "b.gzip": "b", "b.zstd": "b", "b.txt": "b.txt", ".gz": "", "gz": "gz", "": "",
	} {
		require.Equal(t, want, Plain(path))
	}
}

// Members and frames without content, as block compressors end files with, are passed
// over, however many.
func TestFramesWithoutContent(t *testing.T) {
	for _, ending := range usual {
		data := bytes.Repeat(packed(t, ending), 300)
		in, closer, err := Decompress("x", bytes.NewReader(append(data, packed(t, ending, "one")...)))
		require.NoError(t, err)
		head, err := in.Peek(3)
		require.NoError(t, err, ending)
		require.Equal(t, "one", string(head))
		require.NoError(t, closer.Close())
	}
}

// A file that is cut off anywhere, or damaged, gives what stands before that place,
// and an error that names it.
func TestDamagedStreams(t *testing.T) {
	frames := []string{prose(5000), prose(7000), prose(300_000)}
	all := strings.Join(frames, "")
	for _, ending := range usual {
		data := packed(t, ending, frames...)
		first, two := len(packed(t, ending, frames[0])), len(packed(t, ending, frames[:2]...))
		for _, cut := range []int{5, first - 1, first + 1, first + 5, two - 1, two + 1, len(data) / 2, len(data) - 1} {
			got, err := unpack(t, data[:cut])
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad, "%s %d", ending, cut)
			require.Contains(t, bad.Field, "byte ")
			require.True(t, strings.HasPrefix(all, got))
			if cut > first {
				require.GreaterOrEqual(t, len(got), len(frames[0]))
			}
			if cut > two {
				require.GreaterOrEqual(t, len(got), len(frames[0])+len(frames[1]))
			}
		}
		for _, at := range []int{first + 3, two + 20_000} {
			broken := bytes.Clone(data)
			for i := range 12 {
				broken[at+i] ^= 0x5a
			}
			got, err := unpack(t, broken)
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad, "%s %d", ending, at)
			require.GreaterOrEqual(t, len(got), len(frames[0]))
		}
		_, err := unpack(t, append(bytes.Clone(data), "text"...))
		require.ErrorContains(t, err, "other bytes behind the compressed data")
	}
	got, err := unpack(t, append(packed(t, ".gz", "one"), make([]byte, 700)...)) // as tapes are
	require.NoError(t, err)
	require.Equal(t, "one", got)
	_, err = unpack(t, append([]byte{0x1f, 0x8b}, "no gzip at all"...))
	require.ErrorContains(t, err, "x: gzip, byte ")
}

// An error of the file below stays what it is, and comes after the content.
func TestErrorsBelow(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, ending := range append(usual, "") {
		in, _, err := Decompress("x", io.MultiReader(bytes.NewReader(packed(t, ending, "one")[:3]), iotest.ErrReader(broken)))
		if err == nil {
			_, err = io.ReadAll(in)
		}
		require.ErrorIs(t, err, broken, ending)
		var bad *badinput.Error
		require.False(t, errors.As(err, &bad), "a broken disk is no bad input")
	}
	in, closer, err := Decompress("x", strings.NewReader(""))
	require.NoError(t, err)
	_, err = in.ReadByte()
	require.Equal(t, io.EOF, err)
	require.NoError(t, closer.Close())
}

// A bomb, and a window that takes too much memory, are errors.
func TestBombs(t *testing.T) {
	zeros := strings.Repeat("0", 1<<20)
	for _, ending := range usual {
		var b bytes.Buffer
		c, err := NewCompressor(ending, &b)
		require.NoError(t, err)
		for range 40 {
			_, err := io.WriteString(c, zeros)
			require.NoError(t, err)
		}
		require.NoError(t, c.Close())
		got, err := unpack(t, b.Bytes())
		require.ErrorContains(t, err, "at most 200 times as many", ending)
		require.LessOrEqual(t, len(got), 17<<20)
	}
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithWindowSize(512<<20), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	require.NoError(t, err)
	_, err = io.WriteString(z, prose(1<<20))
	require.NoError(t, err)
	require.NoError(t, z.Flush())
	require.NoError(t, z.Close())
	_, err = unpack(t, b.Bytes())
	require.ErrorContains(t, err, "a window that is too large")
}

func FuzzDecompress(f *testing.F) {
	f.Add([]byte("text"))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00"))
	f.Add([]byte("\x50\x2a\x4d\x18\x01\x00\x00\x00x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, closer, err := Decompress("x", bytes.NewReader(data))
		if err == nil {
			_, err = io.Copy(io.Discard, in)
			_ = closer.Close()
		}
		var bad *badinput.Error
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
	})
}
