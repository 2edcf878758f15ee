package bundle

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// entry is an entry of an archive made by hand.
type entry struct {
	zip.FileHeader
	text string
}

func stored(name, text string) entry { return entry{zip.FileHeader{Name: name}, text} }

// contents returns the entry that lists a bundle with these hashes.
func contents(model string, sums map[string]string) entry {
	data, err := json.Marshal(list{Schema: schema, Model: model, SHA256: sums})
	if err != nil {
		panic(err)
	}
	return stored(contentsFile, string(data))
}

// archive writes entries to a file.
func archive(t *testing.T, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("program")
	z := zip.NewWriter(&b)
	z.SetOffset(int64(b.Len()))
	for _, e := range entries {
		w, err := z.CreateHeader(&e.FileHeader)
		require.NoError(t, err)
		_, err = w.Write([]byte(e.text))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	path := filepath.Join(t.TempDir(), "bundle")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

const sumOfX = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

func TestArchivesMadeByHand(t *testing.T) {
	x := stored("model/x", "x")
	sums := map[string]string{"model/x": sumOfX}
	c, err := Open(archive(t, x, contents("model/x", sums)))
	require.NoError(t, err)
	require.NoError(t, c.Check(t.Context()), "the cases below differ from a good one in one point")

	with := func(change func(*list)) entry {
		l := list{Schema: schema, Model: "model/x", SHA256: sums}
		change(&l)
		data, err := json.Marshal(l)
		require.NoError(t, err)
		return stored(contentsFile, string(data))
	}
	mode := func(mode fs.FileMode) entry {
		e := x
		e.SetMode(mode)
		return e
	}
	deflated := entry{zip.FileHeader{Name: "model/x", Method: zip.Deflate}, "x"}
	good := contents("model/x", sums)
	var many []entry
	for i := range 60_000 {
		many = append(many, stored(fmt.Sprint("model/", i), ""))
	}
	for name, entries := range map[string][]entry{
		"no hashes":               {x, contents("model/x", nil)},
		"an entry without a hash": {x, stored("model/y", "y"), good},
		"a hash without an entry": {x, contents("model/x", map[string]string{"model/x": sumOfX, "model/y": sumOfX})},
		"a model elsewhere":       {x, contents("../x", sums)},
		"a model that is absent":  {x, contents("model/y", sums)},
		"no model":                {x, contents("", sums)},
		"an adapter elsewhere":    {x, with(func(l *list) { l.Adapters = []string{"../x"} })},
		"a terminology elsewhere": {x, with(func(l *list) { l.Terminology = "/model/x" })},
		"a negative program":      {x, with(func(l *list) { l.Executable = -1 })},
		"a huge program":          {x, with(func(l *list) { l.Executable = 1 << 62 })},
		"a name twice":            {x, x, good},
		"names that differ in case only": {x, stored("model/X", "x"),
			contents("model/x", map[string]string{"model/x": sumOfX, "model/X": sumOfX})},
		"an absolute path":  {x, stored("/etc/x", "x"), good},
		"a path outside":    {x, stored("../x", "x"), good},
		"a dot in the path": {x, stored("model/./x", "x"), good},
		"a backslash":       {x, stored(`model\y`, "x"), good},
		"a link":            {mode(fs.ModeSymlink | 0o777), good},
		"a device":          {mode(fs.ModeDevice | 0o666), good},
		"a compressed file": {deflated, good},
		"60,000 entries":    append(many, good),
	} {
		path := archive(t, entries...)
		start := time.Now()
		_, err := Open(path)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
		require.True(t, strings.HasPrefix(bad.File, path), "%s: %v", name, err)
		require.Less(t, time.Since(start), time.Minute, name)
	}
	_, err = Open(archive(t, x, contents("model/x", map[string]string{"model/x": strings.Repeat("0", 64)})))
	require.NoError(t, err, "hashes are checked by Check alone")
}

// Whatever byte of a bundle is changed, nothing panics, and Check finds it unless
// no reader looks at it.
func TestDamagedArchives(t *testing.T) {
	path := archive(t, stored("model/x", "x"), contents("model/x", map[string]string{"model/x": sumOfX}))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	check := func(data []byte) error {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		c, err := Open(path)
		if err == nil && c == nil {
			return badinput.New(path, "", "no bundle", "")
		}
		if err == nil {
			err = c.Check(t.Context())
		}
		if err != nil {
			var bad *badinput.Error
			require.ErrorAs(t, err, &bad)
			require.Contains(t, err.Error(), path)
		}
		return err
	}
	require.NoError(t, check(whole))
	for n := range len(whole) {
		require.Error(t, check(whole[:n]), "cut to %d bytes", n)
	}
	for _, more := range []string{"x", strings.Repeat("\x00", 70_000), "PK\x05\x06" + strings.Repeat("\x00", 18)} {
		require.Error(t, check(append(bytes.Clone(whole), more...)))
	}
	for i := range whole {
		for _, bit := range []byte{1, 0x80, 0xff} {
			changed := bytes.Clone(whole)
			changed[i] ^= bit
			_ = check(changed)
		}
	}
	// Sizes and places that lie, in the archive's directory and in its end, which
	// Go's reader knows how to do without.
	entry, end := bytes.Index(whole, []byte("PK\x01\x02")), bytes.LastIndex(whole, []byte("PK\x05\x06"))
	for _, at := range []int{entry + 20, entry + 24, entry + 42, end + 8, end + 10, end + 12, end + 16} {
		for _, lie := range []uint32{0, 1, 1000, 0x7fffffff, 0xfffffffe, 0xffffffff} {
			changed := bytes.Clone(whole)
			if binary.LittleEndian.Uint32(changed[at:]) == lie {
				continue
			}
			binary.LittleEndian.PutUint32(changed[at:], lie)
			if err := check(changed); at < end {
				require.Error(t, err, "%d at %d", lie, at)
			}
		}
	}
	at := bytes.Index(whole, []byte("model/x")) + len("model/x")
	changed := bytes.Clone(whole)
	changed[at] ^= 1
	require.ErrorContains(t, check(changed), "sha256")
}

// Of several faults, the error names the same one each time.
func TestErrorsDoNotVary(t *testing.T) {
	x := stored("model/x", "x")
	unhashed := archive(t, x, stored("model/b", ""), stored("model/c", ""), stored("model/d", ""), contents("model/x", map[string]string{"model/x": sumOfX}))
	absent := archive(t, x, contents("model/x", map[string]string{"model/x": sumOfX, "model/b": "", "model/c": "", "model/d": ""}))
	for range 20 {
		_, err := Open(unhashed)
		require.ErrorContains(t, err, `no hash of "model/b"`)
		_, err = Open(absent)
		require.ErrorContains(t, err, `a hash of "model/b"`)
	}
}
