package gguf

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/quant"
)

// builder writes GGUF files, right and wrong.
type builder []byte

func (b *builder) raw(text string) *builder         { *b = append(*b, text...); return b }
func (b *builder) u32(n uint32) *builder            { *b = binary.LittleEndian.AppendUint32(*b, n); return b }
func (b *builder) u64(n uint64) *builder            { *b = binary.LittleEndian.AppendUint64(*b, n); return b }
func (b *builder) str(text string) *builder         { return b.u64(uint64(len(text))).raw(text) }
func (b *builder) zeros(n int) *builder             { return b.raw(string(make([]byte, n))) }
func (b *builder) pair(k string, typ kind) *builder { return b.str(k).u32(uint32(typ)) }

func (b *builder) array(k string, typ kind, n uint64) *builder {
	return b.pair(k, kindArray).u32(uint32(typ)).u64(n)
}

func (b *builder) tensor(name string, typ Type, offset uint64, dims ...uint64) *builder {
	b.str(name).u32(uint32(len(dims)))
	for _, d := range dims {
		b.u64(d)
	}
	return b.u32(uint32(typ)).u64(offset)
}

// align pads to the default alignment.
func (b *builder) align() *builder { return b.zeros((32 - len(*b)%32) % 32) }

func header(version uint32, tensors, pairs uint64) *builder {
	return new(builder).raw("GGUF").u32(version).u64(tensors).u64(pairs)
}

func open(t testing.TB, data []byte) (*File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.gguf")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	f, err := Open(path)
	if err == nil {
		t.Cleanup(func() { require.NoError(t, f.Close()) })
	}
	return f, err
}

func TestMetadataOfEveryType(t *testing.T) {
	b := header(2, 0, 16)
	b.pair("u8", kindUint8).raw("\xff")
	b.pair("i8", kindInt8).raw("\xff")
	b.pair("u16", kindUint16).raw("\xff\xff")
	b.pair("i16", kindInt16).raw("\xff\xff")
	b.pair("u32", kindUint32).u32(math.MaxUint32)
	b.pair("i32", kindInt32).u32(math.MaxUint32)
	b.pair("u64", kindUint64).u64(1 << 40)
	b.pair("i64", kindInt64).u64(math.MaxUint64)
	b.pair("u64 huge", kindUint64).u64(math.MaxUint64)
	b.pair("f32", kindFloat32).u32(math.Float32bits(1e-5))
	b.pair("f64", kindFloat64).u64(math.Float64bits(0.1))
	b.pair("bool", kindBool).raw("\x01")
	b.pair("string", kindString).str("Ġthe")
	b.array("strings", kindString, 3).str("a").str("").str("\xff\x00")
	b.array("ints", kindInt16, 2).raw("\xfe\xff\x07\x00")
	b.array("floats", kindFloat32, 2).u32(math.Float32bits(1.5)).u32(math.Float32bits(-2))
	f, err := open(t, *b)
	require.NoError(t, err)
	require.Equal(t, 2, f.Version())
	require.Len(t, f.Keys(), 16)
	for key, want := range map[string]int{"u8": 255, "i8": -1, "u16": 65535, "i16": -1, "u32": math.MaxUint32, "i32": -1, "u64": 1 << 40, "i64": -1} {
		n, err := f.Int(key)
		require.NoError(t, err)
		require.Equal(t, want, n, key)
	}
	for key, want := range map[string]float64{"f32": float64(float32(1e-5)), "f64": 0.1} {
		x, err := f.Float(key)
		require.NoError(t, err)
		require.Equal(t, want, x, key)
	}
	yes, err := f.Bool("bool")
	require.NoError(t, err)
	require.True(t, yes)
	text, err := f.String("string")
	require.NoError(t, err)
	require.Equal(t, "Ġthe", text)
	list, err := f.Strings("strings")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "", "\xff\x00"}, list)
	ints, err := f.Ints("ints")
	require.NoError(t, err)
	require.Equal(t, []int32{-2, 7}, ints)
	floats, err := f.Floats("floats")
	require.NoError(t, err)
	require.Equal(t, []float32{1.5, -2}, floats)

	for name, read := range map[string]func() error{
		"missing":          func() error { _, err := f.Int("none"); return err },
		"huge integer":     func() error { _, err := f.Int("u64 huge"); return err },
		"float as integer": func() error { _, err := f.Int("f32"); return err },
		"array as integer": func() error { _, err := f.Int("ints"); return err },
		"integer as array": func() error { _, err := f.Ints("i32"); return err },
		"integer as float": func() error { _, err := f.Float("u8"); return err },
		"strings as ints":  func() error { _, err := f.Ints("strings"); return err },
		"ints as strings":  func() error { _, err := f.Strings("ints"); return err },
		"ints as floats":   func() error { _, err := f.Floats("ints"); return err },
		"bool as string":   func() error { _, err := f.String("bool"); return err },
		"string as bool":   func() error { _, err := f.Bool("string"); return err },
	} {
		var bad *badinput.Error
		require.ErrorAs(t, read(), &bad, name)
		require.Equal(t, f.Path(), bad.File)
		require.NotEmpty(t, bad.Field)
	}
}

