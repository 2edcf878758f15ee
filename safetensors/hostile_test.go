package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// file puts a header's length before it and n bytes of data behind.
func file(header string, n int) []byte {
	return rawFile(uint64(len(header)), header, n)
}

func rawFile(length uint64, header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, length)
	return append(append(b, header...), make([]byte, n)...)
}

func one(dtype, shape string, begin, end any) string {
	return fmt.Sprintf(`{"a":{"dtype":%q,"shape":%s,"data_offsets":[%v,%v]}}`, dtype, shape, begin, end)
}

func two(a, b string) string {
	return fmt.Sprintf(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[%s]},"b":{"dtype":"F32","shape":[2],"data_offsets":[%s]}}`, a, b)
}

func many(n int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, i)
	}
	b.WriteByte('}')
	return b.String()
}

var hostile = []struct {
	name string
	data []byte
	want string // part of the message
}{
	{"empty", nil, "0 bytes"},
	{"seven bytes", make([]byte, 7), "7 bytes"},
	{"header length 0", rawFile(0, "{}", 0), "header length"},
	{"header length 1", rawFile(1, "{", 0), "header length"},
	{"header length 7 cuts the object", rawFile(7, one("F32", "[1]", 0, 4), 4), "header"},
	{"header length 2^63", rawFile(1<<63, "{}", 0), "9223372036854775808"},
	{"header length all ones", rawFile(1<<64-1, "{}", 0), "header length"},
	{"header longer than file", rawFile(3, "{}", 0), "at most the 2 bytes"},
	{"header longer than the cap", file("{"+strings.Repeat(" ", maxHeader)+"}", 0), "header length"},
	{"array", file("[]", 0), "a JSON object"},
	{"leading space", file(" {}", 0), "a JSON object"},
	{"number", file("12", 0), "a JSON object"},
	{"invalid UTF-8", file("{\"\xff\":1}", 0), "UTF-8"},
	{"invalid JSON", file(`{"a"}`, 0), "invalid character"},
	{"unterminated", file(`{"a":{"dtype":"F32"`, 0), "a"},
	{"more after the object", file(`{}{}`, 0), "more after"},
	{"tensor is null", file(`{"a":null}`, 0), "an object"},
	{"tensor is an array", file(`{"a":[]}`, 0), "an object"},
	{"duplicate tensor", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), "twice"},
	{"duplicate tensor, one escaped", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), "twice"},
	{"duplicate dtype", file(`{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), "twice"},
	{"duplicate metadata", file(`{"__metadata__":{},"__metadata__":{}}`, 0), "twice"},
	{"duplicate metadata key", file(`{"__metadata__":{"a":"","a":""}}`, 0), "twice"},
	{"metadata of numbers", file(`{"__metadata__":{"a":1}}`, 0), "a string"},
	{"unknown key", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}`, 0), "key x"},
	{"no dtype", file(`{"a":{"shape":[0],"data_offsets":[0,0]}}`, 0), "no dtype"},
	{"no shape", file(`{"a":{"dtype":"U8","data_offsets":[0,0]}}`, 0), "no shape"},
	{"no offsets", file(`{"a":{"dtype":"U8","shape":[0]}}`, 0), "no data_offsets"},
	{"a million tensors", file(many(1_000_000), 0), "header length"},
	{"too many tensors", file(many(200_000), 0), "at most 100000"},
	{"deep arrays", file(`{"a":`+strings.Repeat("[", 1<<20), 0), "an object"},
	{"deep objects", file(strings.Repeat(`{"a":`, 1<<20), 0), "key a"},
	{"deep shape", file(`{"a":{"shape":`+strings.Repeat("[", 1<<20), 0), "an integer"},
	{"rank 17", file(one("U8", "["+strings.Repeat("1,", 16)+"1]", 0, 1), 1), "at most 16"},
	{"negative dimension", file(one("F32", "[-1]", 0, 4), 4), "-1"},
	{"fractional dimension", file(one("F32", "[1.0]", 0, 4), 4), "1.0"},
	{"exponent", file(one("F32", "[1e0]", 0, 4), 4), "1e0"},
	{"dimension 2^64", file(one("F32", "[18446744073709551616]", 0, 4), 4), "an integer"},
	{"shape product overflows", file(one("F32", "[4294967296,4294967296]", 0, 0), 0), "address space"},
	{"shape product overflows to the right size", file(one("F32", "[4611686018427387905]", 0, 4), 4), "address space"},
	{"negative offset", file(one("F32", "[1]", -4, 0), 4), "-4"},
	{"reversed offsets", file(one("F32", "[1]", 4, 0), 4), "not before"},
	{"one offset", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}}`, 0), "a begin and an end"},
	{"three offsets", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0,0]}}`, 0), "at most 2"},
	{"overlapping", file(two("0,8", "4,12"), 12), "inside another"},
	{"same bytes twice", file(two("0,8", "0,8"), 8), "inside another"},
	{"gap", file(two("0,8", "12,20"), 20), "hole"},
	{"gap at the front", file(two("4,12", "12,20"), 20), "hole"},
	{"past the end", file(two("0,8", "8,16"), 12), "at most the 12 bytes"},
	{"bytes left over", file(two("0,8", "8,16"), 17), "17 bytes"},
	{"size is not shape × dtype", file(one("F32", "[2]", 0, 4), 4), "8 for shape [2] of F32"},
	{"unknown dtype", file(one("F31", "[1]", 0, 4), 4), "F31"},
	{"dtype of half bytes", file(one("F4", "[2]", 0, 1), 1), "F4"},
	{"dtype in lower case", file(one("f32", "[1]", 0, 4), 4), "f32"},
	{"dtype is a number", file(`{"a":{"dtype":1}}`, 0), "a string"},
	{"truncated data", file(one("F32", "[1024]", 0, 4096), 100), "at most the 100 bytes"},
}

// promptly is far more than a busy machine needs, and far less than a search
// without bound.
const promptly = time.Minute

func TestHostileFiles(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.safetensors")
			require.NoError(t, os.WriteFile(path, c.data, 0o600))
			start := time.Now()
			_, err := Open(path)
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.Equal(t, path, bad.File)
			require.ErrorContains(t, err, c.want)
			require.Less(t, len(err.Error()), 1000)
			require.Less(t, time.Since(start), promptly)
		})
	}
}

func TestHostileMemory(t *testing.T) {
	data := file(many(200_000), 0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := parse("x", data)
	runtime.ReadMemStats(&after)
	require.Error(t, err)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(200<<20))
}

func TestHostileIndexes(t *testing.T) {
	const good = "good.safetensors"
	content := file(one("F32", "[1]", 0, 4), 4)
	for _, c := range []struct{ name, index, want string }{
		{"empty", ``, "EOF"},
		{"array", `[]`, "an object"},
		{"no weight_map", `{"metadata":{}}`, "weight_map"},
		{"empty weight_map", `{"weight_map":{}}`, "weight_map"},
		{"weight_map twice", `{"weight_map":{"a":"good.safetensors"},"weight_map":{"a":"good.safetensors"}}`, "twice"},
		{"tensor twice", `{"weight_map":{"a":"good.safetensors","a":"good.safetensors"}}`, "twice"},
		{"number for a shard", `{"weight_map":{"a":1}}`, "a string"},
		{"parent", `{"weight_map":{"a":"../good.safetensors"}}`, "beside the index"},
		{"parent in the middle", `{"weight_map":{"a":"x/../../good.safetensors"}}`, "beside the index"},
		{"backslash", `{"weight_map":{"a":"..\\good.safetensors"}}`, "beside the index"},
		{"absolute", `{"weight_map":{"a":"/etc/passwd"}}`, "beside the index"},
		{"folder", `{"weight_map":{"a":"sub/good.safetensors"}}`, "beside the index"},
		{"dot", `{"weight_map":{"a":"."}}`, "beside the index"},
		{"dots", `{"weight_map":{"a":".."}}`, "beside the index"},
		{"nothing", `{"weight_map":{"a":""}}`, "beside the index"},
		{"missing shard", `{"weight_map":{"a":"none.safetensors"}}`, "no such file"},
		{"missing tensor", `{"weight_map":{"b":"good.safetensors"}}`, "no such tensor"},
		{"tensor in two shards", `{"weight_map":{"b":"good.safetensors","c":"same.safetensors"}}`, "one shard"},
		{"shard is a folder", `{"weight_map":{"a":"folder"}}`, "a regular file"},
		{"more after it", `{"weight_map":{"a":"good.safetensors"}} x`, "more after"},
		{"deep", `{"metadata":` + strings.Repeat("[", 1<<20), "nesting"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, good), content, 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "same.safetensors"), content, 0o600))
			require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(dir, IndexName), []byte(c.index), 0o600))
			_, err := Open(dir)
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestEmptyDirectory(t *testing.T) {
	_, err := Open(t.TempDir())
	var bad *badinput.Error
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, FileName)
}

func TestLinksAreFollowed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	dir, blobs := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(blobs, "blob"), file(one("F32", "[1]", 0, 4), 4), 0o600))
	require.NoError(t, os.Symlink(filepath.Join(blobs, "blob"), filepath.Join(dir, "s.safetensors")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, IndexName), []byte(`{"weight_map":{"a":"s.safetensors"}}`), 0o600))
	r, err := Open(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, r.Names())
	require.NoError(t, r.Close())
}

func TestFileThatShrinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows refuses to shorten a mapped file")
	}
	const n = 1 << 18
	path := filepath.Join(t.TempDir(), "x.safetensors")
	require.NoError(t, os.WriteFile(path, file(one("F32", fmt.Sprintf("[4,%d]", n/4), 0, 4*n), 4*n), 0o600))
	r, err := Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	tensor, _ := r.Tensor("a")
	m, err := tensor.Matrix()
	require.NoError(t, err)
	dst := make([]float32, m.Cols())
	require.NoError(t, m.ReadRows(dst, 3))
	sum := func(data []byte) error {
		total := 0
		for _, b := range data {
			total += int(b)
		}
		return fmt.Errorf("the sum is %d", total)
	}
	require.EqualError(t, tensor.View(sum), "the sum is 0")
	require.NoError(t, os.Truncate(path, 100))
	var bad *badinput.Error
	require.ErrorAs(t, m.ReadRows(dst, 3), &bad)
	require.ErrorAs(t, tensor.View(sum), &bad)
	require.ErrorContains(t, bad, path+": a: ")
}

func FuzzParse(f *testing.F) {
	for _, c := range hostile {
		if len(c.data) < 1<<12 {
			f.Add(c.data)
		}
	}
	f.Add(file(two("0,8", "8,16"), 16))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, metadata, err := parse("x", data)
		if err != nil {
			return
		}
		sources := make([]Source, len(tensors))
		for i, a := range tensors {
			if len(a.Data) != a.Len()*a.DType.Size() {
				t.Fatalf("%s: %d bytes for %d of %s", a.Name, len(a.Data), a.Len(), a.DType)
			}
			sources[i] = Bytes(a.Name, a.DType, a.Shape, a.Data)
		}
		var b bytes.Buffer
		if err := Encode(&b, sources, metadata); err != nil {
			t.Fatal(err)
		}
		again, _, err := parse("x", b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if len(again) != len(tensors) {
			t.Fatalf("%d of %d tensors", len(again), len(tensors))
		}
	})
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":1},"weight_map":{"a":"model-00001-of-00002.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"../x"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		shardOf, err := parseIndex("x", data)
		if err != nil {
			return
		}
		for _, shard := range shardOf {
			if filepath.Base(shard) != shard || shard == ".." {
				t.Fatalf("accepted shard %q", shard)
			}
		}
	})
}

// Of several faults, the error names the same one each time.
func TestErrorsOfAnIndexDoNotVary(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "good.safetensors"), file(one("F32", "[1]", 0, 4), 4), 0o600))
	for index, want := range map[string]string{
		`{"weight_map":{"d":"../x","c":"../x","b":"../x"}}`:                                               "weight_map: b: found",
		`{"weight_map":{"d":"good.safetensors","c":"good.safetensors","b":"good.safetensors"}}`:           "good.safetensors: b: found no such tensor",
		`{"weight_map":{"d":"none.safetensors","c":"another.safetensors","b":"yet-another.safetensors"}}`: "weight_map: another.safetensors: found no such file",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, IndexName), []byte(index), 0o600))
		for range 20 {
			_, err := Open(dir)
			require.ErrorContains(t, err, want)
		}
	}
}
