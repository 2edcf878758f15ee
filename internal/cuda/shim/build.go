package shim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/cpu"

	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/parallel"
)

// Build compiles units, which include shim.hpp and what is in included by name,
// and links them to a program, or to a library where name ends in ".so" or
// ".so.N". It returns the file's path, in the user's cache, where the next
// build of the same sources finds it.
func Build(mode Mode, name string, units, included []Source) (string, error) {
	compiler, err := exec.LookPath("g++")
	if err != nil {
		return "", ErrNoCompiler
	}
	compile, link, err := mode.flags()
	if err != nil {
		return "", err
	}
	compile = append(compile, "-std=c++17", "-O1", "-g1", "-w", "-ffp-contract=off", "-fvisibility=hidden", "-fPIC", "-DMEDNER_HOST")
	if cpu.X86.HasFMA {
		compile = append(compile, "-mfma") // fmaf is an instruction, not a call
	}
	if strings.Contains(name, ".so") {
		link = append(link, "-shared")
	}
	version, err := exec.Command(compiler, "-dumpfullversion").Output()
	if err != nil {
		return "", fmt.Errorf("shim: g++: %w", err)
	}
	sources, err := withHeaders(slices.Concat(units, included))
	if err != nil {
		return "", err
	}
	dir, err := cacheDir(sources, string(version), compile, link)
	if err != nil {
		return "", fmt.Errorf("shim: %w", err)
	}
	release, err := filelock.Lock(context.Background(), filepath.Join(dir, "lock"), nil)
	if err != nil {
		return "", fmt.Errorf("shim: %w", err)
	}
	defer func() { _ = release() }()
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	for _, s := range sources {
		if err := os.WriteFile(filepath.Join(dir, s.Name), s.Text, 0o644); err != nil {
			return "", fmt.Errorf("shim: %w", err)
		}
	}
	link = append(link, "-o", "linked")
	for _, u := range units {
		link = append(link, u.Name+".o")
	}
	err = parallel.For(len(units), 1, func(i, _ int) error {
		return run(dir, compiler, slices.Concat(compile, []string{"-c", units[i].Name, "-o", units[i].Name + ".o"}))
	})
	if err != nil {
		return "", err
	}
	// Apart from compiling, so that -fsanitize=thread doesn't link ThreadSanitizer.
	if err := run(dir, compiler, append(link, "-lpthread")); err != nil {
		return "", err
	}
	return path, os.Rename(filepath.Join(dir, "linked"), path)
}

func withHeaders(sources []Source) ([]Source, error) {
	names, err := fs.Glob(headers, "*.hpp")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := headers.ReadFile(name)
		if err != nil {
			return nil, err
		}
		sources = append(sources, Source{name, text})
	}
	return sources, nil
}

// cacheDir is named after the content of all that goes into a build.
func cacheDir(sources []Source, version string, flags ...[]string) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %q\n", version, slices.Concat(flags...))
	for _, s := range sources {
		fmt.Fprintf(h, "%q %d\n%s", s.Name, len(s.Text), s.Text)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "medner", "cuda-shim", hex.EncodeToString(h.Sum(nil))[:24])
	return dir, os.MkdirAll(dir, 0o755)
}

func run(dir, program string, args []string) error {
	c := exec.Command(program, args...)
	c.Dir = dir
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("shim: g++: %w\n%s", err, text)
	}
	return nil
}