func TestTensors(t *testing.T) {
	b := header(3, 3, 1).pair("general.alignment", kindUint32).u32(64)
	b.tensor("dense", 0, 0, 2, 3).tensor("blocks", 8, 64, 32, 2).tensor("other", 10, 192, 256)
	b.zeros((64 - len(*b)%64) % 64)
	for i := range 6 {
		b.u32(math.Float32bits(float32(i)))
	}
	b.zeros(64 - 24)
	for i := range 2 {
		b.raw("\x00\x3c") // 1.0
		for j := range 32 {
			b.raw(string([]byte{byte(i*32 + j)}))
		}
	}
	b.zeros(128 - 68 + 84)
	f, err := open(t, *b)
	require.NoError(t, err)
	require.Equal(t, []string{"dense", "blocks", "other"}, f.Names())

	dense, ok := f.Tensor("dense")
	require.True(t, ok)
	m, err := dense.Matrix()
	require.NoError(t, err)
	require.Equal(t, [2]int{3, 2}, [2]int{m.Rows(), m.Cols()})
	require.Equal(t, quant.F32, m.Format())
	all, err := quant.ReadAll(m)
	require.NoError(t, err)
	require.Equal(t, []float32{0, 1, 2, 3, 4, 5}, all)

	blocks, ok := f.Tensor("blocks")
	require.True(t, ok)
	m, err = blocks.Matrix()
	require.NoError(t, err)
	require.Equal(t, [2]int{2, 32}, [2]int{m.Rows(), m.Cols()})
	row := make([]float32, 32)
	require.NoError(t, m.ReadRows(row, 1))
	require.Equal(t, float32(63), row[31])

	other, ok := f.Tensor("other")
	require.True(t, ok)
	_, err = other.Matrix()
	require.ErrorContains(t, err, "other: type: found Q2_K, expected F32, F16")
	_, ok = f.Tensor("none")
	require.False(t, ok)
}

// one is a file with one tensor of 32 bytes described in some way.
func one(describe func(b *builder)) []byte {
	b := header(3, 1, 0)
	describe(b)
	return *b.align().zeros(32)
}

