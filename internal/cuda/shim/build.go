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
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/cpu"

	"github.com/medner/medner/internal/filelock"
	"github.com/medner/medner/internal/parallel"
)

// Build compiles units, which may include shim.hpp and the files of included by
// name, and links them to a program, or to a library if name ends in ".so" or
// ".so.N". It returns the path of the file, which stays in the user's cache: the
// next build of the same sources finds it there.
func Build(mode Mode, name string, units, included []Source) (string, error) {
	compiler, err := exec.LookPath("g++")
	if err != nil {
		return "", ErrNoCompiler
	}
	compile, link, err := mode.flags()
	if err != nil {
		return "", err
	}
	compile = append([]string{"-O1"}, compile...)
	compile = append(compile, "-std=c++17", "-g1", "-w", "-ffp-contract=off", "-fvisibility=hidden", "-fPIC", "-DMEDNER_HOST")
	if cpu.X86.HasFMA {
		compile = append(compile, "-mfma") // fmaf is an instruction, not a call
	}
	if strings.Contains(name, ".so") {
		link = append(link, "-shared", "-Wl,-soname,"+name)
	}
	version, err := exec.Command(compiler, "-dumpfullversion").Output()
	if err != nil {
		return "", fmt.Errorf("shim: g++: %w", err)
	}
	sources, err := withHeaders(slices.Concat(units, included))
	if err != nil {
		return "", err
	}
	sum := func(sources []Source) string {
		h := sha256.New()
		fmt.Fprintf(h, "%s %q %q\n", version, compile, link)
		for _, s := range sources {
			fmt.Fprintf(h, "%q %t %d\n%s", s.Name, s.Host, len(s.Text), s.Text)
		}
		return hex.EncodeToString(h.Sum(nil))[:24]
	}
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, sum(sources))
	if err := os.MkdirAll(dir, 0o755); err != nil {
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
	objects := make([]string, len(units))
	for i, u := range units {
		objects[i] = filepath.Join(cache, sum(closure(u, sources))+".o")
	}
	err = parallel.For(len(units), 1, func(i, _ int) error {
		if _, err := os.Stat(objects[i]); err == nil {
			return nil // compiled for another build
		}
		object := units[i].Name + ".o"
		flags := append(slices.Clone(compile), "-c", units[i].Name, "-o", object)
		if units[i].Host && mode == Race {
			flags = append(flags, "-fno-sanitize=thread")
		}
		if err := run(dir, compiler, flags); err != nil {
			return err
		}
		return os.Rename(filepath.Join(dir, object), objects[i])
	})
	if err != nil {
		return "", err
	}
	// Linking is a command of its own, so that -fsanitize=thread compiles without
	// linking ThreadSanitizer.
	if err := run(dir, compiler, slices.Concat(link, objects, []string{"-lpthread"})); err != nil {
		return "", err
	}
	return path, os.Rename(filepath.Join(dir, "linked"), path)
}

var include = regexp.MustCompile(`(?m)^\s*#\s*include\s+"([^"]+)"`)

// closure returns a unit and the sources that it includes, directly or not.
func closure(unit Source, sources []Source) []Source {
	all := []Source{unit}
	for i := 0; i < len(all); i++ {
		for _, m := range include.FindAllSubmatch(all[i].Text, -1) {
			named := func(s Source) bool { return s.Name == string(m[1]) }
			if at := slices.IndexFunc(sources, named); at >= 0 && !slices.ContainsFunc(all, named) {
				all = append(all, sources[at])
			}
		}
	}
	return all
}

// cacheFolder returns the folder where builds and their object files stay. Their
// names are hashes of their sources.
func cacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "medner", "cuda-shim")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("shim: %w", err)
	}
	return dir, nil
}

// withHeaders returns sources and the headers of this package.
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
		sources = append(sources, Source{Name: name, Text: text})
	}
	return sources, nil
}

// run runs a program in a folder; an error has what the program wrote.
func run(dir, program string, args []string) error {
	c := exec.Command(program, args...)
	c.Dir = dir
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("shim: g++: %w\n%s", err, text)
	}
	return nil
}
