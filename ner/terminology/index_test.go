package terminology

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

func indexBytes(t testing.TB) []byte {
	x := importSample(t, Options{}, "desc2026.xml", "supp2026.xml")
	data, err := os.ReadFile(x.file)
	require.NoError(t, err)
	return data
}

// reseal corrects the checksum of a changed header, so that the checks after it are
// tested.
func reseal(data []byte) {
	binary.LittleEndian.PutUint32(data[headerSize-4:], crc32.ChecksumIEEE(data[:headerSize-4]))
}

func exercise(x *Index) error {
	var errs []error
	for _, text := range []string{"Lithium", "lithium 7", "renal or hepatic toxicity", "hepatic toxicty", "bevonium methylsulphate", "zzz"} {
		_, err := x.Lookup(Query{Text: text})
		errs = append(errs, err)
	}
	for _, id := range []string{"MESH:D008094", "MESH:C000002", "MESH:D006801"} {
		_, _, err := x.Concept(id)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func TestOpenRefusesOtherFiles(t *testing.T) {
	good := indexBytes(t)
	for name, c := range map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"empty":     {func([]byte) []byte { return nil }, "found 0 bytes, expected a terminology index"},
		"other":     {func(b []byte) []byte { copy(b, "PK\x03\x04"); return b }, "made by medner terminology import"},
		"version":   {func(b []byte) []byte { b[8] = 99; return b }, "version: found 99, expected 2: import the terminology again"},
		"sections":  {func(b []byte) []byte { b[12]++; return b }, "sections"},
		"header":    {func(b []byte) []byte { b[60]++; return b }, "a wrong checksum"},
		"cut":       {func(b []byte) []byte { return b[:len(b)-1] }, "size: found"},
		"only head": {func(b []byte) []byte { return b[:headerSize] }, "size: found"},
		"outside": {func(b []byte) []byte {
			binary.LittleEndian.PutUint64(b[56+16:], uint64(len(b)))
			reseal(b)
			return b
		}, "section 1"},
		"overflow": {func(b []byte) []byte {
			binary.LittleEndian.PutUint64(b[56+16+8:], 1<<63)
			reseal(b)
			return b
		}, "section 1"},
		"info": {func(b []byte) []byte {
			at := binary.LittleEndian.Uint64(b[56:])
			b[at] = 'x'
			return b
		}, "info"},
		"sizes": {func(b []byte) []byte {
			n := binary.LittleEndian.Uint64(b[56+16+8:])
			binary.LittleEndian.PutUint64(b[56+16+8:], n-4)
			reseal(b)
			return b
		}, "section 1: found"},
	} {
		_, err := openBytes("x", c.change(append([]byte(nil), good...)))
		require.ErrorContains(t, err, c.want, name)
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad), name)
	}
}

// Lookups end, with a typed error or without, whichever byte of the sections is
// changed.
func TestDamagedSections(t *testing.T) {
	good := indexBytes(t)
	for section := range sections {
		at := binary.LittleEndian.Uint64(good[56+16*section:])
		size := binary.LittleEndian.Uint64(good[56+16*section+8:])
		for _, v := range []byte{0, 0x7f, 0xff} {
			data := append([]byte(nil), good...)
			for i := at; i < at+size; i++ {
				data[i] = v
			}
			x, err := openBytes("x", data)
			if err == nil {
				err = errors.Join(exercise(x), x.Verify())
				require.Error(t, err, "the hash is wrong")
			}
			var bad *badinput.Error
			require.True(t, errors.As(err, &bad), "section %d: %v", section, err)
		}
	}
}

func TestAFileThatShrinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows refuses to shorten a mapped file")
	}
	path := filepath.Join(t.TempDir(), "index")
	require.NoError(t, os.WriteFile(path, indexBytes(t), 0o644))
	x, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, 0))
	_, err = x.Lookup(Query{Text: "Lithium"})
	require.ErrorContains(t, err, "bytes that can no longer be read")
	require.NoError(t, x.Close())
}

func FuzzIndex(f *testing.F) {
	good := indexBytes(f)
	f.Add(good, 0, byte(0))
	for s := range sections {
		f.Add(good, int(binary.LittleEndian.Uint64(good[56+16*s:])), byte(0xff))
	}
	f.Fuzz(func(t *testing.T, data []byte, at int, v byte) {
		if at >= 0 && at < len(data) {
			data[at] ^= v
		}
		if len(data) >= headerSize {
			reseal(data)
		}
		x, err := openBytes("fuzz", data)
		if err == nil {
			err = exercise(x)
		}
		var bad *badinput.Error
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("%T: %v", err, err)
		}
	})
}