var hostile = []struct {
	name string
	data []byte
	want string
}{
	{"empty", nil, "magic"},
	{"three bytes", []byte("GGU"), "magic"},
	{"magic", []byte("GGML\x03\x00\x00\x00"), `found "GGML"`},
	{"version 1", *header(1, 0, 0), "version: found 1, expected 2 or 3"},
	{"version 4", *header(4, 0, 0), "version: found 4"},
	{"big-endian", []byte("GGUF\x00\x00\x00\x03" + strings.Repeat("\x00", 16)), "byte order: found big-endian"},
	{"no counts", []byte("GGUF\x03\x00\x00\x00"), "tensor count"},
	{"2^64-1 tensors", *header(3, math.MaxUint64, 0), "tensor count: found 18446744073709551615"},
	{"2^63 pairs", *header(3, 0, 1<<63), "metadata count"},
	{"more pairs than bytes", *header(3, 0, 1000), "metadata count"},
	{"empty key", *header(3, 0, 1).pair("", kindBool).raw("\x01").zeros(8), "length: found 0"},
	{"huge key", *header(3, 0, 1).u64(math.MaxUint64).zeros(64), "length: found 18446744073709551615"},
	{"key that is not UTF-8", *header(3, 0, 1).pair("\xff\xfe", kindBool).raw("\x01"), "UTF-8"},
	{"the key twice", *header(3, 0, 2).pair("k", kindBool).raw("\x01").pair("k", kindBool).raw("\x01"), "k: found the key twice"},
	{"unknown value type", *header(3, 0, 1).pair("k", 13).zeros(8), "k: type: found type 13"},
	{"unknown element type", *header(3, 0, 1).array("k", 99, 1).zeros(8), "k: type: found type 99"},
	{"string past the end", *header(3, 0, 1).pair("k", kindString).u64(1 << 40), "k: found the end of the file"},
	{"string of 2^64-1 bytes", *header(3, 0, 1).pair("k", kindString).u64(math.MaxUint64).zeros(8), "k: found the end of the file"},
	{"array of 2^62 numbers", *header(3, 0, 1).array("k", kindUint64, 1<<62).zeros(8), "k: length: found 4611686018427387904"},
	{"array past the end", *header(3, 0, 1).array("k", kindUint64, 100).zeros(100), "k: found the end of the file"},
	{"array of strings past the end", *header(3, 0, 1).array("k", kindString, 100).zeros(160), "k: length"},
	{"arrays in an array", *header(3, 0, 1).array("k", kindArray, 1).u32(0).u64(1).zeros(8), "k: found an array of arrays"},
	{"a thousand nested arrays", *header(3, 0, 1).array("k", kindArray, 1).raw(strings.Repeat("\x09\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00", 1000)), "array of arrays"},
	{"truncated pair", *header(3, 0, 1).str("abcdefgh"), "abcdefgh: type: found the end of the file"},
	{"tensor without name", one(func(b *builder) { b.tensor("", 0, 0, 8) }), "length: found 0"},
	{"tensor with a long name", one(func(b *builder) { b.tensor(strings.Repeat("x", 65), 0, 0, 8) }), "length: found 65"},
	{"no dimensions", one(func(b *builder) { b.tensor("t", 0, 0).zeros(8) }), "t: dimensions: found 0"},
	{"five dimensions", one(func(b *builder) { b.tensor("t", 0, 0, 1, 1, 1, 1, 8) }), "t: dimensions: found 5"},
	{"2^32-1 dimensions", one(func(b *builder) { b.str("t").u32(math.MaxUint32).zeros(64) }), "t: dimensions: found 4294967295"},
	{"zero dimension", one(func(b *builder) { b.tensor("t", 0, 0, 8, 0) }), "t: shape: found 0"},
	{"negative dimension", one(func(b *builder) { b.tensor("t", 0, 0, math.MaxUint64) }), "t: shape: found 18446744073709551615"},
	{"product that overflows", one(func(b *builder) { b.tensor("t", 0, 0, 1<<33, 1<<33) }), "t: shape: found 8589934592"},
	{"bytes that overflow", one(func(b *builder) { b.tensor("t", 0, 0, 1<<62) }), "t: shape"},
	{"unknown type", one(func(b *builder) { b.tensor("t", 4, 0, 8) }), "t: type: found type 4"},
	{"half a block", one(func(b *builder) { b.tensor("t", 8, 0, 16, 2) }), "t: shape: found rows of 16 numbers"},
	{"offset past the end", one(func(b *builder) { b.tensor("t", 0, 1<<40, 8) }), "t: offset: found 1099511627776"},
	{"misaligned offset", one(func(b *builder) { b.tensor("t", 0, 4, 4) }), "t: offset: found 4"},
	{"offset of 2^64-1", one(func(b *builder) { b.tensor("t", 0, math.MaxUint64, 8) }), "t: offset: found 18446744073709551615"},
	{"truncated data", one(func(b *builder) { b.tensor("t", 0, 0, 9) }), "t: size: found 32 bytes left in the file, expected 36 for shape [9] of F32"},
	{"the same bytes twice", *header(3, 2, 0).tensor("t", 0, 0, 8).tensor("u", 0, 0, 8).align().zeros(64), "u: offset: found 0, expected 32"},
	{"a hole", *header(3, 2, 0).tensor("t", 0, 0, 8).tensor("u", 0, 64, 8).align().zeros(128), "u: offset: found 64, expected 32"},
	{"the tensor twice", *header(3, 2, 0).tensor("t", 0, 0, 8).tensor("t", 0, 32, 8).align().zeros(64), "t: found the tensor twice"},
	{"zero alignment", *header(3, 0, 1).pair(alignmentKey, kindUint32).u32(0), "alignment: found 0"},
	{"alignment of 48", *header(3, 0, 1).pair(alignmentKey, kindUint32).u32(48), "alignment: found 48"},
	{"huge alignment", *header(3, 0, 1).pair(alignmentKey, kindUint64).u64(1 << 62), "alignment: found 4611686018427387904"},
	{"alignment as text", *header(3, 0, 1).pair(alignmentKey, kindString).str("32"), "alignment: found string"},
}

func TestHostileFiles(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := open(t, c.data)
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.NotEmpty(t, bad.File)
			require.ErrorContains(t, err, c.want)
			require.Less(t, len(err.Error()), 1000)
			require.Less(t, time.Since(start), time.Minute)
		})
	}
}

func TestEveryTruncationIsAnError(t *testing.T) {
	b := header(3, 2, 3).pair("name", kindString).str("x").array("list", kindString, 2).str("ab").str("c").array("n", kindUint16, 2).zeros(4)
	b.tensor("t", 0, 0, 4).tensor("u", 8, 32, 32)
	b.align().zeros(32 + 34)
	data := []byte(*b)
	_, err := open(t, data)
	require.NoError(t, err)
	for n := range data {
		_, err := open(t, data[:n])
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, "%d bytes", n)
	}
}

func TestHostileMemory(t *testing.T) {
	// A large file that promises millions of strings and pairs.
	b := header(3, 0, 60_000)
	for i := range 15 {
		b.array("k"+string(rune('a'+i)), kindString, maxElements).zeros(8 << 18)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f := &File{path: "x"}
	err := f.parse(*b)
	runtime.ReadMemStats(&after)
	require.Error(t, err)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20))
}

func TestFileThatShrinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows refuses to shorten a mapped file")
	}
	b := header(3, 1, 1).array("list", kindUint32, 100_000).zeros(400_000).tensor("t", 0, 0, 100_000).align().zeros(400_000)
	path := filepath.Join(t.TempDir(), "x.gguf")
	require.NoError(t, os.WriteFile(path, *b, 0o600))
	f, err := Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	require.NoError(t, os.Truncate(path, 0))
	var bad *badinput.Error
	_, err = f.Ints("list")
	require.ErrorAs(t, err, &bad)
	require.Equal(t, path, bad.File)
	tensor, _ := f.Tensor("t")
	m, err := tensor.Matrix()
	require.NoError(t, err)
	_, err = quant.ReadAll(m)
	require.ErrorAs(t, err, &bad)
}

// A file that another process overwrites while it is open gives other values or a typed
// error, never a panic, whatever is written.
func TestFileThatIsOverwritten(t *testing.T) {
	b := header(3, 1, 4).pair("s", kindString).str("text").array("list", kindString, 2).str("ab").str("c").
		array("numbers", kindUint32, 2).zeros(8).array("floats", kindFloat32, 2).zeros(8).tensor("t", 0, 0, 32).align().zeros(128)
	for fill := range 256 {
		path := filepath.Join(t.TempDir(), "x.gguf")
		require.NoError(t, os.WriteFile(path, *b, 0o600))
		f, err := Open(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, slices.Repeat([]byte{byte(fill)}, len(*b)), 0o600))
		_, err = f.Strings("list")
		if fill != 0 {
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.Equal(t, path, bad.File)
		}
		_, _ = f.String("s")
		_, _ = f.Ints("numbers")
		_, _ = f.Floats("floats")
		tensor, _ := f.Tensor("t")
		m, err := tensor.Matrix()
		require.NoError(t, err)
		_, err = quant.ReadAll(m)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.data)
	}
	f.Add([]byte(*header(3, 1, 2).pair("s", kindString).str("x").array("list", kindString, 2).str("ab").str("c").tensor("t", 12, 0, 256, 2).align().zeros(288)))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := &File{path: "x.gguf"}
		if err := file.parse(data); err != nil {
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			return
		}
		for _, key := range file.Keys() {
			v := file.metadata[key]
			var err error
			switch {
			case v.kind == kindString && v.array:
				var list []string
				list, err = file.Strings(key)
				require.Len(t, list, v.count)
			case v.kind == kindString:
				_, err = file.String(key)
			case v.kind == kindFloat32 && v.array:
				_, err = file.Floats(key)
			}
			require.NoError(t, err)
		}
		for _, name := range file.Names() {
			tensor, ok := file.Tensor(name)
			require.True(t, ok)
			if m, err := tensor.Matrix(); err == nil {
				require.NoError(t, m.ReadRows(make([]float32, m.Cols()), m.Rows()-1))
			}
		}
	})
}
